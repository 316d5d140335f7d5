#include "latentpath/report/measure_film.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/report/scatter_strip.h"
#include "write_frames.h"

namespace latentpath {
namespace {

constexpr int64_t kUsualSide = 512;

}  // namespace

void check_film_of_measures(const FilmOptions& options) {
  const FilmOptions usual;
  for (const auto& [given, field] :
       {std::pair(options.rows != usual.rows, "rows"), std::pair(options.arrange != usual.arrange, "arrange"),
        std::pair(options.film_spacing != usual.film_spacing, "film_spacing"),
        std::pair(options.film_pairs != usual.film_pairs, "film_pairs")})
    LATENTPATH_CHECK(
        !given, kArgument, "`", field,
        "` is about films of decoded images: that of measures shows the points of one path at even "
        "times, so leave it out");
}

FilmFacts write_measure_film(const FilmedMeasures& measures, const FilmOptions& options, int threads,
                             const ProgressObserver& progress, const CancellationToken& cancellation) {
  film_option_table().validate(options);
  check_film_of_measures(options);
  const at::NoGradGuard no_gradient;
  const int64_t side = options.size > 0 ? options.size : kUsualSide;
  ScatterRow row{.title = "the path", .points = measures.path.points};
  if (!measures.path.uniform) row.weights = measures.path.weights;
  const ScatterMoments moments(row, measures.times, static_cast<double>(side));
  const double begin = measures.times[0].item<double>(), end = measures.times[-1].item<double>();
  const auto last = static_cast<double>(options.moving_frames() - 1);
  const auto draw = [&](const Tensor& numbers) {
    std::vector<Tensor> frames;
    for (int64_t i = 0; i < numbers.size(0); ++i)
      frames.push_back(
          moments.at(begin + (end - begin) * static_cast<double>(numbers[i].item<int64_t>()) / last)
              .pixels());
    return frames;
  };
  return detail::write_frames({.width = side, .height = side, .draw = draw}, options, threads, progress,
                              cancellation);
}

}  // namespace latentpath
