// Moving a latent until greedy decoding returns a given molecule.
//
// With the molecule's tree given, every message of the decoder is known, and so is what each decision of it
// should be. Decisions depend on z_T through W_o relu(W_h h + W_z z_T + b) (which cluster next) and u
// relu(U_h s + U_z z_T) (is there another child); attachments by products with z_G. Both are lowered by Adam
// until every decision holds with a margin.

#include <ATen/ATen.h>

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "latentpath/core/error.h"
#include "molecule/jtvae_impl.h"

namespace latentpath {
namespace {

constexpr int kIterations = 400;
constexpr double kRate = 0.05, kMargin = 0.3, kPull = 1e-3;

/// What the decoder decides on its way through a tree, and the inputs of those decisions that do not depend
/// on z.
struct Decisions {
  std::vector<Tensor> next, stop;  // [hidden] each: W_h h, and the table's row + U_h s
  std::vector<int64_t> clusters;   // wanted
  std::vector<bool> more;          // wanted
};

class Teacher {
 public:
  Teacher(const JtvaeNetwork& network, const JunctionTree& tree, const Tensor& latent)
      : network_(network),
        tree_(tree),
        next_latent_(affine(latent, network.next_latent, network.next_bias)) {}

  Decisions run() {
    decisions_.next.push_back(at::zeros({network_.hidden}));
    decisions_.clusters.push_back(tree_.nodes[0].cluster);
    visit(0, -1, {});
    return std::move(decisions_);
  }

 private:
  Tensor message(int64_t node, const std::vector<Tensor>& incoming) const {
    const Tensor cluster =
        at::tensor(std::vector<int64_t>{tree_.nodes[static_cast<size_t>(node)].cluster}, at::kLong);
    const Tensor rows = incoming.empty() ? at::zeros({0, network_.hidden}) : at::cat(incoming);
    return network_.decoder_gru(cluster, rows, at::zeros({rows.size(0)}, at::kLong));
  }

  void decide_end(int64_t node, const std::vector<Tensor>& incoming, bool more) {
    Tensor state = network_.stop_table[tree_.nodes[static_cast<size_t>(node)].cluster];
    if (!incoming.empty())
      state = state + affine(at::cat(incoming).sum(0, true), network_.stop_message).squeeze(0);
    decisions_.stop.push_back(state);
    decisions_.more.push_back(more);
  }

  /// @param from_parent  the parent's message; undefined for the root
  /// @return the message to the parent
  Tensor visit(int64_t node, int64_t parent, const Tensor& from_parent) {
    std::vector<int64_t> children;
    for (const int64_t y : tree_.nodes[static_cast<size_t>(node)].neighbours)
      if (y != parent) children.push_back(y);
    std::vector<Tensor> from_children, all;
    if (from_parent.defined()) all.push_back(from_parent);
    while (!children.empty()) {
      decide_end(node, all, true);
      const Tensor outgoing = message(node, all);
      const Tensor next = affine(outgoing, network_.next_message);
      const size_t chosen = likeliest(next, children);
      const int64_t child = children[chosen];
      children.erase(children.begin() + static_cast<std::ptrdiff_t>(chosen));
      decisions_.next.push_back(next.squeeze(0));
      decisions_.clusters.push_back(tree_.nodes[static_cast<size_t>(child)].cluster);
      from_children.push_back(visit(child, node, outgoing));
      all.push_back(from_children.back());
    }
    decide_end(node, all, false);
    return message(node, from_children);
  }

  /// The order of children is free: the one that the latent prefers.
  size_t likeliest(const Tensor& next, const std::vector<int64_t>& children) const {
    if (children.size() == 1) return 0;
    const Tensor scores =
        affine(at::relu(next + next_latent_), network_.cluster_weight, network_.cluster_bias).squeeze(0);
    size_t best = 0;
    double highest = -INFINITY;
    for (size_t i = 0; i < children.size(); ++i) {
      const double score = scores[tree_.nodes[static_cast<size_t>(children[i])].cluster].item<double>();
      if (score > highest) {
        highest = score;
        best = i;
      }
    }
    return best;
  }

  const JtvaeNetwork& network_;
  const JunctionTree& tree_;
  Tensor next_latent_;
  Decisions decisions_;
};

/// By how much each row's wanted entry is above the highest other: [rows].
Tensor margins(const Tensor& scores, const Tensor& wanted) {
  const Tensor column = wanted.unsqueeze(1);
  const Tensor others = scores.scatter(1, column, -INFINITY);
  return scores.gather(1, column).squeeze(1) - std::get<0>(others.max(1));
}

/// Adam on z, pulled towards where it began, until `missing` (a sum of what margins lack) is 0.
/// @return whether it became 0
bool lower(Tensor& z, const std::function<Tensor(const Tensor&)>& missing) {
  const Tensor origin = z.clone();
  Tensor first = at::zeros_like(z), second = at::zeros_like(z);
  for (int iteration = 1; iteration <= kIterations; ++iteration) {
    const Tensor point = z.detach().requires_grad_(true);
    const Tensor lack = missing(point);
    if (lack.item<double>() == 0) return true;
    const Tensor loss = lack + kPull * (point - origin).square().sum();
    const Tensor gradient = torch::autograd::grad({loss}, {point})[0];
    first = 0.9 * first + 0.1 * gradient;
    second = 0.99 * second + 0.01 * gradient.square();
    const Tensor mean = first / (1 - std::pow(0.9, iteration)),
                 spread = second / (1 - std::pow(0.99, iteration));
    z = z - kRate * mean / (spread.sqrt() + 1e-8);
  }
  return false;
}

bool move_tree_latent(const JtvaeNetwork& network, const Decisions& decisions, Tensor& z) {
  const Tensor next = at::stack(decisions.next), stop = at::stack(decisions.stop);
  const Tensor clusters = at::tensor(decisions.clusters, at::kLong);
  std::vector<float> signs;
  for (const bool more : decisions.more) signs.push_back(more ? 1.0F : -1.0F);
  const Tensor sign = at::tensor(signs);
  return lower(z, [&](const Tensor& point) {
    const Tensor row = point.unsqueeze(0);
    const Tensor state = at::relu(next + at::addmm(network.next_bias, row, network.next_latent.t()));
    const Tensor scores = at::addmm(network.cluster_bias, state, network.cluster_weight.t());
    const Tensor ends = at::relu(stop + at::mm(row, network.stop_latent.t()));
    const Tensor end_scores = (at::mm(ends, network.stop_weight.t()).squeeze(1) + network.stop_bias) * sign;
    return at::relu(kMargin - margins(scores, clusters)).sum() + at::relu(kMargin - end_scores).sum();
  });
}

/// Differences of the right attachments' vectors to all wrong ones, which z_G must tell apart: [wrong ones,
/// half]; none where some attachment is not among its candidates.
std::optional<Tensor> wrong_attachments(const JtvaeNetwork& network, Attachments& attachments,
                                        const JunctionTree& tree, const Molecule& molecule) {
  TreeMessages messages;
  if (tree.nodes.size() > 1) messages = network.tree_messages(tree);
  const auto choices = attachment_choices(attachments, tree, molecule, messages);
  if (!choices) return std::nullopt;
  std::vector<Tensor> differences;
  for (const AttachmentChoice& choice : *choices) {
    if (choice.candidates->list.size() < 2) continue;
    const Tensor vectors = attachment_vectors(network, *choice.candidates, choice.placed, messages);
    for (int64_t i = 0; i < vectors.size(0); ++i)
      if (i != static_cast<int64_t>(choice.right))
        differences.push_back((vectors[static_cast<int64_t>(choice.right)] - vectors[i]).unsqueeze(0));
  }
  return differences.empty() ? at::zeros({0, network.half}) : at::cat(differences);
}

}  // namespace

MoleculeCode JunctionTreeVae::find_code(const Molecule& molecule) const {
  const int64_t half = model_->network.half;
  const Tensor mean = encode({molecule});
  MoleculeCode code{mean[0], false, false, decode(mean)[0]};
  code.exact = code.decoded.molecule.smiles() == molecule.smiles();
  if (code.exact) return code;
  const JunctionTree tree = decompose(molecule, model_->vocabulary);
  Tensor tree_part = code.latent.narrow(0, 0, half).clone(),
         graph_part = code.latent.narrow(0, half, half).clone();
  Decisions decisions;
  Tensor differences;
  {
    const at::NoGradGuard no_gradients;
    decisions = Teacher(model_->network, tree, tree_part.unsqueeze(0)).run();
    AttachmentPool::Lent attachments(model_->attachments);
    const auto wrong = wrong_attachments(model_->network, *attachments, tree, molecule);
    if (!wrong) return code;
    differences = *wrong;
  }
  const at::AutoGradMode gradients(true);
  if (!move_tree_latent(model_->network, decisions, tree_part)) return code;
  if (differences.size(0) > 0 && !lower(graph_part, [&](const Tensor& point) {
        return at::relu(kMargin - at::mv(differences, point)).sum();
      }))
    return code;
  const Tensor moved = at::cat({tree_part, graph_part}).detach();
  DecodedMolecule decoded = decode(moved.unsqueeze(0))[0];
  if (decoded.molecule.smiles() != molecule.smiles()) return code;
  return {moved, true, true, std::move(decoded)};
}

}  // namespace latentpath
