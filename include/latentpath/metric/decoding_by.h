#pragma once
// decoding_by: qualities that decode points themselves, as those by the cycle do (cycle_quality.h), by
// another realisation of the same decoder: one that counts what it is asked.
//
//   EvaluationCounter counter(decoder, pairs);
//   problem.quality = decoding_by(problem.quality, decoder, counter.map());

#include <memory>

#include "latentpath/metric/embedding.h"
#include "latentpath/metric/quality.h"

namespace latentpath {

/// The same quality, in which `decoder` is `by` wherever it is decoded by itself; `quality` where it nowhere
/// is.
QualityPointer decoding_by(const QualityPointer& quality, const std::shared_ptr<const Embedding>& decoder,
                           const std::shared_ptr<const Embedding>& by);

}  // namespace latentpath
