#include "latentpath/molecule/junction_tree.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "latentpath/core/error.h"
#include "molecule/small_jtvae.h"

namespace latentpath {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

JunctionTree tree_of(const std::string& smiles, const ClusterVocabulary& vocabulary) {
  return decompose(parse_molecule(smiles, "a molecule").molecule, vocabulary);
}

/// The clusters' SMILES as in the vocabulary.
std::vector<std::string> clusters_of(const std::string& smiles) {
  const ClusterVocabulary vocabulary(small_vocabulary());
  std::vector<std::string> clusters;
  for (const auto& node : tree_of(smiles, vocabulary).nodes)
    clusters.push_back(node.cluster < 0 ? "?" : vocabulary.smiles()[static_cast<size_t>(node.cluster)]);
  return clusters;
}

TEST(JunctionTree, IsMadeOfRingsAndBonds) {
  EXPECT_THAT(clusters_of("C"), ElementsAre("C"));
  EXPECT_THAT(clusters_of("Cc1ccccc1"), UnorderedElementsAre("CC", "C1=CC=CC=C1"));
  EXPECT_THAT(clusters_of("O=CN"), UnorderedElementsAre("C=O", "CN"));
  // Where three bonds meet, the atom is a cluster of its own.
  EXPECT_THAT(clusters_of("CC(C)C"), UnorderedElementsAre("CC", "CC", "CC", "C"));
  // Rings that share a bond are two clusters, bridged ones are one.
  // (Which of them has the double bond that they share is RDKit's choice.)
  EXPECT_THAT(clusters_of("c1ccc2[nH]ccc2c1"), testing::SizeIs(2));
  EXPECT_THAT(clusters_of("c1ccc2c(c1)CCC2"), testing::SizeIs(2));
  EXPECT_THAT(clusters_of("C1CC2CCC1C2"), ElementsAre("C1CC2CCC1C2"));
}

TEST(JunctionTree, ClustersAreKnownWhicheverBondsAreDouble) {
  const ClusterVocabulary vocabulary({"C1=CC=CC=C1", "N1C=CC=C1"});
  EXPECT_EQ(vocabulary.find("c1ccccc1"), 0);
  EXPECT_EQ(vocabulary.find("c1cc[nH]c1"), 1);
  EXPECT_EQ(vocabulary.find("CC"), std::nullopt);
  // Of two entries that are one molecule the first counts.
  EXPECT_EQ(ClusterVocabulary({"C1=CC=NC=C1", "C1=CN=CC=C1"}).find("c1ccncc1"), 0);
  EXPECT_THROW(ClusterVocabulary({"CC", "C1CC"}), Error);
}

TEST(JunctionTree, FragmentsOutsideOfTheVocabularyAreNamed) {
  const ClusterVocabulary vocabulary(small_vocabulary());
  EXPECT_THAT(tree_of("CCBr", vocabulary).unknown, ElementsAre("CBr"));
  EXPECT_THAT(tree_of("CCO", vocabulary).unknown, IsEmpty());
}

TEST(JunctionTree, IsATreeThatCoversAllAtomsAndBeginsAtTheFirst) {
  const ClusterVocabulary vocabulary(small_vocabulary());
  for (const std::string smiles :
       {"CC1C2CCC(C2)C1CN(CCO)C(=O)c1ccc(Cl)cc1", "COc1ccc(-c2cc(=O)c3c(O)c(OC)c(OC)cc3o2)cc1O", "C1CC12CC2",
        "c1ccc2c(c1)ccc1ccccc12", "CS(=O)(=O)NC(C)(C)C", "C12C3C4C1C5C2C3C45", "CCCCCCCCCCCC"}) {
    const Molecule molecule = parse_molecule(smiles, "a molecule").molecule;
    const JunctionTree tree = decompose(molecule, vocabulary);
    std::set<int64_t> atoms;
    size_t ends = 0;
    for (const auto& node : tree.nodes) {
      atoms.insert(node.atoms.begin(), node.atoms.end());
      ends += node.neighbours.size();
    }
    EXPECT_EQ(static_cast<int64_t>(atoms.size()), molecule.atoms()) << smiles;
    EXPECT_EQ(ends, 2 * (tree.nodes.size() - 1)) << smiles;
    EXPECT_TRUE(std::count(tree.nodes[0].atoms.begin(), tree.nodes[0].atoms.end(), 0)) << smiles;
    // Connected, and neighbours share atoms.
    std::vector<int64_t> queue{0};
    std::set<int64_t> seen{0};
    for (size_t next = 0; next < queue.size(); ++next)
      for (const int64_t y : tree.nodes[static_cast<size_t>(queue[next])].neighbours) {
        const auto &a = tree.nodes[static_cast<size_t>(queue[next])].atoms,
                   &b = tree.nodes[static_cast<size_t>(y)].atoms;
        EXPECT_TRUE(std::any_of(a.begin(), a.end(),
                                [&](int64_t x) { return std::count(b.begin(), b.end(), x) > 0; }));
        if (seen.insert(y).second) queue.push_back(y);
      }
    EXPECT_EQ(seen.size(), tree.nodes.size()) << smiles;
  }
}

}  // namespace
}  // namespace latentpath
