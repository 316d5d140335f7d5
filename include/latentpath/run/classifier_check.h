#pragma once
// Does a classifier know what a decoder makes? A classifier says something of every image; of images unlike
// those that it was trained on it is rarely sure.
//
//   nlohmann::json check = classifier_check(*decoder, *classifier, feature, prior, seed, at::kFloat);
//   check["sure"];             // 0.02: a garment model's samples under a classifier of digits

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "latentpath/metric/embedding.h"
#include "latentpath/metric/quality.h"
#include "latentpath/models/classifier.h"
#include "latentpath/path/via_points.h"

namespace latentpath {

/// From here on a classifier is called sure of an answer.
inline constexpr double kSureProbability = 0.8;

/// Of 128 samples of the prior:
///
/// - samples, classes: how many there are
/// - sure: the share of answers with a probability of kSureProbability or more: of the likeliest class where
///   classes exclude each other, else of each attribute being there or not
/// - classes_seen: how many classes are the likeliest of some sample, or attributes more likely than not
/// - one_answer: all samples have the same likeliest class, or the same attributes
/// - share_of_prior: the share with the feature above one half; absent without a feature
/// - adapted: what was done to size, channels and values before the classifier; absent if nothing
///
/// `latents` is the type that the decoder takes.
nlohmann::json classifier_check(const Embedding& decoder, const Classifier& classifier,
                                const QualityPointer& feature, const LatentSampler& prior, uint64_t seed,
                                at::ScalarType latents);

}  // namespace latentpath
