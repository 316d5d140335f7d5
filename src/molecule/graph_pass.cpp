#include "molecule/graph_pass.h"

#include <ATen/ATen.h>

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace latentpath {
namespace {

constexpr int32_t kEdgesTogether = 512;

Tensor with_ones(const std::vector<std::vector<int64_t>>& columns, int64_t width) {
  Tensor rows = at::zeros({static_cast<int64_t>(columns.size()), width});
  auto entries = rows.accessor<float, 2>();
  for (size_t i = 0; i < columns.size(); ++i)
    for (const int64_t column : columns[i]) entries[static_cast<int64_t>(i)][column] = 1;
  return rows;
}

/// Shares of the graphs, each of some hundred edges.
std::vector<GraphRange> ranges_of(const GraphEdges& edges) {
  std::vector<GraphRange> ranges;
  for (int32_t first = 0; first < edges.graphs();) {
    int32_t last = first + 1;
    while (last < edges.graphs() &&
           edges.first_edge[static_cast<size_t>(last) + 1] - edges.first_edge[static_cast<size_t>(first)] <=
               kEdgesTogether)
      ++last;
    ranges.push_back({first, last});
    first = last;
  }
  return ranges;
}

/// Rows of a tensor, as numbers.
float* row(const Tensor& tensor, int64_t place) { return tensor.data_ptr<float>() + place * tensor.size(1); }

struct Span {
  int64_t edge, edges, atom, atoms;
  Span(const GraphEdges& graphs, GraphRange range)
      : edge(graphs.first_edge[static_cast<size_t>(range.first)]),
        edges(graphs.first_edge[static_cast<size_t>(range.last)] - edge),
        atom(graphs.first_atom[static_cast<size_t>(range.first)]),
        atoms(graphs.first_atom[static_cast<size_t>(range.last)] - atom) {}
};

/// Keeps the graphs until the way back.
struct KeptGraphs : torch::CustomClassHolder {
  explicit KeptGraphs(std::shared_ptr<const GraphCollection> list) : graphs(std::move(list)) {}
  std::shared_ptr<const GraphCollection> graphs;
};

/// What a pass leaves for its way back.
struct Trace {
  std::vector<Tensor> states;      // after each round, [edges, width]
  std::vector<Tensor> neighbours;  // of each round but the first
  Tensor entering, atoms;          // [atoms, width]
};

class GraphPass : public torch::autograd::Function<GraphPass> {
 public:
  /// @param edge_table  of kinds of edges [kinds, width]: what their features come to; likewise atom_table
  static Tensor forward(torch::autograd::AutogradContext* context,
                        const std::shared_ptr<const GraphCollection>& graphs, int64_t depth,
                        const Tensor& edge_table, const Tensor& message, const Tensor& atom_table,
                        const Tensor& output, const Tensor& outside) {
    const GraphEdges& edges = graphs->edges();
    const int64_t width = message.size(0), count = edges.first_edge.back(), atoms = edges.first_atom.back();
    auto trace = std::make_shared<Trace>();
    for (int64_t round = 0; round < depth; ++round) trace->states.push_back(at::empty({count, width}));
    for (int64_t round = 1; round < depth; ++round) trace->neighbours.push_back(at::empty({count, width}));
    trace->entering = at::empty({atoms, width});
    trace->atoms = at::empty({atoms, width});
    Tensor means = at::empty({edges.graphs(), width});
    const float* from_outside = outside.numel() > 0 ? outside.data_ptr<float>() : nullptr;
    const float* inputs = edge_table.data_ptr<float>();
    const Tensor message_t = message.t(), output_t = output.t();
    for (const GraphRange range : ranges_of(edges)) {
      const Span span(edges, range);
      const auto states = [&](int64_t round) {
        return row(trace->states[static_cast<size_t>(round)], span.edge);
      };
      std::fill_n(states(0), span.edges * width, 0.0F);
      add_edge_inputs(edges, range, width, inputs, states(0));
      for (int64_t round = 1; round < depth; ++round) {
        sum_entering(edges, range, width, states(round - 1), from_outside, row(trace->entering, span.atom));
        const Tensor& neighbours = trace->neighbours[static_cast<size_t>(round) - 1];
        sum_neighbours(edges, range, width, row(trace->entering, span.atom), states(round - 1),
                       row(neighbours, span.edge));
        if (span.edges == 0) continue;
        Tensor next = trace->states[static_cast<size_t>(round)].narrow(0, span.edge, span.edges);
        at::mm_out(next, neighbours.narrow(0, span.edge, span.edges), message_t);
        add_edge_inputs(edges, range, width, inputs, states(round));
      }
      sum_entering(edges, range, width, states(depth - 1), from_outside, row(trace->entering, span.atom));
      Tensor own = trace->atoms.narrow(0, span.atom, span.atoms);
      at::mm_out(own, trace->entering.narrow(0, span.atom, span.atoms), output_t);
      average_atoms(edges, range, width, atom_table.data_ptr<float>(), row(trace->atoms, span.atom),
                    row(means, range.first));
    }
    context->saved_data["graphs"] = c10::IValue::make_capsule(c10::make_intrusive<KeptGraphs>(graphs));
    context->saved_data["depth"] = depth;
    torch::autograd::variable_list kept{message, output, trace->entering, trace->atoms};
    kept.insert(kept.end(), trace->states.begin(), trace->states.end());
    kept.insert(kept.end(), trace->neighbours.begin(), trace->neighbours.end());
    context->saved_data["kinds"] = edge_table.size(0);
    context->saved_data["atom_kinds"] = atom_table.size(0);
    context->saved_data["outside"] = outside.size(0);
    context->save_for_backward(kept);
    return means;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto held = context->saved_data["graphs"].toCapsule();
    const GraphEdges& edges = static_cast<const KeptGraphs&>(*held).graphs->edges();
    const int64_t depth = context->saved_data["depth"].toInt();
    const auto kept = context->get_saved_variables();
    const Tensor &message = kept[0], &output = kept[1], &entering = kept[2], &atoms = kept[3];
    const auto states_of = [&](int64_t round) -> const Tensor& {
      return kept[static_cast<size_t>(4 + round)];
    };
    const auto neighbours_of = [&](int64_t round) -> const Tensor& {
      return kept[static_cast<size_t>(4 + depth + round - 1)];
    };
    const int64_t width = message.size(0);
    const Tensor d_means = gradients[0].contiguous();
    Tensor d_edge_table = at::zeros({context->saved_data["kinds"].toInt(), width}),
           d_atom_table = at::zeros({context->saved_data["atom_kinds"].toInt(), width}),
           d_message = at::zeros_like(message), d_output = at::zeros_like(output),
           d_outside = at::zeros({context->saved_data["outside"].toInt(), width});
    float* d_inputs = d_edge_table.data_ptr<float>();
    float* d_from_outside = d_outside.data_ptr<float>();
    Tensor d_entering, d_states, d_neighbours;
    for (const GraphRange range : ranges_of(edges)) {
      const Span span(edges, range);
      Tensor d_atoms = atoms.narrow(0, span.atom, span.atoms).clone();
      average_atoms_backwards(edges, range, width, row(d_means, range.first), d_atoms.data_ptr<float>(),
                              d_atom_table.data_ptr<float>());
      d_output.addmm_(d_atoms.t(), entering.narrow(0, span.atom, span.atoms));
      d_entering = at::mm(d_atoms, output);
      d_states = at::empty({span.edges, width});
      sum_entering_backwards(edges, range, width, d_entering.data_ptr<float>(), d_states.data_ptr<float>(),
                             d_from_outside, false);
      for (int64_t round = depth - 1; round > 0; --round) {
        add_edge_inputs_backwards(edges, range, width, row(states_of(round), span.edge),
                                  d_states.data_ptr<float>(), d_inputs);
        if (span.edges == 0) break;
        d_message.addmm_(d_states.t(), neighbours_of(round).narrow(0, span.edge, span.edges));
        d_neighbours = at::mm(d_states, message);
        sum_neighbours_backwards(edges, range, width, d_neighbours.data_ptr<float>(),
                                 d_entering.data_ptr<float>(), d_states.data_ptr<float>());
        sum_entering_backwards(edges, range, width, d_entering.data_ptr<float>(), d_states.data_ptr<float>(),
                               d_from_outside, true);
      }
      add_edge_inputs_backwards(edges, range, width, row(states_of(0), span.edge), d_states.data_ptr<float>(),
                                d_inputs);
    }
    return {Tensor(), Tensor(), d_edge_table, d_message, d_atom_table, d_output, d_outside};
  }
};

}  // namespace

void GraphCollection::add(const MoleculeFeatures& graph,
                          const std::map<std::pair<int, int>, int64_t>& row_of) {
  const int32_t first = edges_.first_atom.back();
  const int64_t atoms = atom_width(stereo_);
  std::vector<int32_t> kinds;
  for (const auto& atom : graph.atoms) {
    const int64_t code = ((atom.element * 16 + atom.degree) * 16 + atom.charge) * 2 + int{atom.aromatic};
    const auto [found, added] = atom_kinds_.emplace(code, static_cast<int32_t>(atom_columns_.size()));
    if (added) {
      atom_columns_.push_back(
          {atom.element, kElementFeatures + atom.degree, kElementFeatures + kDegreeFeatures + atom.charge});
      if (stereo_) atom_columns_.back().push_back(kElementFeatures + kDegreeFeatures + kChargeFeatures);
      if (atom.aromatic) atom_columns_.back().push_back(atoms - 1);
    }
    kinds.push_back(found->second);
    edges_.atom_kind.push_back(found->second);
  }
  for (const auto& bond : graph.bonds)
    for (const bool forwards : {true, false}) {
      const int x = forwards ? bond.from : bond.to, y = forwards ? bond.to : bond.from;
      const int32_t of_atom = kinds[static_cast<size_t>(x)];
      const int64_t code = (of_atom * int64_t{8} + bond.order) * 2 + int{bond.in_ring};
      const auto [found, added] = edge_kinds_.emplace(code, static_cast<int32_t>(edge_columns_.size()));
      if (added) {
        edge_columns_.push_back(atom_columns_[static_cast<size_t>(of_atom)]);
        edge_columns_.back().push_back(atoms + bond.order);
        if (bond.in_ring) edge_columns_.back().push_back(atoms + kOrderFeatures);
        if (stereo_) edge_columns_.back().push_back(atoms + kOrderFeatures + 1);
      }
      edges_.edge_kind.push_back(found->second);
      edges_.source.push_back(first + x);
      edges_.target.push_back(first + y);
      if (row_of.empty()) continue;
      const int from = graph.atoms[static_cast<size_t>(x)].mark,
                to = graph.atoms[static_cast<size_t>(y)].mark;
      if (from == 0 || to == 0 || from == to) continue;
      if (const auto message = row_of.find({from, to}); message != row_of.end()) {
        edges_.message_row.push_back(static_cast<int32_t>(message->second));
        edges_.message_atom.push_back(first + y);
      }
    }
  edges_.first_atom.push_back(static_cast<int32_t>(edges_.atom_kind.size()));
  edges_.first_edge.push_back(static_cast<int32_t>(edges_.source.size()));
  edges_.first_message.push_back(static_cast<int32_t>(edges_.message_row.size()));
}

Tensor GraphCollection::atom_features() const { return with_ones(atom_columns_, atom_width(stereo_)); }

Tensor GraphCollection::edge_features() const {
  return with_ones(edge_columns_, atom_width(stereo_) + bond_width(stereo_));
}

Tensor pass_graphs(const std::shared_ptr<const GraphCollection>& graphs, const GraphWeights& weights,
                   const Tensor& outside, int64_t depth) {
  const int64_t width = weights.message.size(0), features = weights.output.size(1) - width;
  const Tensor edge_table = at::mm(graphs->edge_features(), weights.input.t());
  const Tensor atom_table =
      at::addmm(weights.output_bias, graphs->atom_features(), weights.output.narrow(1, 0, features).t());
  return GraphPass::apply(graphs, depth, edge_table.contiguous(), weights.message.contiguous(),
                          atom_table.contiguous(), weights.output.narrow(1, features, width).contiguous(),
                          outside.defined() ? outside.contiguous() : at::zeros({0, width}));
}

}  // namespace latentpath
