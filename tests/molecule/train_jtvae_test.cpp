#include "latentpath/molecule/train_jtvae.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/csrc/autograd/autograd.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/io/file.h"
#include "latentpath/molecule/jtvae.h"
#include "latentpath/molecule/molecule_models.h"
#include "latentpath/molecule/property_model.h"
#include "latentpath/zoo/model_store.h"
#include "molecule/jtvae_losses.h"

namespace latentpath {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// The first molecules of the table of properties, which are of MOSES.
std::vector<std::string> molecules(size_t count) {
  std::ifstream table(fs::path(LATENTPATH_TEST_SOURCE) / "tests/molecule/reference_properties.csv");
  std::vector<std::string> smiles;
  std::string line;
  std::getline(table, line);
  while (smiles.size() < count && std::getline(table, line)) smiles.push_back(line.substr(0, line.find(',')));
  return smiles;
}

fs::path folder_of(const std::string& name) {
  const fs::path folder = fs::path(testing::TempDir()) / ("train-jtvae-" + name);
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

fs::path list_of(const fs::path& folder, size_t count) {
  std::string text;
  for (const std::string& smiles : molecules(count)) text += smiles + "\n";
  write_file(folder / "list.smi", text);
  return folder / "list.smi";
}

const JtvaeSizes kSmall{0, 12, 8, 6, 3};

struct Small {
  TrainingMolecules known = prepare_molecules(molecules(12), {}, "the list");
  JtvaeSizes sizes = kSmall;
  NamedTensors weights;
  Small() {
    sizes.clusters = static_cast<int64_t>(known.vocabulary.size());
    at::Generator generator = make_generator(3);
    weights = initial_jtvae_weights(sizes, generator);
    for (auto& [name, tensor] : weights)
      if (name.ends_with("bias")) tensor = at::randn(tensor.sizes(), generator) * 0.1;
  }
};

/// Of all losses.
std::vector<Tensor> parts(const Small& small, const NamedTensors& weights,
                          const std::vector<int64_t>& which) {
  at::Generator generator = make_generator(4);
  const Tensor noise = at::randn({static_cast<int64_t>(which.size()), small.sizes.latents}, generator);
  const JtvaeLosses losses = jtvae_losses(weights, small.sizes, small.known, which, noise);
  return {losses.clusters, losses.ends, losses.attachments, losses.divergence};
}

/// float32: differences over a direction of all weights, at a step where rounding and curvature are both
/// small.
TEST(JtvaeLosses, GradientIsTheSlopeOfTheLosses) {
  const Small small;
  const std::vector<int64_t> which{0, 1, 2, 3, 4, 5};
  for (const auto& [name, tensor] : small.weights) {
    NamedTensors leaves = small.weights;
    leaves[name] = tensor.detach().clone().requires_grad_(true);
    Tensor sum = at::zeros({});
    for (const Tensor& part : parts(small, leaves, which)) sum = sum + part;
    const Tensor gradient = torch::autograd::grad({sum}, {leaves[name]})[0];
    const double length = gradient.norm().item<double>();
    ASSERT_GT(length, 0) << name;
    const auto moved = [&](double step) {
      NamedTensors other = small.weights;
      other[name] = tensor + step / length * gradient;
      double sum_there = 0;  // in float64: each part is rounded by its own size alone
      for (const Tensor& part : parts(small, other, which)) sum_there += part.item<double>();
      return sum_there;
    };
    constexpr double kStep = 2e-3;
    const double difference = (moved(kStep) - moved(-kStep)) / (2 * kStep);
    EXPECT_NEAR(length, difference, 0.03 * length + 0.05) << name;
  }
}

TEST(JtvaeLosses, OfABatchAreThoseOfItsMolecules) {
  const Small small;
  const auto loss = [&](const std::vector<int64_t>& which) {
    const JtvaeLosses l = jtvae_losses(small.weights, small.sizes, small.known, which, {});
    return std::vector<double>{l.clusters.item<double>(), l.ends.item<double>(), l.attachments.item<double>(),
                               l.divergence.item<double>()};
  };
  std::vector<double> sum(4, 0);
  std::vector<int64_t> all;
  for (int64_t i = 0; i < static_cast<int64_t>(small.known.molecules.size()); ++i) {
    const auto alone = loss({i});
    for (size_t k = 0; k < 4; ++k) sum[k] += alone[k];
    all.push_back(i);
  }
  const auto together = loss(all);
  for (size_t k = 0; k < 4; ++k) EXPECT_NEAR(together[k], sum[k], 1e-3 * sum[k] + 1e-3) << k;
}

JunctionTree tree_of(const TrainingMolecule& molecule) {
  JunctionTree tree;
  for (const auto& node : molecule.nodes) {
    const auto number = static_cast<int64_t>(tree.nodes.size());
    tree.nodes.push_back({node.cluster, {}, {}});
    if (node.parent < 0) continue;
    tree.nodes.back().neighbours.push_back(node.parent);
    tree.nodes[static_cast<size_t>(node.parent)].neighbours.push_back(number);
  }
  return tree;
}

/// What is trained is what is decoded with: latents and scores of attachments are those of JtvaeNetwork.
TEST(JtvaeLosses, AreOfTheNetworkThatDecodes) {
  const Small small;
  const auto folder = folder_of("network");
  const std::vector<std::pair<std::string, Tensor>> named(small.weights.begin(), small.weights.end());
  write_jtvae(folder / "model.pt", named, small.known.vocabulary, small.sizes.depth, "for tests");
  const JunctionTreeVae vae(folder / "model.pt");
  const JtvaeNetwork network(small.weights, small.sizes.clusters, small.sizes.depth, "the weights");
  const auto list = molecules(12);
  ASSERT_EQ(small.known.molecules.size(), list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    const JtvaeLosses losses =
        jtvae_losses(small.weights, small.sizes, small.known, {static_cast<int64_t>(i)}, {});
    const Tensor mean = vae.encode({parse_molecule(list[i], "a molecule").molecule});
    EXPECT_TRUE(at::allclose(losses.latents, mean, 1e-4, 1e-5)) << list[i];
    const TrainingMolecule& molecule = small.known.molecules[i];
    const TreeMessages messages = network.tree_messages(tree_of(molecule));
    const int64_t half = small.sizes.latents / 2;
    const Tensor z = mean[0].narrow(0, half, half);
    double loss = 0;
    for (const auto& choice : molecule.choices) {
      std::map<std::pair<int, int>, int64_t> rows;
      for (size_t a = 0; a < choice.of_mark.size(); ++a)
        for (size_t b = 0; b < choice.of_mark.size(); ++b)
          if (const auto row = messages.row_of.find({choice.of_mark[a], choice.of_mark[b]});
              row != messages.row_of.end())
            rows[{static_cast<int>(a) + 1, static_cast<int>(b) + 1}] = row->second;
      std::vector<const MoleculeFeatures*> graphs;
      for (const auto& graph : small.known.candidates[static_cast<size_t>(choice.surroundings)])
        graphs.push_back(&graph);
      const Tensor scores = at::mv(affine(network.candidate(graphs, messages.values, rows),
                                          network.attachment_weight, network.attachment_bias),
                                   z);
      loss += (scores.logsumexp(0) - scores[choice.right]).item<double>();
    }
    EXPECT_NEAR(losses.attachments.item<double>(), loss, 1e-3 * loss + 1e-4);
  }
}

TEST(TrainingMolecules, AreKeptAndMadeAnewWhereDamaged) {
  const auto folder = folder_of("kept");
  auto list = molecules(30);
  list.emplace_back("no molecule");
  const TrainingMolecules first = prepare_molecules(list, folder, "the list");
  EXPECT_EQ(first.molecules.size(), 30U);
  EXPECT_EQ(first.left_out, 1);
  const auto same = [&](const TrainingMolecules& other) {
    EXPECT_EQ(other.vocabulary, first.vocabulary);
    ASSERT_EQ(other.molecules.size(), first.molecules.size());
    EXPECT_EQ(other.candidates.size(), first.candidates.size());
    for (size_t i = 0; i < first.molecules.size(); ++i) {
      EXPECT_EQ(other.molecules[i].nodes.size(), first.molecules[i].nodes.size());
      EXPECT_EQ(other.molecules[i].choices.size(), first.molecules[i].choices.size());
    }
  };
  const auto written = fs::last_write_time(folder / "part-0.npy");
  same(prepare_molecules(list, folder, "the list"));
  EXPECT_EQ(fs::last_write_time(folder / "part-0.npy"), written);
  std::string bytes = read_file(folder / "part-0.npy");
  write_file(folder / "part-0.npy", bytes.substr(0, bytes.size() / 2));
  same(prepare_molecules(list, folder, "the list"));
}

JtvaeTraining small_training(const fs::path& folder, size_t count) {
  JtvaeTraining training;
  training.data = list_of(folder, count);
  training.out = folder / "model.pt";
  training.hidden = 40;
  training.assembly_hidden = 24;
  training.latents = 16;
  training.batch = 16;
  training.learning_rate = 3e-3;
  training.held_out = 3;
  training.regressors = 0;
  return training;
}

TEST(TrainJtvae, LossFallsAndTheModelEncodesAndDecodes) {
  const auto folder = folder_of("falls");
  JtvaeTraining training = small_training(folder, 150);
  training.epochs = 12;
  const JtvaeTrainingSummary summary = train_jtvae(training);
  EXPECT_LT(summary.last_loss, 0.6 * summary.first_loss);
  EXPECT_TRUE(fs::exists(folder / "model.json"));
  EXPECT_TRUE(fs::exists(folder / "model.csv"));
  EXPECT_FALSE(fs::exists(folder / "model.checkpoint"));
  EXPECT_FALSE(fs::exists(folder / "model.prepared"));
  const JunctionTreeVae vae(folder / "model.pt");
  EXPECT_EQ(vae.latent_dim(), 16);
  const Tensor code = vae.encode({parse_molecule(molecules(1)[0], "a molecule").molecule});
  at::Generator generator = make_generator(1);
  std::set<std::string> different;
  for (const DecodedMolecule& decoded : vae.decode(code + 2 * at::randn({8, 16}, generator)))
    different.insert(parse_molecule(decoded.molecule.smiles(), "what was decoded",
                                    {.neutralise = false, .most_atoms = 10000})
                         .molecule.smiles());
  EXPECT_GT(different.size(), 3U);
}

TEST(TrainJtvae, RegressorsAreTrainedWithIt) {
  const auto folder = folder_of("regressors");
  JtvaeTraining training = small_training(folder, 130);
  training.epochs = 1;
  training.held_out = 0;
  training.regressors = 120;
  const JtvaeTrainingSummary summary = train_jtvae(training);
  EXPECT_THAT(summary.r2, testing::SizeIs(3));
  EXPECT_FALSE(fs::exists(folder / "model.encoded"));
  const MoleculeModelFiles found = find_molecule_model_files(folder.string());
  EXPECT_EQ(found.vae, training.out);
  EXPECT_EQ(find_molecule_model_files("model", {folder}).properties, found.properties);
  EXPECT_EQ(PropertyModel(found.properties).latent_dim(), 16);
  EXPECT_EQ(read_card(found.properties).at("data"), "list.smi");

  // Others of the same folder: which one is meant?
  fs::copy_file(found.vae, folder / "other.pt");
  fs::copy_file(found.properties, property_file_of(folder / "other.pt"));
  EXPECT_THROW(find_molecule_model_files(folder.string()), Error);
  fs::remove(found.properties);
  EXPECT_EQ(find_molecule_model_files(folder.string()).vae, folder / "other.pt");
  EXPECT_THROW(find_molecule_model_files(folder_of("empty").string()), Error);
  EXPECT_THROW(find_molecule_model_files("nothing", {folder}), Error);

  // Trained anew without, none of the old latents stay.
  write_file(property_file_of(training.out), "old");
  training.regressors = 0;
  train_jtvae(training);
  EXPECT_FALSE(fs::exists(property_file_of(training.out)));
  training.regressors = 50;
  EXPECT_THROW(train_jtvae(training), Error);
  training = small_training(folder_of("too-few"), 40);
  training.epochs = 1;
  training.regressors = 200;
  std::string told;
  train_jtvae(training, [&](const Progress& now) { told += now.note; });
  EXPECT_THAT(told, HasSubstr("need 100 molecules"));
  EXPECT_FALSE(fs::exists(property_file_of(training.out)));
}

/// Interrupted after some steps, gone on with, and on several threads: the same bytes.
TEST(TrainJtvae, AResumedRunGivesTheSameBytes) {
  const auto folder = folder_of("resumed"), other = folder_of("uninterrupted");
  JtvaeTraining training = small_training(folder, 120);
  training.epochs = 2;
  training.batch = 40;
  training.held_out = 0;
  const CancellationToken token;
  try {
    train_jtvae(
        training,
        [&](const Progress& now) {
          if (now.stage.rfind("epoch", 0) == 0 && now.done == 3) token.cancel();
        },
        token);
    FAIL() << "it was not interrupted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
    EXPECT_THAT(error.what(), HasSubstr("model.checkpoint"));
  }
  EXPECT_FALSE(fs::exists(training.out));
  training.resume = true;
  training.threads = 2;
  train_jtvae(training);
  JtvaeTraining uninterrupted = training;
  uninterrupted.resume = false;
  uninterrupted.threads = 1;
  uninterrupted.out = other / "model.pt";
  train_jtvae(uninterrupted);
  EXPECT_EQ(read_file(training.out), read_file(uninterrupted.out));
}

TEST(TrainJtvae, RefusesWhatItCannotLearnFrom) {
  const auto folder = folder_of("refused");
  const auto refusal = [&](JtvaeTraining training, ErrorKind kind) -> std::string {
    try {
      train_jtvae(training);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      return error.what();
    }
    return "";
  };
  JtvaeTraining training = small_training(folder, 30);
  training.data = folder / "none";
  EXPECT_THAT(refusal(training, ErrorKind::kInput), HasSubstr("latentpath data moses"));
  training.data = folder;
  EXPECT_THAT(refusal(training, ErrorKind::kInput), HasSubstr("has no molecules"));
  training.data = folder / "few.smi";
  write_file(training.data, "CCO\nCCN\n");
  EXPECT_THAT(refusal(training, ErrorKind::kInput), HasSubstr("at least 20"));
  std::string text;
  for (int i = 0; i < 40; ++i) text += "hello\n";
  write_file(training.data, text);
  EXPECT_THAT(refusal(training, ErrorKind::kInput), HasSubstr("no line of"));
  training = small_training(folder, 30);
  training.batch = 64;
  EXPECT_THAT(refusal(training, ErrorKind::kArgument), HasSubstr("`batch`"));
  training.batch = 16;
  training.latents = 7;
  EXPECT_THAT(refusal(training, ErrorKind::kArgument), HasSubstr("even"));
  training.latents = 8;
  training.resume = true;
  EXPECT_THAT(refusal(training, ErrorKind::kInput), HasSubstr("no checkpoint"));
  write_file(folder / "model.checkpoint", "nothing");
  EXPECT_THAT(refusal(training, ErrorKind::kInput), HasSubstr("model.checkpoint"));
}

}  // namespace
}  // namespace latentpath
