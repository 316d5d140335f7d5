#pragma once
// The ways in which the neighbours of a cluster can be attached to it (Jin et al. 2018, §2.5): at a shared
// atom, or, ring to ring, at a shared bond, so that every valence holds.

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "latentpath/molecule/junction_tree.h"
#include "molecule/cluster.h"
#include "molecule/molecule_features.h"

namespace latentpath {

/// A cluster whose atoms carry a number, 0 for none.
struct Piece {
  int64_t cluster = 0;
  int mark = 0;
};

/// An atom of the centre and one of a neighbour that are the same atom.
struct Joint {
  int neighbour = 0;  ///< number among the children; −1: the parent
  int centre_atom = 0, neighbour_atom = 0;
};

/// A node of a junction tree with what is next to it.
struct Surroundings {
  Piece centre;
  std::optional<Piece> parent;  ///< which is attached already, by these joints
  std::vector<Joint> parent_joints;
  std::vector<Piece> children;  ///< single atoms first, then the largest first
};

struct Attachment {
  std::string smiles;         ///< of centre and neighbours, with marks
  std::vector<Joint> joints;  ///< the parent's among them
  MoleculeFeatures features;
};

struct AttachmentList {
  std::vector<Attachment> list;
  bool complete = true;  ///< false: given up at the limit
};

/// The order in which neighbours are attached: single atoms, then the largest first. @return places in
/// `clusters`
std::vector<size_t> attachment_order(const ClusterVocabulary& vocabulary,
                                     const std::vector<int64_t>& clusters);

/// Equal where attachments are the same.
std::string key_of(const Surroundings& surroundings);

/// Joins pieces to `graph`, in which `places[i]` is where atom i of the piece is, −1 where it is not yet. A
/// parent's bonds replace those of the graph.
void attach(RDKit::RWMol& graph, const RDKit::RWMol& piece, int mark, bool is_parent,
            std::vector<int>& places);

/// A graph of bare atoms like this one, all with this number.
RDKit::RWMol marked_copy(const RDKit::RWMol& graph, int mark);

/// Remembers what it found: molecules repeat their surroundings. Not for several threads at once.
class Attachments {
 public:
  /// @param most  surroundings that are remembered; beyond, all is forgotten
  explicit Attachments(const ClusterVocabulary& vocabulary, size_t most = 50'000)
      : vocabulary_(vocabulary), most_(most) {}

  /// Whether there is any way to attach these neighbours, in attachment_order().
  bool possible(int64_t centre, const std::vector<int64_t>& neighbours);
  /// All that differ.
  std::shared_ptr<const AttachmentList> all(const Surroundings& surroundings);

  const ClusterVocabulary& vocabulary() const { return vocabulary_; }
  size_t remembered() const { return possible_.size() + lists_.size(); }

 private:
  const ClusterVocabulary& vocabulary_;
  size_t most_;
  std::unordered_map<std::string, bool> possible_;
  std::unordered_map<std::string, std::shared_ptr<const AttachmentList>> lists_;
};

}  // namespace latentpath
