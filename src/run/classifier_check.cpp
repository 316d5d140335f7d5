#include "latentpath/run/classifier_check.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "latentpath/core/random.h"

namespace latentpath {

nlohmann::json classifier_check(const Embedding& decoder, const Classifier& classifier,
                                const QualityPointer& feature, const LatentSampler& prior, uint64_t seed,
                                at::ScalarType latents) {
  constexpr int64_t kSamples = 128, kBatch = 64;
  const at::NoGradGuard no_gradient;
  auto generator = make_generator(seed + 29);  // a stream of its own: paths do not depend on this look
  const Tensor z = prior(kSamples, generator).to(latents);
  std::vector<Tensor> answers, features;
  for (const Tensor& part : z.split(kBatch)) {
    const Tensor decoded = decoder(part);
    answers.push_back(classifier.probabilities(classifier.takes_latent() ? part : decoded).to(at::kDouble));
    if (feature)
      features.push_back(
          feature->evaluate({part, at::full({part.size(0)}, 0.5, part.options()), decoded}).to(at::kDouble));
  }
  const Tensor all = at::cat(answers);
  const bool exclusive = classifier.exclusive();
  const Tensor surest = exclusive ? all.amax(1) : at::maximum(all, 1 - all);
  const Tensor seen = exclusive ? at::bincount(all.argmax(1), {}, all.size(1)) : (all >= 0.5).sum(0);
  const bool one_answer = exclusive ? (seen > 0).sum().item<int64_t>() == 1
                                    : ((seen == 0).logical_or(seen == all.size(0))).all().item<bool>();
  nlohmann::json check{{"samples", kSamples},
                       {"classes", all.size(1)},
                       {"sure", (surest >= kSureProbability).to(at::kDouble).mean().item<double>()},
                       {"classes_seen", (seen > 0).sum().item<int64_t>()},
                       {"one_answer", one_answer}};
  if (feature) check["share_of_prior"] = (at::cat(features) > 0.5).to(at::kDouble).mean().item<double>();
  std::string adapted;
  for (const std::string& step : classifier.adaptations()) adapted += (adapted.empty() ? "" : ", ") + step;
  if (!adapted.empty()) check["adapted"] = adapted;
  return check;
}

}  // namespace latentpath
