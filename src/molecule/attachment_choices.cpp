// Which attachments make a given molecule, of those that its tree allows.

#include <algorithm>
#include <set>

#include "molecule/jtvae_impl.h"

namespace latentpath {
namespace {

class Labels {
 public:
  Labels(Attachments& attachments, const JunctionTree& tree, const Molecule& molecule,
         const TreeMessages& messages)
      : attachments_(attachments), tree_(tree), kekule_(kekulised(molecule.graph())), messages_(messages) {}

  std::optional<std::vector<AttachmentChoice>> collect() {
    if (!visit(0, -1, {})) return std::nullopt;
    return std::move(choices_);
  }

 private:
  std::string label(const PlacedSurroundings& placed, int64_t node, int64_t parent) const {
    RDKit::RWMol marked(kekule_);
    const auto& own = tree_.nodes[static_cast<size_t>(node)].atoms;
    std::set<int64_t> atoms(own.begin(), own.end());
    const auto mark = [&](int64_t atom, int number) {
      marked.getAtomWithIdx(static_cast<unsigned>(atom))->setAtomMapNum(number);
    };
    for (const int64_t atom : own) mark(atom, placed.around.centre.mark);
    const auto add = [&](int64_t neighbour, int number) {
      const auto& theirs = tree_.nodes[static_cast<size_t>(neighbour)].atoms;
      for (const int64_t atom : theirs) {
        const bool shared = std::find(own.begin(), own.end(), atom) != own.end();
        atoms.insert(atom);
        if (number != 0 && (!shared || theirs.size() == 1)) mark(atom, number);
      }
    };
    if (parent >= 0) add(parent, placed.around.parent->mark);
    for (size_t i = 0; i < placed.children.size(); ++i)
      add(placed.children[i], placed.around.children[i].mark);
    const auto part = checked(spanned_part(marked, std::vector<int64_t>(atoms.begin(), atoms.end())));
    return part ? canonical_smiles(*part) : "";
  }

  bool visit(int64_t node, int64_t parent, const std::vector<Joint>& parent_joints) {
    AttachmentChoice choice{
        node, parent,
        surroundings_of(attachments_.vocabulary(), tree_, node, parent, parent_joints, messages_), nullptr,
        0};
    const PlacedSurroundings& placed = choice.placed;
    if (placed.children.empty()) return true;
    choice.candidates = attachments_.all(placed.around);
    const auto& list = choice.candidates->list;
    const std::string wanted = label(placed, node, parent);
    while (choice.right < list.size() && list[choice.right].smiles != wanted) ++choice.right;
    if (choice.right == list.size()) return false;
    choices_.push_back(choice);
    for (size_t i = 0; i < placed.children.size(); ++i) {
      std::vector<Joint> joints;
      for (const Joint& joint : list[choice.right].joints)
        if (joint.neighbour == static_cast<int>(i))
          joints.push_back({-1, joint.neighbour_atom, joint.centre_atom});
      if (!visit(placed.children[i], node, joints)) return false;
    }
    return true;
  }

  Attachments& attachments_;
  const JunctionTree& tree_;
  RDKit::RWMol kekule_;
  const TreeMessages& messages_;
  std::vector<AttachmentChoice> choices_;
};

}  // namespace

std::optional<std::vector<AttachmentChoice>> attachment_choices(Attachments& attachments,
                                                                const JunctionTree& tree,
                                                                const Molecule& molecule,
                                                                const TreeMessages& messages) {
  return Labels(attachments, tree, molecule, messages).collect();
}

}  // namespace latentpath
