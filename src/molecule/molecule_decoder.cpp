#include "latentpath/molecule/molecule_decoder.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"

namespace latentpath {

MoleculeDraws draw_molecules(const MoleculeDecoder& decoder,
                             const std::function<Tensor(int64_t, at::Generator&)>& sampler, int64_t count,
                             uint64_t seed, const ProgressObserver& progress,
                             const CancellationToken& token) {
  constexpr int64_t kTogether = 1000;
  at::Generator generator = make_generator(seed);
  MoleculeDraws draws{sampler(count, generator), {}};
  for (int64_t first = 0; first < count; first += kTogether) {
    LATENTPATH_CHECK(!token.cancelled(), kInterrupted,
                     "interrupted while drawing molecules to learn from: nothing is written");
    if (progress) progress({"drawing molecules", first, count, 0});
    auto some = decoder.molecules_of(draws.codes.narrow(0, first, std::min(kTogether, count - first)), token);
    std::move(some.begin(), some.end(), std::back_inserter(draws.decoded));
  }
  return draws;
}

}  // namespace latentpath
