#include "latentpath/report/tour_pictures.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/path/even_frame_times.h"
#include "latentpath/report/strip.h"
#include "report/decoded_images.h"

namespace latentpath {

Picture draw_tour_strip(const PathProblem& problem, const Tour& tour, int64_t legs,
                        const PictureOptions& options) {
  const at::NoGradGuard no_gradient;
  const int64_t segments = (tour.nodes.size(0) - 1) / legs;
  const int64_t points = at::equal(tour.nodes[0], tour.nodes[-1]) ? legs : legs + 1;
  const Tensor times = uniform_times(segments);
  std::vector<StripRow> rows;
  std::vector<Tensor> images;
  for (int64_t leg = 0; leg < legs; ++leg) {
    const Tensor nodes = tour.nodes.narrow(0, leg * segments, segments + 1);
    const Tensor frames = even_frame_times(*problem.embedding, nodes, times, options.frames);
    const Tensor z = interpolate_polyline(nodes.unsqueeze(0).to(at::kDouble), times, frames)[0];
    const Tensor decoded = (*problem.embedding)(z);
    images.push_back(detail::as_images(decoded).to(at::kFloat));
    StripRow row;
    row.title = join_message("leg ", leg + 1);
    row.subtitle = join_message("point ", leg + 1, " to ", leg + 1 < points ? leg + 2 : 1);
    if (problem.feature) {
      const Tensor values = problem.feature->evaluate({z, frames, decoded}).to(at::kDouble);
      row.subtitle +=
          ", frames' mean " + options.feature_name + " " + share_text(values.mean().item<double>());
      detail::add_captions(row, values);
    }
    rows.push_back(std::move(row));
  }
  const Tensor all = at::cat(images);
  for (size_t leg = 0; leg < rows.size(); ++leg)
    rows[leg].images = detail::in_unit_range(images[leg], options.output_range, all);
  StripOptions strip;
  strip.title = join_message("Tour through ", points, " points", points == legs ? " and back" : "");
  strip.bar_label = options.feature_name;
  strip.note = "A row from each point to the next. Frames are evenly spaced in image space.";
  strip.start_label = "point";
  strip.end_label = "next point";
  return draw_strip(rows, strip);
}

}  // namespace latentpath
