#include "latentpath/molecule/jtvae.h"

#include <torch/script.h>

#include <algorithm>
#include <fstream>

#include "latentpath/core/error.h"
#include "latentpath/core/exception_sentence.h"
#include "latentpath/core/listed.h"
#include "latentpath/core/parallel.h"
#include "latentpath/io/archive.h"
#include "latentpath/io/file.h"
#include "molecule/cluster.h"
#include "molecule/jtvae_impl.h"

namespace latentpath {
namespace {

constexpr const char* kKind = "junction tree VAE";
constexpr int64_t kBatch = 64;  // molecules that go through the networks together

/// TorchScript's names have no dots.
std::string replaced(std::string name, const std::string& from, const std::string& to) {
  for (size_t at = name.find(from); at != std::string::npos; at = name.find(from, at + to.size()))
    name.replace(at, from.size(), to);
  return name;
}

/// Each once, in the order of the molecule.
std::vector<std::string> different(const std::vector<std::string>& texts) {
  std::vector<std::string> list;
  for (const std::string& text : texts)
    if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
  return list;
}

}  // namespace

JunctionTreeVae::JunctionTreeVae(const std::filesystem::path& file) {
  const std::string name = file.string();
  LATENTPATH_CHECK(std::filesystem::is_regular_file(file), kInput, "there is no file ", name,
                   " with a junction tree VAE (latentpath data jtvae-zinc fetches the published one)");
  check_archive(file, name);
  NamedTensors weights;
  std::vector<std::string> vocabulary;
  int64_t depth = 0;
  std::string origin;
  try {
    const torch::jit::Module module = torch::jit::load(name);
    LATENTPATH_CHECK(module.hasattr("kind") && module.attr("kind").isString() &&
                         module.attr("kind").toStringRef() == kKind,
                     kInput, name, " holds no junction tree VAE");
    for (const auto& parameter : module.named_parameters())
      weights[replaced(parameter.name, "__", ".")] = parameter.value.detach().to(at::kFloat).contiguous();
    for (const c10::IValue& cluster : module.attr("vocabulary").toListRef())
      vocabulary.push_back(cluster.toStringRef());
    depth = module.attr("depth").toInt();
    origin = module.attr("origin").toStringRef();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& failure) {
    throw Error(ErrorKind::kInput, name + " holds no junction tree VAE: " + exception_sentence(failure));
  }
  LATENTPATH_CHECK(depth >= 1 && depth <= 20, kInput, name, ": the depth ", depth, " must be 1 to 20");
  LATENTPATH_CHECK(!vocabulary.empty(), kInput, name, " has an empty vocabulary");
  model_ = std::make_unique<Model>(weights, std::move(vocabulary), depth, name, origin);
}

JunctionTreeVae::~JunctionTreeVae() = default;
JunctionTreeVae::JunctionTreeVae(JunctionTreeVae&&) noexcept = default;

int64_t JunctionTreeVae::latent_dim() const { return 2 * model_->network.half; }

const ClusterVocabulary& JunctionTreeVae::vocabulary() const { return model_->vocabulary; }

std::string JunctionTreeVae::describe() const { return "junction tree VAE " + model_->origin; }

std::vector<std::string> JunctionTreeVae::unknown_fragments(const Molecule& molecule) const {
  return different(decompose(molecule, model_->vocabulary).unknown);
}

Tensor JunctionTreeVae::encode(const std::vector<Molecule>& molecules) const {
  const at::NoGradGuard no_gradients;
  Tensor codes = at::empty({static_cast<int64_t>(molecules.size()), latent_dim()});
  for (size_t first = 0; first < molecules.size(); first += kBatch) {
    const size_t last = std::min(molecules.size(), first + kBatch);
    std::vector<JunctionTree> trees;
    std::vector<MoleculeFeatures> features;
    for (size_t i = first; i < last; ++i) {
      trees.push_back(decompose(molecules[i], model_->vocabulary));
      LATENTPATH_CHECK(
          trees.back().unknown.empty(), kArgument, "the molecule ", molecules[i].smiles(),
          " has fragments that the model does not know: ", listed(different(trees.back().unknown)));
      features.push_back(features_of(kekulised(molecules[i].graph())));
    }
    std::vector<const JunctionTree*> tree_list;
    std::vector<const MoleculeFeatures*> graph_list;
    for (size_t i = 0; i < trees.size(); ++i) {
      tree_list.push_back(&trees[i]);
      graph_list.push_back(&features[i]);
    }
    const Tensor code =
        at::cat({model_->network.tree_mean(tree_list), model_->network.graph_mean(graph_list)}, 1);
    codes.narrow(0, static_cast<int64_t>(first), code.size(0)).copy_(code);
  }
  return codes;
}

std::vector<DecodedMolecule> JunctionTreeVae::decode(const Tensor& latents,
                                                     const DecodeLimits& limits) const {
  LATENTPATH_CHECK(latents.dim() == 2 && latents.size(1) == latent_dim(), kArgument,
                   "latents have the shape ", shape_string(latents.sizes()), ", where [n, ", latent_dim(),
                   "] is expected");
  LATENTPATH_CHECK(at::isfinite(latents).all().item<bool>(), kNumerical,
                   "a latent has coordinates that are NaN or infinite");
  const at::NoGradGuard no_gradients;
  const Tensor z = latents.detach().to(at::kFloat).contiguous();
  const int64_t half = model_->network.half;
  std::vector<std::optional<DecodedMolecule>> decoded(static_cast<size_t>(z.size(0)));
  // One at a time: a product with a matrix of one row and one of several round differently, and what a latent
  // decodes to must not depend on its neighbours.
  run_in_parallel(z.size(0), [&](int64_t i) {
    AttachmentPool::Lent attachments(model_->attachments);
    const auto trees =
        decode_trees(model_->network, *attachments, z.narrow(0, i, 1).narrow(1, 0, half), limits.steps);
    DecodedMolecule molecule = assemble(model_->network, *attachments, trees[0].tree,
                                        z[i].narrow(0, half, half).contiguous(), limits.states);
    molecule.gave_up = molecule.gave_up || !trees[0].complete;
    decoded[static_cast<size_t>(i)] = std::move(molecule);
  });
  std::vector<DecodedMolecule> result;
  for (auto& molecule : decoded) result.push_back(std::move(*molecule));
  return result;
}

std::vector<std::optional<DecodedMolecule>> JunctionTreeVae::molecules_of(
    const Tensor& latents, const CancellationToken& token) const {
  constexpr int64_t kTogether = 256;  // between two looks at the token
  std::vector<std::optional<DecodedMolecule>> molecules;
  for (int64_t first = 0; first < latents.size(0); first += kTogether) {
    LATENTPATH_CHECK(!token.cancelled(), kInterrupted, "interrupted while decoding: nothing is written");
    for (DecodedMolecule& each :
         decode(latents.narrow(0, first, std::min(kTogether, latents.size(0) - first))))
      molecules.emplace_back(std::move(each));
  }
  return molecules;
}

std::optional<Tensor> JunctionTreeVae::code_of(const Molecule& molecule) const {
  return unknown_fragments(molecule).empty() ? std::optional(encode({molecule})[0]) : std::nullopt;
}

void write_jtvae(const std::filesystem::path& file,
                 const std::vector<std::pair<std::string, Tensor>>& weights,
                 const std::vector<std::string>& vocabulary, int64_t depth, const std::string& origin) {
  torch::jit::Module module("junction_tree_vae");
  module.register_attribute("training", c10::BoolType::get(), false);
  module.register_attribute("kind", c10::StringType::get(), std::string(kKind));
  module.register_attribute("depth", c10::IntType::get(), depth);
  module.register_attribute("origin", c10::StringType::get(), origin);
  module.register_attribute("vocabulary", c10::ListType::ofStrings(), c10::List<std::string>(vocabulary));
  for (const auto& [name, tensor] : weights)
    module.register_parameter(replaced(name, ".", "__"), tensor, false);
  write_atomically(file, [&](const std::filesystem::path& temporary) {
    // To a stream: given a name, LibTorch would write it, with the process's number in it, into the file.
    std::ofstream stream(temporary, std::ios::binary);
    module.save(stream);
    stream.close();
    LATENTPATH_CHECK(stream, kArgument, "cannot write ", file.string());
  });
}

}  // namespace latentpath
