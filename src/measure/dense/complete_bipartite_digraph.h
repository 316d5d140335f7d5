#pragma once
// The complete bipartite digraph in the form that LEMON's algorithms take: an arc from each of n sources to
// each of m targets, none of them stored. Arc number k goes from source k / m to target k % m; the nodes are
// the sources, then the targets. Internal.
//
//   CompleteBipartiteDigraph graph(n, m);
//   lemon::NetworkSimplex<CompleteBipartiteDigraph, int, int64_t> simplex(graph);

#include <lemon/bits/graph_extender.h>
#include <lemon/core.h>

namespace latentpath::detail {

/// What lemon::DigraphExtender makes iterators, maps and the rest of the concept from.
class CompleteBipartiteArcs {
 public:
  using Digraph = CompleteBipartiteArcs;
  using NodeNumTag = lemon::True;  ///< numbers of nodes and arcs are known without counting,
  using ArcNumTag = lemon::True;
  using FindArcTag = lemon::True;  ///< and the arc between two nodes without a search

  /// A number; −1 is LEMON's INVALID.
  template <typename Kind>
  class Numbered {
   public:
    Numbered() = default;
    Numbered(lemon::Invalid /*none*/) {}  // NOLINT(google-explicit-constructor): the concept converts it
    explicit Numbered(int number) : number_(number) {}
    bool operator==(const Numbered& other) const { return number_ == other.number_; }
    bool operator!=(const Numbered& other) const { return number_ != other.number_; }
    bool operator<(const Numbered& other) const { return number_ < other.number_; }

   private:
    friend class CompleteBipartiteArcs;
    int number_ = -1;
  };
  using Node = Numbered<struct OfNodes>;
  using Arc = Numbered<struct OfArcs>;

  int nodeNum() const { return sources_ + targets_; }
  int arcNum() const { return sources_ * targets_; }
  int maxNodeId() const { return nodeNum() - 1; }
  int maxArcId() const { return arcNum() - 1; }
  static int id(Node node) { return node.number_; }
  static int id(Arc arc) { return arc.number_; }
  static Node nodeFromId(int number) { return Node(number); }
  static Arc arcFromId(int number) { return Arc(number); }

  Node source(Arc arc) const { return Node(arc.number_ / targets_); }
  Node target(Arc arc) const { return Node(sources_ + arc.number_ % targets_); }
  Arc findArc(Node from, Node to, Arc previous = lemon::INVALID) const {
    const bool joined = is_source(from) && to.number_ >= sources_ && previous == lemon::INVALID;
    return joined ? Arc(from.number_ * targets_ + to.number_ - sources_) : Arc(lemon::INVALID);
  }

  // Backwards, as in all of LEMON's graphs: the end is then −1.
  void first(Node& node) const { node.number_ = nodeNum() - 1; }
  static void next(Node& node) { --node.number_; }
  void first(Arc& arc) const { arc.number_ = arcNum() - 1; }
  static void next(Arc& arc) { --arc.number_; }
  void firstOut(Arc& arc, Node node) const {
    arc.number_ = is_source(node) ? (node.number_ + 1) * targets_ - 1 : -1;
  }
  void nextOut(Arc& arc) const { arc.number_ = arc.number_ % targets_ == 0 ? -1 : arc.number_ - 1; }
  void firstIn(Arc& arc, Node node) const {
    arc.number_ = is_source(node) ? -1 : arcNum() - targets_ + node.number_ - sources_;
  }
  void nextIn(Arc& arc) const { arc.number_ = arc.number_ < targets_ ? -1 : arc.number_ - targets_; }

 protected:
  void construct(int sources, int targets) {
    sources_ = sources;
    targets_ = targets;
  }

 private:
  bool is_source(Node node) const { return node.number_ < sources_; }
  int sources_ = 0, targets_ = 0;
};

class CompleteBipartiteDigraph : public lemon::DigraphExtender<CompleteBipartiteArcs> {
 public:
  /// Both at least 1; their product an int.
  CompleteBipartiteDigraph(int sources, int targets) { construct(sources, targets); }
};

}  // namespace latentpath::detail
