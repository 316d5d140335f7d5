#include "molecule/training_molecules.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <unordered_map>

#include "latentpath/core/error.h"
#include "latentpath/core/parallel.h"
#include "latentpath/io/file.h"
#include "latentpath/io/npy.h"
#include "molecule/jtvae_impl.h"

namespace latentpath {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPart = 1000;                // molecules that are kept together
constexpr size_t kMostSurroundings = 500'000;  // that are remembered: some kilobytes each
constexpr uint64_t kFormat = 1;                // of parts

uint64_t hash_of(const std::vector<std::string>& texts, size_t first, size_t count, uint64_t hash) {
  const auto add = [&hash](unsigned char byte) { hash = (hash ^ byte) * 0x100000001B3ULL; };  // FNV-1a
  for (size_t i = first; i < first + count; ++i) {
    for (const char letter : texts[i]) add(static_cast<unsigned char>(letter));
    add('\n');
  }
  return hash;
}

/// Numbers as bytes, small ones as one.
class Writer {
 public:
  void put(int64_t value) {
    auto rest = static_cast<uint64_t>(value) << 1U ^ static_cast<uint64_t>(value >> 63);
    for (; rest >= 128; rest >>= 7U) bytes_.push_back(static_cast<uint8_t>(rest | 128U));
    bytes_.push_back(static_cast<uint8_t>(rest));
  }
  void put(const MoleculeFeatures& graph) {
    put(static_cast<int64_t>(graph.atoms.size()));
    for (const auto& atom : graph.atoms)
      for (const int number : {atom.element, atom.degree, atom.charge, int{atom.aromatic}, atom.mark})
        put(number);
    put(static_cast<int64_t>(graph.bonds.size()));
    for (const auto& bond : graph.bonds)
      for (const int number : {bond.from, bond.to, bond.order, int{bond.in_ring}}) put(number);
  }
  Tensor tensor() {
    return at::from_blob(bytes_.data(), {static_cast<int64_t>(bytes_.size())}, at::kByte).clone();
  }

 private:
  std::vector<uint8_t> bytes_;
};

/// Throws std::out_of_range where the bytes are none that Writer wrote.
class Reader {
 public:
  explicit Reader(const Tensor& bytes)
      : bytes_(bytes.contiguous()), at_(bytes_.data_ptr<uint8_t>()), end_(at_ + bytes_.numel()) {}

  int64_t next(int64_t most = INT64_MAX) {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      if (at_ == end_ || shift > 63) throw std::out_of_range("a part ends too soon");
      value |= static_cast<uint64_t>(*at_ & 127U) << shift;
      if ((*at_++ & 128U) == 0) break;
    }
    const auto number = static_cast<int64_t>(value >> 1U ^ (~(value & 1U) + 1));
    if (most != INT64_MAX && (number < -1 || number > most)) throw std::out_of_range("a part is damaged");
    return number;
  }
  int small(int64_t most) { return static_cast<int>(next(most)); }
  int count(int64_t most) {
    const int number = small(most);
    if (number < 0) throw std::out_of_range("a part is damaged");
    return number;
  }
  bool ended() const { return at_ == end_; }

  MoleculeFeatures graph() {
    constexpr int kMost = 100'000;
    MoleculeFeatures graph;
    graph.atoms.resize(static_cast<size_t>(count(kMost)));
    const auto last = static_cast<int64_t>(graph.atoms.size()) - 1;
    for (auto& atom : graph.atoms) {
      atom.element = count(kElementFeatures - 1);
      atom.degree = count(kDegreeFeatures - 1);
      atom.charge = count(kChargeFeatures - 1);
      atom.aromatic = count(1) == 1;
      atom.mark = count(kMost);
    }
    graph.bonds.resize(static_cast<size_t>(count(kMost)));
    for (auto& bond : graph.bonds) {
      bond.from = count(last);
      bond.to = count(last);
      bond.order = count(kOrderFeatures - 1);
      bond.in_ring = count(1) == 1;
    }
    return graph;
  }

 private:
  Tensor bytes_;
  const uint8_t *at_, *end_;
};

/// Some molecules, with surroundings numbered among themselves.
struct Part {
  std::vector<TrainingMolecule> molecules;
  std::vector<std::string> keys;  // of surroundings
  std::vector<std::vector<MoleculeFeatures>> candidates;
  int64_t left_out = 0;
};

Tensor packed(const Part& part, uint64_t signature) {
  Writer writer;
  writer.put(static_cast<int64_t>(signature));
  writer.put(part.left_out);
  writer.put(static_cast<int64_t>(part.keys.size()));
  for (size_t i = 0; i < part.keys.size(); ++i) {
    writer.put(static_cast<int64_t>(part.keys[i].size()));
    for (const char letter : part.keys[i]) writer.put(letter);
    writer.put(static_cast<int64_t>(part.candidates[i].size()));
    for (const MoleculeFeatures& graph : part.candidates[i]) writer.put(graph);
  }
  writer.put(static_cast<int64_t>(part.molecules.size()));
  for (const TrainingMolecule& molecule : part.molecules) {
    writer.put(static_cast<int64_t>(molecule.nodes.size()));
    for (const auto& node : molecule.nodes) {
      writer.put(node.cluster);
      writer.put(node.parent);
    }
    writer.put(molecule.graph);
    writer.put(static_cast<int64_t>(molecule.choices.size()));
    for (const auto& choice : molecule.choices) {
      writer.put(choice.surroundings);
      writer.put(choice.right);
      writer.put(static_cast<int64_t>(choice.of_mark.size()));
      for (const int node : choice.of_mark) writer.put(node);
    }
  }
  return writer.tensor();
}

Part unpacked(const Tensor& bytes, uint64_t signature, int64_t clusters) {
  constexpr int kMost = 1'000'000;
  Reader reader(bytes);
  Part part;
  if (static_cast<uint64_t>(reader.next()) != signature) throw std::out_of_range("another list");
  part.left_out = reader.next();
  const int surroundings = reader.count(kMost);
  for (int i = 0; i < surroundings; ++i) {
    std::string key(static_cast<size_t>(reader.count(kMost)), ' ');
    for (char& letter : key) letter = static_cast<char>(reader.small(127));
    part.keys.push_back(std::move(key));
    part.candidates.emplace_back(static_cast<size_t>(reader.count(kMost)));
    for (MoleculeFeatures& graph : part.candidates.back()) graph = reader.graph();
  }
  part.molecules.resize(static_cast<size_t>(reader.count(kMost)));
  for (TrainingMolecule& molecule : part.molecules) {
    molecule.nodes.resize(static_cast<size_t>(reader.count(kMost)));
    for (size_t i = 0; i < molecule.nodes.size(); ++i) {
      molecule.nodes[i].cluster = reader.count(clusters - 1);
      const auto before = static_cast<int64_t>(i) - 1;
      molecule.nodes[i].parent = i == 0 ? reader.small(before) : reader.count(before);
    }
    molecule.graph = reader.graph();
    molecule.choices.resize(static_cast<size_t>(reader.count(kMost)));
    for (auto& choice : molecule.choices) {
      choice.surroundings = reader.count(surroundings - 1);
      const auto& candidates = part.candidates[static_cast<size_t>(choice.surroundings)];
      choice.right = reader.count(static_cast<int64_t>(candidates.size()) - 1);
      choice.of_mark.resize(static_cast<size_t>(reader.count(kMost)));
      for (int& node : choice.of_mark) node = reader.small(static_cast<int64_t>(molecule.nodes.size()) - 1);
    }
  }
  if (!reader.ended()) throw std::out_of_range("a part is too long");
  return part;
}

/// @param number  of a node of `tree` → where the decoder meets it
void add_nodes(const JunctionTree& tree, int64_t node, int64_t parent, TrainingMolecule& molecule,
               std::vector<int>& number) {
  const auto at = [](int64_t place) { return static_cast<size_t>(place); };
  number[at(node)] = static_cast<int>(molecule.nodes.size());
  molecule.nodes.push_back(
      {static_cast<int>(tree.nodes[at(node)].cluster), parent < 0 ? -1 : number[at(parent)]});
  for (const int64_t child : tree.nodes[at(node)].neighbours)
    if (child != parent) add_nodes(tree, child, node, molecule, number);
}

/// The part's entry for these surroundings.
int surroundings_number(Part& part, std::unordered_map<std::string, int>& numbers,
                        const AttachmentChoice& choice) {
  const auto [found, added] =
      numbers.emplace(key_of(choice.placed.around), static_cast<int>(part.keys.size()));
  if (added) {
    part.keys.push_back(found->first);
    part.candidates.emplace_back();
    for (const Attachment& attachment : choice.candidates->list)
      part.candidates.back().push_back(attachment.features);
  }
  return found->second;
}

class Preparation {
 public:
  Preparation(const std::vector<std::string>& smiles, const fs::path& folder, const std::string& name,
              const ProgressObserver& progress, const CancellationToken& token)
      : smiles_(smiles), folder_(folder), name_(name), progress_(progress), token_(token) {}

  TrainingMolecules run() {
    TrainingMolecules result;
    result.vocabulary = vocabulary();
    const ClusterVocabulary vocabulary(result.vocabulary);
    AttachmentPool pool(vocabulary, kMostSurroundings);
    const uint64_t all = hash_of(result.vocabulary, 0, result.vocabulary.size(), kStart + kFormat);
    std::vector<Part> parts(static_cast<size_t>(parts_of_list()));
    done_ = 0;
    run_in_parallel(parts_of_list(), [&](int64_t i) {
      const auto first = static_cast<size_t>(i * kPart), count = count_of(i);
      const uint64_t signature = hash_of(smiles_, first, count, all);
      const fs::path file = folder_.empty() ? fs::path() : folder_ / ("part-" + std::to_string(i) + ".npy");
      Part& part = parts[static_cast<size_t>(i)];
      if (!kept(file, signature, vocabulary.size(), part)) {
        AttachmentPool::Lent attachments(pool);
        part = make_part(vocabulary, *attachments, first, count);
        if (!file.empty())
          write_atomically(file, [&](const fs::path& f) { write_npy(f, packed(part, signature)); });
      }
      advance("taking molecules apart", static_cast<int64_t>(count));
    });
    join(parts, result);
    LATENTPATH_CHECK(!result.molecules.empty(), kInput, "no line of ", name_,
                     " is a molecule that can be learned from", refusal_.empty() ? "" : ": ", refusal_);
    return result;
  }

 private:
  static constexpr uint64_t kStart = 0xCBF29CE484222325ULL;

  int64_t parts_of_list() const { return (static_cast<int64_t>(smiles_.size()) + kPart - 1) / kPart; }
  size_t count_of(int64_t part) const {
    return static_cast<size_t>(std::min(kPart, static_cast<int64_t>(smiles_.size()) - part * kPart));
  }

  void advance(const char* stage, int64_t count) {
    const std::lock_guard lock(mutex_);
    done_ += count;
    if (progress_) progress_({stage, done_, static_cast<int64_t>(smiles_.size()), 0});
  }

  void check_token() const {
    LATENTPATH_CHECK(!token_.cancelled(), kInterrupted, "interrupted while taking molecules apart",
                     folder_.empty() ? "" : ": the same command goes on from there");
  }

  static void keep(const fs::path& file, const std::string& text) {
    write_atomically(file, [&](const fs::path& temporary) { write_file(temporary, text); });
  }

  /// The lines of a kept text after the first, which is the sum of what it was made from; none where there is
  /// no such text or it was made from something else.
  static std::optional<std::vector<std::string>> kept_lines(const fs::path& file, const std::string& sum) {
    if (file.empty() || !fs::is_regular_file(file)) return std::nullopt;
    std::istringstream stream(read_file(file));
    std::string first;
    if (!std::getline(stream, first) || first != sum) return std::nullopt;
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

  std::optional<Molecule> molecule(size_t line) {
    std::string refusal;
    auto known =
        readable_molecule(smiles_[line], "line " + std::to_string(line + 1) + " of " + name_, &refusal);
    if (known) return known;
    const std::lock_guard lock(mutex_);
    if (refusal_.empty()) refusal_ = refusal;
    return std::nullopt;
  }

  using ClusterCounts = std::map<std::string, int64_t>;

  /// How often each cluster occurs in a part of the list; kept as a text, its first line the part's sum.
  ClusterCounts clusters_of(int64_t part, const ClusterVocabulary& none) {
    const auto first = static_cast<size_t>(part * kPart), count = count_of(part);
    const std::string sum = std::to_string(hash_of(smiles_, first, count, kStart + kFormat));
    const fs::path file =
        folder_.empty() ? fs::path() : folder_ / ("clusters-" + std::to_string(part) + ".txt");
    ClusterCounts counts;
    if (const auto lines = kept_lines(file, sum)) {
      for (const std::string& line : *lines) {
        std::istringstream stream(line);
        int64_t times = 0;
        std::string cluster;
        if (stream >> times >> cluster) counts[cluster] = times;
      }
      return counts;
    }
    for (size_t line = first; line < first + count; ++line) {
      check_token();
      const auto one = molecule(line);
      if (!one) continue;
      for (const std::string& cluster : decompose(*one, none).unknown) ++counts[cluster];
    }
    if (file.empty()) return counts;
    std::string text = sum + "\n";
    for (const auto& [cluster, times] : counts) text += std::to_string(times) + " " + cluster + "\n";
    keep(file, text);
    return counts;
  }

  /// The clusters of all molecules, the most frequent first; kept as a text, its first line the list's sum.
  std::vector<std::string> vocabulary() {
    const std::string sum = std::to_string(hash_of(smiles_, 0, smiles_.size(), kStart + kFormat));
    const fs::path file = folder_.empty() ? fs::path() : folder_ / "vocabulary.txt";
    if (auto lines = kept_lines(file, sum)) return *std::move(lines);
    const ClusterVocabulary none(std::vector<std::string>{});
    ClusterCounts counts;
    run_in_parallel(parts_of_list(), [&](int64_t i) {
      const ClusterCounts own = clusters_of(i, none);
      {
        const std::lock_guard lock(mutex_);
        for (const auto& [cluster, count] : own) counts[cluster] += count;
      }
      advance("collecting clusters", static_cast<int64_t>(count_of(i)));
    });
    std::vector<std::pair<int64_t, std::string>> order;
    for (const auto& [cluster, count] : counts)
      if (graph_of(cluster)) order.emplace_back(-count, cluster);
    std::sort(order.begin(), order.end());
    std::vector<std::string> list;
    std::string text = sum + "\n";
    for (const auto& [count, cluster] : order) {
      list.push_back(cluster);
      text += cluster + "\n";
    }
    if (!file.empty()) keep(file, text);
    return list;
  }

  static bool kept(const fs::path& file, uint64_t signature, int64_t clusters, Part& part) {
    if (file.empty() || !fs::is_regular_file(file)) return false;
    try {
      part = unpacked(read_npy(file), signature, clusters);
      return true;
    } catch (const std::exception&) {
      return false;  // damaged, or of another list: made anew
    }
  }

  Part make_part(const ClusterVocabulary& vocabulary, Attachments& attachments, size_t first, size_t count) {
    Part part;
    std::unordered_map<std::string, int> numbers;
    for (size_t line = first; line < first + count; ++line) {
      check_token();
      const auto known = molecule(line);
      const JunctionTree tree = known ? decompose(*known, vocabulary) : JunctionTree{};
      const auto choices =
          known && tree.unknown.empty() ? attachment_choices(attachments, tree, *known, {}) : std::nullopt;
      if (!choices) {
        ++part.left_out;
        continue;
      }
      TrainingMolecule molecule;
      std::vector<int> number(tree.nodes.size(), -1);
      add_nodes(tree, 0, -1, molecule, number);
      molecule.graph = features_of(kekulised(known->graph()));
      for (const AttachmentChoice& choice : *choices) {
        if (choice.candidates->list.size() < 2) continue;
        TrainingMolecule::Choice own;
        own.surroundings = surroundings_number(part, numbers, choice);
        own.right = static_cast<int>(choice.right);
        const auto& around = choice.placed.around;
        const auto add = [&](int mark, int64_t node) {
          own.of_mark.push_back(mark == 0 ? -1 : number[static_cast<size_t>(node)]);
        };
        add(around.centre.mark, choice.node);
        add(around.parent ? around.parent->mark : 0, choice.parent);
        for (size_t i = 0; i < around.children.size(); ++i)
          add(around.children[i].mark, choice.placed.children[i]);
        molecule.choices.push_back(std::move(own));
      }
      part.molecules.push_back(std::move(molecule));
    }
    return part;
  }

  static void join(std::vector<Part>& parts, TrainingMolecules& result) {
    std::unordered_map<std::string, int> numbers;
    for (Part& part : parts) {
      std::vector<int> number;
      for (size_t i = 0; i < part.keys.size(); ++i) {
        const auto [found, added] = numbers.emplace(part.keys[i], static_cast<int>(result.candidates.size()));
        if (added) result.candidates.push_back(std::move(part.candidates[i]));
        number.push_back(found->second);
      }
      for (TrainingMolecule& molecule : part.molecules) {
        for (auto& choice : molecule.choices)
          choice.surroundings = number[static_cast<size_t>(choice.surroundings)];
        result.molecules.push_back(std::move(molecule));
      }
      result.left_out += part.left_out;
      part = Part();
    }
  }

  const std::vector<std::string>& smiles_;
  const fs::path& folder_;
  const std::string& name_;
  const ProgressObserver& progress_;
  const CancellationToken& token_;
  std::mutex mutex_;
  int64_t done_ = 0;
  std::string refusal_;
};

}  // namespace

TrainingMolecules prepare_molecules(const std::vector<std::string>& smiles, const fs::path& folder,
                                    const std::string& name, const ProgressObserver& progress,
                                    const CancellationToken& token) {
  return Preparation(smiles, folder, name, progress, token).run();
}

}  // namespace latentpath
