#include "latentpath/metric/quality_sections.h"

#include <ATen/ATen.h>

#include <memory>
#include <utility>

#include "latentpath/core/device.h"
#include "latentpath/core/error.h"
#include "metric/composite_quality.h"

namespace latentpath {
namespace {

/// The share of a section that touches an end of the path in which r rises.
constexpr double kRise = 0.25;

Tensor rows_of(const Tensor& rows, const Tensor& which) {
  return rows.defined() ? select_rows(rows, which) : Tensor();
}

std::vector<QualityPointer> qualities_of(const std::vector<QualitySection>& sections) {
  std::vector<QualityPointer> qualities;
  for (const QualitySection& section : sections) qualities.push_back(section.quality);
  return qualities;
}

/// Each point is asked of by the section of its time alone: as many evaluations as of one quality.
class Sections final : public CompositeQuality {
 public:
  /// `between`: times between sections belong to the nearest, and r is 1.
  Sections(std::vector<QualitySection> sections, bool ramp, bool between)
      : CompositeQuality(qualities_of(sections)),
        sections_(std::move(sections)),
        ramp_(ramp),
        between_(between) {}

  Tensor evaluate(const QualityPoints& points) const override {
    const int64_t count = points.latent.size(0);
    const Tensor time = points.time.detach().to(at::kCPU, at::kDouble);
    Tensor values;
    for (size_t k = 0; k < sections_.size(); ++k) {
      const Tensor which = inside(k, time).nonzero().squeeze(1);
      if (which.size(0) == 0) continue;
      const Tensor asked = sections_[k].quality->evaluate(
          {rows_of(points.latent, which), rows_of(points.time, which), rows_of(points.decoded, which)});
      const Tensor share = demand(k, time.index_select(0, which)).to(asked.options().requires_grad(false));
      if (!values.defined()) values = at::ones({count}, asked.options().requires_grad(false));
      values = values.index_copy(0, which, 1 - share * (1 - asked));
    }
    return values.defined() ? values : at::ones({count}, points.latent.options().requires_grad(false));
  }

  Tensor at_times(const QualityPoints& points, const Tensor& times) const override {
    const int64_t count = points.latent.size(0);
    const Tensor time = times.detach().to(at::kCPU, at::kDouble);
    Tensor values;
    for (size_t k = 0; k < sections_.size(); ++k) {
      const Tensor which = inside(k, time).nonzero().squeeze(1);
      if (which.size(0) == 0) continue;
      QualityPoints here = points;
      here.time = at::full({count}, 0.5, points.latent.options().requires_grad(false));
      const Tensor asked = sections_[k].quality->evaluate(here).unsqueeze(1);
      const Tensor share = demand(k, time.index_select(0, which)).to(asked.options().requires_grad(false));
      if (!values.defined()) values = at::ones({count, times.size(0)}, asked.options().requires_grad(false));
      values = values.index_copy(1, which, 1 - share * (1 - asked));
    }
    return values.defined() ? values
                            : at::ones({count, times.size(0)}, points.latent.options().requires_grad(false));
  }

  bool depends_on_time() const override { return true; }
  int64_t operations_per_point() const override {
    int64_t most = 0;
    for (const auto& section : sections_) most = std::max(most, section.quality->operations_per_point());
    return most;
  }
  std::string describe() const override {
    std::string text;
    for (const auto& section : sections_)
      text += join_message(text.empty() ? "" : ", then ", section.quality->describe(), " from ", section.from,
                           " to ", section.to);
    return text;
  }
  QualityPointer made_of(std::vector<QualityPointer> parts) const override {
    std::vector<QualitySection> sections = sections_;
    for (size_t k = 0; k < sections.size(); ++k) sections[k].quality = parts[k];
    return std::make_shared<Sections>(std::move(sections), ramp_, between_);
  }

 private:
  Tensor inside(size_t k, const Tensor& time) const {
    double low = sections_[k].from, high = sections_[k].to;
    if (between_) {
      low = k == 0 ? 0 : 0.5 * (sections_[k - 1].to + low);
      high = k + 1 == sections_.size() ? 1 : 0.5 * (high + sections_[k + 1].from);
    }
    // Where two meet the later one begins.
    const bool last = k + 1 == sections_.size() || sections_[k + 1].from > sections_[k].to;
    const bool closed = between_ ? k + 1 == sections_.size() : last;
    return (time >= low).logical_and(closed ? time <= high : time < high);
  }

  /// r(t)
  Tensor demand(size_t k, const Tensor& time) const {
    Tensor r = at::ones_like(time);
    if (!ramp_) return r;
    const double width = kRise * (sections_[k].to - sections_[k].from);
    const auto rising = [&](const Tensor& since) {
      const Tensor u = (since / width).clamp(0, 1);
      r = r * u * (2 - u);
    };
    if (sections_[k].from <= 0) rising(time);
    if (sections_[k].to >= 1) rising(1 - time);
    return r;
  }

  std::vector<QualitySection> sections_;
  bool ramp_, between_;
};

}  // namespace

void check_sections(const std::vector<QualitySection>& sections) {
  LATENTPATH_CHECK(!sections.empty(), kArgument, "a quality in sections needs a section");
  double end = 0;
  for (const auto& [from, to, quality] : sections) {
    LATENTPATH_CHECK(quality != nullptr && !quality->depends_on_time(), kArgument,
                     "a section needs a quality that does not depend on time");
    LATENTPATH_CHECK(from >= 0 && to <= 1 && from < to, kArgument,
                     "a section must begin before it ends, within [0, 1], ", "and not run from ", from,
                     " to ", to);
    LATENTPATH_CHECK(from >= end, kArgument, "sections must follow one another, and one from ", from, " to ",
                     to, " begins before the one before it ends, at ", end);
    end = to;
  }
}

QualityPointer in_sections(std::vector<QualitySection> sections, bool ramp) {
  check_sections(sections);
  return std::make_shared<Sections>(std::move(sections), ramp, false);
}

QualityPointer feature_of_sections(std::vector<QualitySection> sections) {
  check_sections(sections);
  return std::make_shared<Sections>(std::move(sections), false, true);
}

}  // namespace latentpath
