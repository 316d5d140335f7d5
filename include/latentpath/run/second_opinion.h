#pragma once
// What is said of paths by measures that no search has optimised: a second classifier, and the rank of every
// place by the prior.
//
//   judge_probability    what a second classifier, the judge, says of each of 50 frames at equal steps of
//                        time
//   judge_disagreement   share of the frames of which the optimised classifier is sure (0.8 or more) and the
//                        judge thinks the opposite (below ½)
//   image_rank           how far each frame is from its nearest among 2000 decoded samples of the prior, in
//                        the features of the judge (or of the classifier): the share of 500 other samples
//                        that are as far or farther
//   cycle_rank           the cycle error ‖Φ(E(Φ(z))) − Φ(z)‖ of each frame, E the encoder: the share of the
//                        same 500 samples whose error is as large or larger. An encoder knows the images that
//                        it was trained on, and what it cannot give back is unlike them
//   stranger_than        the one number: with the least of the ranks of a place (latent, image, cycle) as its
//                        strangeness, how many of 100 samples of the prior are less strange, on average over
//                        the frames; 50 is a path that looks like samples
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
  std::function<Tensor(const Tensor& decoded)> encode;  ///< [n, …] → codes [n, D]; none: no cycle error
  LatentSampler samples;  ///< of the prior, for images to compare with; none: nothing is compared
  uint64_t seed = 0;
};

/// Samples of the prior, and how strange each is among the others.
class SampleRanks {
 public:
  /// `rank` may be null: then latents are not ranked.
  SampleRanks(std::shared_ptr<const Embedding> decoder, TypicalityRankPointer rank,
              const SecondOpinion& second, at::ScalarType type);

  /// [n] float64 each; undefined for what is not compared.
  struct Ranks {
    Tensor image, cycle, cycle_error;
    Tensor less_strange;  ///< share of the samples that are less strange
  };
  /// Of latents [n, D] and what they decode to.
  Ranks of(const Tensor& z, const Tensor& decoded) const;

 private:
  Tensor nearest(const Tensor& decoded) const;
  Tensor cycle_errors(const Tensor& decoded) const;
  std::shared_ptr<const Embedding> decoder_;
  TypicalityRankPointer rank_;
  std::function<Tensor(const Tensor&)> features_, encode_;
  Tensor reference_;                   // features [2000, F]
  Tensor distances_, errors_, ranks_;  // of the 500 samples, ascending
};

/// The rank of the strangest place of curves γ(times [T]) → [pairs, T, D], on `times` [n + 1] halved three
/// times: [pairs] float64.
Tensor least_rank(const TypicalityRank& rank, const std::function<Tensor(const Tensor&)>& curve,
                  const Tensor& times);

/// Share of frames that the optimised feature calls sure and the judge denies: [pairs, F] each → [pairs].
Tensor judge_disagreement(const Tensor& feature, const Tensor& judged);

/// Adds to every pair's path, linear and spherical: `mean_judge_probability`, `judge_disagreement`,
/// `mean_image_rank`, `least_image_rank`, `mean_cycle_rank`, `least_cycle_rank`, `mean_cycle_error`,
/// `stranger_than`, `least_guard_rank`; to the path also `judge_probability`, `image_rank` and `cycle_rank`
/// frame by frame, `guard`, and `least_end_rank`, the lower of its two ends' ranks; and to the summary
/// `guard`, the state of all. What nobody can say is left out.
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
          "A second classifier, reported beside the one that is optimised: model FILE, NAME of a "
          "shipped "
          "model, or none")
      .unset("NAME-judge.pt beside the classifier, where there is one")
      .names_file();
}

}  // namespace latentpath
