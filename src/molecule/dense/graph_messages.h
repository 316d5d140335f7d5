#pragma once
// Message passing on graphs of atoms (Jin et al. 2018, Eq. 1–3) with its derivative, on plain numbers: the
// loops over rows; products with matrices are the caller's. Rows have `width` numbers; a bond is two edges, 2
// i and 2 i + 1, there and back.

#include <cstdint>
#include <vector>

namespace latentpath {

/// Several graphs, one after the other.
struct GraphEdges {
  std::vector<int32_t> source, target;             ///< [edges], atoms
  std::vector<int32_t> edge_kind, atom_kind;       ///< rows of tables of what is the same wherever it occurs
  std::vector<int32_t> message_row, message_atom;  ///< messages from outside, and the atoms they enter
  std::vector<int32_t> first_edge, first_atom, first_message;  ///< [graphs + 1]

  int32_t graphs() const { return static_cast<int32_t>(first_atom.size()) - 1; }
};

/// Graphs first … last − 1.
struct GraphRange {
  int32_t first, last;
};

/// states[e] = max(0, table[kind of e] + states[e]) of the range's edges; `states` begins with its first.
void add_edge_inputs(const GraphEdges& graphs, GraphRange range, int64_t width, const float* table,
                     float* states);
/// entering[v]: what messages of edges and from outside come to, of the range's atoms.
void sum_entering(const GraphEdges& graphs, GraphRange range, int64_t width, const float* states,
                  const float* outside, float* entering);
/// neighbours[e] = entering[source] − states[back]
void sum_neighbours(const GraphEdges& graphs, GraphRange range, int64_t width, const float* entering,
                    const float* states, float* neighbours);
/// atoms[v] = max(0, table[kind of v] + atoms[v]), and means over each graph.
void average_atoms(const GraphEdges& graphs, GraphRange range, int64_t width, const float* table,
                   float* atoms, float* means);

// Derivatives of these, in the names' sense: `d_x` is that of the result to x.

/// From d_means: d_atoms[v] (in the place of `atoms`), and sums by kind.
void average_atoms_backwards(const GraphEdges& graphs, GraphRange range, int64_t width, const float* d_means,
                             float* atoms, float* d_table);
/// d_states[e] (+)= d_entering[target], and d_outside.
void sum_entering_backwards(const GraphEdges& graphs, GraphRange range, int64_t width,
                            const float* d_entering, float* d_states, float* d_outside, bool add);
/// d_entering[v] = Σ d_neighbours of the edges from v; d_states[back] = −d_neighbours[e].
void sum_neighbours_backwards(const GraphEdges& graphs, GraphRange range, int64_t width,
                              const float* d_neighbours, float* d_entering, float* d_states);
/// d_states is set to 0 where the state is 0; sums by kind.
void add_edge_inputs_backwards(const GraphEdges& graphs, GraphRange range, int64_t width, const float* states,
                               float* d_states, float* d_table);

}  // namespace latentpath
