#pragma once
// End points as users name them: a file, a seed, a class, a picture, or the numbers themselves.
//
//   EndPointReader reader({.from = "seed:23", .to = "class:8"}, context);
//   auto [start, end] = reader.read();                                    // [pairs, D] each
//
//   1.0,2.0,…    the D numbers
//   FILE.npy     [D], or [pairs, D], or in the latent's own shape [4, 32, 32], [pairs, 4, 32, 32]; likewise
//                .npz, .csv, .txt and .pt (io/tensor_file.h); a single point at one end serves all at the
//                other
//   seed:N       a draw of the prior
//   class:C      a draw to which the classifier gives the class a probability of 0.9 or more; where there is
//                none, the best one, provided that the class is what the classifier would say there
//   image:FILE   what the encoder makes of a picture, given the size, channels and values that its file
//                states (input_shape, input_range, input_mean, input_std), else those of the decoder's own
//                pictures; of several tensors that it returns, the first
//   nearest:C@P  of `to` alone: wherever the classifier gives the class a probability of P (0.99 where nobody
//                says) or more; free_end() then says so, and the end that is read is the start
//   level-set:FILE  likewise: wherever a function of the latent that a model file holds, [n, D] to [n], is 0

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "latentpath/core/option_table.h"
#include "latentpath/core/progress.h"
#include "latentpath/core/tensor.h"
#include "latentpath/core/value_range.h"
#include "latentpath/metric/density.h"
#include "latentpath/models/classifier.h"
#include "latentpath/models/input_adapter.h"
#include "latentpath/models/torchscript_module.h"
#include "latentpath/run/nearest.h"

namespace latentpath {

struct EndPointOptions {
  std::string from, to;
  std::string pairs;                 ///< an array file [pairs, 2, D], in the place of both
  bool loop = false;                 ///< return to `from`
  std::vector<std::string> through;  ///< points of a tour, between `from` and `to`, in turn
  std::string tours;                 ///< an array file [tours, points, D], in the place of them all
  bool closed = false;               ///< a tour returns to its first point
  bool any_endpoint = false;         ///< allow ends far outside the prior
  Tensor start = {}, end = {};       ///< [pairs, D], in the place of them all; no options
  int64_t legs_of_tour =
      0;  ///< of those: pairs in turn are the legs of tours, so many each; 0: none; no option
};
const OptionTable<EndPointOptions>& end_point_option_table();

/// What end points are read with. What is null cannot be asked for.
struct EndPointContext {
  std::shared_ptr<const Embedding> decoder;
  std::vector<int64_t> latent_shape = {};  ///< of one point, where it is no row of the decoder's latent size
  std::shared_ptr<const Classifier> classifier = nullptr;
  std::shared_ptr<const TorchScriptModule> encoder = nullptr;
  ImageFormat encoder_format = {};  ///< what is said of the encoder's pictures; it counts before its file
  DensityPointer prior = nullptr;   ///< what seed:N and class:C draw from
  at::ScalarType dtype = at::ScalarType::Float;  ///< of points that are no arrays
  std::optional<ValueRange> output_range = {};   ///< what the decoder states; its encoder is taken to want it
  bool convert_arrays = false;                   ///< of arrays, too; else they keep theirs
  uint64_t seed = 0;                             ///< of class:C
  CancellationToken cancellation = {};
};

class EndPointReader {
 public:
  EndPointReader(EndPointOptions options, EndPointContext context)
      : options_(std::move(options)), context_(std::move(context)) {}

  /// The shapes that a latent may have by the end points alone, the likeliest first: a row of the last
  /// extent, what stands behind the pairs, the whole array, and the numbers of these in a row; none where
  /// nothing tells it.
  static std::vector<std::vector<int64_t>> latent_shapes_of(const EndPointOptions& options);

  /// start and end, [pairs, D] each; of a tour, those of its legs in turn, tour by tour. Throws Error:
  /// kArgument, or kInput for a file, for what is none; kNumerical where no draw is of the class.
  std::pair<Tensor, Tensor> read();

  /// What the end is to be, where it is free.
  const std::optional<AskedEnd>& free_end() const { return free_end_; }

  /// Legs of each tour that read() found, 0 where its pairs are no tours.
  int64_t legs_of_tour() const { return legs_of_tour_; }

  /// Of what was read: what was assumed, and what looks wrong.
  const std::vector<std::string>& notes() const { return notes_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::pair<Tensor, Tensor> given(int64_t dim) const;
  Tensor single(const std::string& field, const std::string& spec, uint64_t which);
  std::pair<Tensor, Tensor> tour();
  std::pair<Tensor, Tensor> legs(const Tensor& points);
  Tensor floating(const Tensor& array, const std::string& file) const;
  Tensor point(const std::string& field, const std::string& spec, uint64_t which);
  Tensor sample_of_class(const std::string& field, const std::string& name, uint64_t which);
  Tensor encode(const std::string& field, const std::string& file);
  std::vector<int64_t> latent_shape() const;
  void note(const std::string& sentence);

  EndPointOptions options_;
  EndPointContext context_;
  std::vector<std::string> notes_, warnings_;
  int64_t legs_of_tour_ = 0;
  std::optional<AskedEnd> free_end_;
};

/// What an encoder takes: as its file states, else as its decoder's pictures of shape `decoded` are, which is
/// then said in `assumed`. `given` is the shape of what it will be given.
ImageFormat encoder_input(const TorchScriptModule& encoder, const ImageFormat& stated,
                          const std::optional<ValueRange>& output_range, const std::vector<int64_t>& decoded,
                          const std::vector<int64_t>& given, std::vector<std::string>& assumed);

/// An array file's content as points [pairs, D] or, `pairs_of`, as both ends [pairs, 2, D], of latents of
/// shape `latent_shape`: extents of 1 do not count. Throws Error(kInput) naming `file`.
Tensor points_of(const Tensor& array, const std::vector<int64_t>& latent_shape, const std::string& file);
Tensor pairs_of(const Tensor& array, const std::vector<int64_t>& latent_shape, const std::string& file);
/// Likewise the points of tours, [tours, points, D] with two points or more.
Tensor tours_of(const Tensor& array, const std::vector<int64_t>& latent_shape, const std::string& file);

/// From what the decoder gives, [n, …], to codes [n, D] of type `dtype`; none, and a note that says why,
/// where the encoder does not take it. Of several tensors that it returns, the first; of mean and log
/// variance in one, [n, 2 D], the mean.
std::function<Tensor(const Tensor&)> encoder_of_images(std::shared_ptr<const TorchScriptModule> encoder,
                                                       const ImageFormat& stated, const Embedding& decoder,
                                                       at::ScalarType dtype,
                                                       const std::optional<ValueRange>& output_range,
                                                       std::vector<std::string>& notes);

/// Before there is any path, an interruption leaves nothing to save: Error(kInterrupted).
void check_not_interrupted(const CancellationToken& cancellation);

}  // namespace latentpath
