#pragma once
// The parts of a junction tree VAE.

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/molecule/jtvae.h"
#include "molecule/attachments.h"
#include "molecule/jtvae_network.h"

namespace latentpath {

/// Memories of attachments, one a thread that decodes. What a latent decodes to does not depend on which.
class AttachmentPool {
 public:
  explicit AttachmentPool(const ClusterVocabulary& vocabulary, size_t most = 50'000)
      : vocabulary_(vocabulary), most_(most) {}

  /// Takes one while it lives.
  class Lent {
   public:
    explicit Lent(AttachmentPool& pool) : pool_(pool), attachments_(pool.take()) {}
    ~Lent() { pool_.give_back(std::move(attachments_)); }
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;
    Attachments& operator*() { return *attachments_; }

   private:
    AttachmentPool& pool_;
    std::unique_ptr<Attachments> attachments_;
  };

 private:
  std::unique_ptr<Attachments> take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return std::make_unique<Attachments>(vocabulary_, most_);
    std::unique_ptr<Attachments> last = std::move(free_.back());
    free_.pop_back();
    return last;
  }
  void give_back(std::unique_ptr<Attachments> attachments) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(attachments));
  }

  const ClusterVocabulary& vocabulary_;
  size_t most_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Attachments>> free_;
};

struct JunctionTreeVae::Model {
  Model(const NamedTensors& weights, std::vector<std::string> clusters, int64_t depth,
        std::string name_of_file, std::string stated_origin)
      : vocabulary(std::move(clusters)),
        network(weights, vocabulary.size(), depth, name_of_file),
        attachments(vocabulary),
        file(std::move(name_of_file)),
        origin(std::move(stated_origin)) {}

  ClusterVocabulary vocabulary;
  JtvaeNetwork network;
  AttachmentPool attachments;
  std::string file, origin;
};

/// Trees decoded from z_T [n, half], in lock-step.
struct DecodedTree {
  JunctionTree tree;
  bool complete = true;  ///< false: the limit of steps was reached
};
std::vector<DecodedTree> decode_trees(const JtvaeNetwork& network, Attachments& attachments,
                                      const Tensor& latents, int64_t steps);

/// The surroundings of a node in attachment_order(), and which node each child is. Marks: 1 the node itself,
/// 2 its parent, 3, 4, … its children; 0 for leaves.
struct PlacedSurroundings {
  Surroundings around;
  std::vector<int64_t> children;
  std::map<std::pair<int, int>, int64_t> row_of;  ///< (mark, mark) → row of the tree's messages
};
PlacedSurroundings surroundings_of(const ClusterVocabulary& vocabulary, const JunctionTree& tree,
                                   int64_t node, int64_t parent, const std::vector<Joint>& parent_joints,
                                   const TreeMessages& messages);

/// How the neighbours of a node are attached in a given molecule.
struct AttachmentChoice {
  int64_t node = 0, parent = -1;
  PlacedSurroundings placed;
  std::shared_ptr<const AttachmentList> candidates;
  size_t right = 0;  ///< place among the candidates
};

/// Those of all nodes with children, depth first; none where the molecule's way is not among the candidates
/// of some node. Without messages (their rows) `placed` has none.
std::optional<std::vector<AttachmentChoice>> attachment_choices(Attachments& attachments,
                                                                const JunctionTree& tree,
                                                                const Molecule& molecule,
                                                                const TreeMessages& messages);

/// The vector of each attachment, whose product with z_G is its score: [attachments, half].
Tensor attachment_vectors(const JtvaeNetwork& network, const AttachmentList& attachments,
                          const PlacedSurroundings& placed, const TreeMessages& messages);

/// The molecule of a tree: attachments by descending score, with a way back where one leads to nothing.
/// @param latent  z_G [half]
DecodedMolecule assemble(const JtvaeNetwork& network, Attachments& attachments, const JunctionTree& tree,
                         const Tensor& latent, int64_t states);

}  // namespace latentpath
