#include "molecule/dense/graph_messages.h"

#include <algorithm>

#include "molecule/dense/wide_loops.h"

namespace latentpath {
namespace {

int32_t at(const std::vector<int32_t>& list, int32_t place) { return list[static_cast<size_t>(place)]; }

struct Rows {
  int32_t edge, edge_end, atom, atom_end, message, message_end;
  Rows(const GraphEdges& graphs, GraphRange range)
      : edge(at(graphs.first_edge, range.first)),
        edge_end(at(graphs.first_edge, range.last)),
        atom(at(graphs.first_atom, range.first)),
        atom_end(at(graphs.first_atom, range.last)),
        message(at(graphs.first_message, range.first)),
        message_end(at(graphs.first_message, range.last)) {}
};

}  // namespace

LATENTPATH_WIDE
void add_edge_inputs(const GraphEdges& graphs, GraphRange range, int64_t width, const float* table,
                     float* states) {
  const Rows rows(graphs, range);
  for (int32_t e = rows.edge; e < rows.edge_end; ++e, states += width) {
    const float* input = table + at(graphs.edge_kind, e) * width;
    for (int64_t k = 0; k < width; ++k) states[k] = std::max(0.0F, input[k] + states[k]);
  }
}

LATENTPATH_WIDE
void sum_entering(const GraphEdges& graphs, GraphRange range, int64_t width, const float* states,
                  const float* outside, float* entering) {
  const Rows rows(graphs, range);
  std::fill(entering, entering + (rows.atom_end - rows.atom) * width, 0.0F);
  for (int32_t e = rows.edge; e < rows.edge_end; ++e, states += width) {
    float* sum = entering + (at(graphs.target, e) - rows.atom) * width;
    for (int64_t k = 0; k < width; ++k) sum[k] += states[k];
  }
  for (int32_t m = rows.message; m < rows.message_end; ++m) {
    float* sum = entering + (at(graphs.message_atom, m) - rows.atom) * width;
    const float* message = outside + at(graphs.message_row, m) * width;
    for (int64_t k = 0; k < width; ++k) sum[k] += message[k];
  }
}

LATENTPATH_WIDE
void sum_neighbours(const GraphEdges& graphs, GraphRange range, int64_t width, const float* entering,
                    const float* states, float* neighbours) {
  const Rows rows(graphs, range);
  for (int32_t e = rows.edge; e < rows.edge_end; ++e, neighbours += width) {
    const float* sum = entering + (at(graphs.source, e) - rows.atom) * width;
    const float* back = states + ((e ^ 1) - rows.edge) * width;
    for (int64_t k = 0; k < width; ++k) neighbours[k] = sum[k] - back[k];
  }
}

LATENTPATH_WIDE
void average_atoms(const GraphEdges& graphs, GraphRange range, int64_t width, const float* table,
                   float* atoms, float* means) {
  for (int32_t g = range.first; g < range.last; ++g, means += width) {
    const int32_t first = at(graphs.first_atom, g), last = at(graphs.first_atom, g + 1);
    const float share = 1 / static_cast<float>(last - first);
    std::fill(means, means + width, 0.0F);
    for (int32_t v = first; v < last; ++v, atoms += width) {
      const float* input = table + at(graphs.atom_kind, v) * width;
      for (int64_t k = 0; k < width; ++k) atoms[k] = std::max(0.0F, input[k] + atoms[k]);
      for (int64_t k = 0; k < width; ++k) means[k] += share * atoms[k];
    }
  }
}

LATENTPATH_WIDE
void average_atoms_backwards(const GraphEdges& graphs, GraphRange range, int64_t width, const float* d_means,
                             float* atoms, float* d_table) {
  for (int32_t g = range.first; g < range.last; ++g, d_means += width) {
    const int32_t first = at(graphs.first_atom, g), last = at(graphs.first_atom, g + 1);
    const float share = 1 / static_cast<float>(last - first);
    for (int32_t v = first; v < last; ++v, atoms += width) {
      float* sum = d_table + at(graphs.atom_kind, v) * width;
      for (int64_t k = 0; k < width; ++k) atoms[k] = atoms[k] > 0 ? share * d_means[k] : 0.0F;
      for (int64_t k = 0; k < width; ++k) sum[k] += atoms[k];
    }
  }
}

LATENTPATH_WIDE
void sum_entering_backwards(const GraphEdges& graphs, GraphRange range, int64_t width,
                            const float* d_entering, float* d_states, float* d_outside, bool add) {
  const Rows rows(graphs, range);
  for (int32_t e = rows.edge; e < rows.edge_end; ++e, d_states += width) {
    const float* from = d_entering + (at(graphs.target, e) - rows.atom) * width;
    if (add)
      for (int64_t k = 0; k < width; ++k) d_states[k] += from[k];
    else
      for (int64_t k = 0; k < width; ++k) d_states[k] = from[k];
  }
  for (int32_t m = rows.message; m < rows.message_end; ++m) {
    const float* from = d_entering + (at(graphs.message_atom, m) - rows.atom) * width;
    float* message = d_outside + at(graphs.message_row, m) * width;
    for (int64_t k = 0; k < width; ++k) message[k] += from[k];
  }
}

LATENTPATH_WIDE
void sum_neighbours_backwards(const GraphEdges& graphs, GraphRange range, int64_t width,
                              const float* d_neighbours, float* d_entering, float* d_states) {
  const Rows rows(graphs, range);
  std::fill(d_entering, d_entering + (rows.atom_end - rows.atom) * width, 0.0F);
  for (int32_t e = rows.edge; e < rows.edge_end; ++e, d_neighbours += width) {
    float* sum = d_entering + (at(graphs.source, e) - rows.atom) * width;
    float* back = d_states + ((e ^ 1) - rows.edge) * width;
    for (int64_t k = 0; k < width; ++k) sum[k] += d_neighbours[k];
    for (int64_t k = 0; k < width; ++k) back[k] = -d_neighbours[k];
  }
}

LATENTPATH_WIDE
void add_edge_inputs_backwards(const GraphEdges& graphs, GraphRange range, int64_t width, const float* states,
                               float* d_states, float* d_table) {
  const Rows rows(graphs, range);
  for (int32_t e = rows.edge; e < rows.edge_end; ++e, states += width, d_states += width) {
    float* sum = d_table + at(graphs.edge_kind, e) * width;
    for (int64_t k = 0; k < width; ++k) d_states[k] = states[k] > 0 ? d_states[k] : 0.0F;
    for (int64_t k = 0; k < width; ++k) sum[k] += d_states[k];
  }
}

}  // namespace latentpath
