#pragma once
// A classifier handed over as a TorchScript file, and the qualities made from it (paper A, §6).
//
// forward(Tensor[n, …]) → Tensor[n, C], probabilities or logits. Rows of non-negative numbers that sum to 1
// are probabilities of classes; numbers that stay within [0, 1] whatever image is shown are probabilities of
// attributes, each by itself; else softmax is applied, or the sigmoid when C = 1.
//
//   auto classifier = latentpath::load_classifier("classifier.pt");
//   classifier->connect(*decoder, points, decoder->output_range());   // from the decoder's format to its own
//   auto eights = latentpath::class_probability(classifier, 8);

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/value_range.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/metric/quality.h"
#include "latentpath/models/torchscript_module.h"

namespace latentpath {

/// How a classifier's output becomes probabilities.
enum class ClassifierOutput {
  kDetect,         ///< look at the rows, as described above
  kProbabilities,  ///< taken as they are
  kSoftmax,        ///< logits of classes that exclude each other
  kSigmoid         ///< logits of independent attributes
};

/// "probabilities", "softmax", "sigmoid"; any other text leaves it to be looked at.
ClassifierOutput classifier_output_named(const std::string& name);

struct ClassifierOptions {
  bool input_is_latent = false;               ///< it takes z, not Φ(z)
  std::optional<ValueRange> input_range;      ///< where the file does not say it
  std::vector<double> input_mean, input_std;  ///< where the file does not say them
  std::vector<int64_t> input_shape;           ///< [C, H, W], where the file does not say it
  ClassifierOutput output = ClassifierOutput::kDetect;
  std::string dtype;  ///< as DecoderOptions
  std::string device = "cpu";
  ModelSignature signature = {};  ///< its method and output; of its inputs the first is taken
  bool file_first = false;        ///< what the file says of its input counts more than what is said here
};

class Classifier {
 public:
  /// Throws Error(kInput) when the file is missing or is not a TorchScript classifier.
  Classifier(const std::filesystem::path& file, const ClassifierOptions& options);
  /// A module loaded before, or a function in a module's place; dtype and device are the module's.
  Classifier(TorchScriptModule module, const ClassifierOptions& options);
  ~Classifier();

  /// Learns what `decoder` gives from a few points of a standard normal latent (or `points` [n, D]), chooses
  /// the conversion to the classifier's format, and finds out how its output is to be read. `output_range` is
  /// what the decoder states about its values, if anything. Throws Error(kInput) when they do not fit.
  void connect(const Embedding& decoder, const Tensor& points, std::optional<ValueRange> output_range);

  /// [n, C] in [0, 1]: from Φ(z), or from z where the classifier takes latents.
  Tensor probabilities(const Tensor& input) const;

  bool takes_latent() const;
  /// True when several threads may run it at once.
  bool concurrent() const;
  /// At least how many multiplications an input takes: its weights, each used once.
  int64_t operations_per_point() const;
  /// C; known once connected.
  int64_t classes() const;
  /// True when the classes exclude each other (softmax), false for independent attributes.
  bool exclusive() const;
  /// Names from the file's attribute `class_names`, or empty.
  const std::vector<std::string>& class_names() const;
  /// What distances between inputs are measured in, [n, …] → [n, F]: the file's method `features` (the values
  /// before its last layer, say), else its outputs before they become probabilities.
  Tensor features(const Tensor& input) const;
  /// The number of the class given as a number or as a name. Throws Error(kArgument) naming what exists.
  int64_t class_index(const std::string& number_or_name) const;
  /// What was assumed about input and output, one sentence each; and what looks wrong.
  const std::vector<std::string>& assumptions() const;
  const std::vector<std::string>& warnings() const;
  /// What is done to an input before the classifier (InputAdapter::steps); empty when nothing is.
  std::vector<std::string> adaptations() const;
  std::string describe() const;
  const std::filesystem::path& file() const;

 private:
  struct Model;
  std::unique_ptr<Model> model_;
};

std::shared_ptr<Classifier> load_classifier(const std::filesystem::path& file,
                                            const ClassifierOptions& options = {});

/// Q(z) = P(class | Φ(z)). Throws Error(kArgument) when the classifier has no such class.
QualityPointer class_probability(std::shared_ptr<const Classifier> classifier, int64_t class_index);

/// What `favor` and `avoid` ask for: among classes that exclude each other, the probability of being in
/// any favoured one and in no avoided one; among independent attributes, of having all favoured ones and no
/// avoided one.
QualityPointer feature_quality(std::shared_ptr<const Classifier> classifier,
                               const std::vector<int64_t>& favored, const std::vector<int64_t>& avoided);

}  // namespace latentpath
