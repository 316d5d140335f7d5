#pragma once
// What is said of paths by measures that no search has optimised: a second classifier, and the rank of every
// place by the prior.
//
//   judge_probability    what a second classifier, the judge, says of each of 50 frames at equal steps of time
//   judge_disagreement   share of the frames of which the optimised classifier is sure (0.8 or more) and the judge
//                        thinks the opposite (below ½)
//   image_rank           how far each frame is from its nearest among 2000 decoded samples of the prior, in the
//                        features of the judge (or of the classifier): the share of 500 other samples that are as
//                        far or farther. 0.01: stranger than 99 of 100 samples
//   least_guard_rank     the rank of the strangest place: share of the prior in places no likelier
//                        (typicality_guard.h), on a grid eight times finer than the nodes, ends included
//
//   add_second_opinion(summary, problem, result, guard, second);
//   summary["pairs"][0]["path"]["judge_disagreement"];

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "latentpath/core/option_table.h"
#include "latentpath/path/find_path.h"
#include "latentpath/run/prior.h"

namespace latentpath {

/// Who is asked besides what was optimised.
struct SecondOpinion {
  QualityPointer judged;                                  ///< the feature by the judge; null: no judge
  std::function<Tensor(const Tensor& decoded)> features;  ///< [n, …] → [n, F]; none: images are not compared
  LatentSampler samples;                                  ///< of the prior, for images to compare with
  uint64_t seed = 0;
};

/// Images of the prior, and how far they are from one another.
class ImageRanks {
 public:
  ImageRanks(const Embedding& decoder, const SecondOpinion& second, at::ScalarType type);
  /// decoded [n, …] → [n] float64: the share of prior samples that are as far from their nearest image or
  /// farther.
  Tensor of(const Tensor& decoded) const;

 private:
  Tensor nearest(const Tensor& features) const;
  std::function<Tensor(const Tensor&)> features_;
  Tensor reference_, ordered_;  // [2000, F]; distances of other samples, ascending
};

/// The rank of the strangest place of curves γ(times [T]) → [pairs, T, D], on `times` [n + 1] halved three
/// times: [pairs] float64.
Tensor least_rank(const TypicalityRank& rank, const std::function<Tensor(const Tensor&)>& curve,
                  const Tensor& times);

/// Share of frames that the optimised feature calls sure and the judge denies: [pairs, F] each → [pairs].
Tensor judge_disagreement(const Tensor& feature, const Tensor& judged);

/// Adds to every pair's path, linear and spherical: `mean_judge_probability`, `judge_disagreement`,
/// `mean_image_rank`, `least_image_rank`, `least_guard_rank`; to the path also `judge_probability` and
/// `image_rank` frame by frame, and `least_end_rank`, the lower of its two ends' ranks; and to the summary
/// `guard`, its state. What nobody can say is left out.
void add_second_opinion(nlohmann::json& summary, const PathProblem& problem, const PathResult& result,
                        const Guard& guard, const SecondOpinion& second);

/// The rows of `guard` and `judge`, the same in every job.
template <class Options>
OptionTable<Options>& add_guard_and_judge(OptionTable<Options>& table, std::string Options::*guard,
                                          std::string Options::*judge) {
  return table.add("guard", guard)
      .help("Keep paths of a feature to where the prior has samples")
      .choices({{"on", "no place stranger than the strangest of 100 samples"}, {"none"}})
      .add("judge", judge)
      .help(
          "A second classifier, reported beside the one that is optimised: TorchScript FILE, NAME of a "
          "shipped "
          "model, or none")
      .unset("NAME-judge.pt beside the classifier, where there is one")
      .names_file();
}

}  // namespace latentpath
