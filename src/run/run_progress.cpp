#include "latentpath/run/run_progress.h"

#include <algorithm>
#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/run/text_values.h"

namespace latentpath {
namespace {

/// What a stage takes of what is left of its phase, where nobody knows how many follow.
constexpr double kOfTheRest = 0.6;
/// Share of a search after which its finest level is done; what follows looks for better places.
constexpr double kFinestDone = 0.85;
/// No guess is made before so much is done.
constexpr double kLeastShare = 0.02, kLeastSeconds = 0.2;
constexpr double kFramesOfAPercent = 10;

RunPhase loading(double weight) { return {.weight = weight, .activities = {Activity::kPrior}}; }

RunPhase pictures(double weight) { return {.weight = weight, .activities = {Activity::kPictures}}; }

/// find_path(): candidates, the search, and checks of what it found.
std::vector<RunPhase> search_phases(double weight, int64_t segments) {
  return {{.weight = 0.12 * weight, .activities = {Activity::kCandidates}},
          {.weight = 0.72 * weight, .finest = segments},
          {.weight = 0.16 * weight, .activities = {Activity::kCheck}}};
}

std::vector<RunPhase> joined(std::initializer_list<std::vector<RunPhase>> parts, const std::string& out,
                             double of_pictures) {
  std::vector<RunPhase> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  if (!out.empty()) all.push_back(pictures(of_pictures));
  return all;
}

}  // namespace

RunProgress::RunProgress(std::vector<RunPhase> phases) : phases_(std::move(phases)) {}

/// That of the activity, but never one that lies behind.
size_t RunProgress::phase_of(Activity activity) const {
  for (size_t k = 0; k < phases_.size(); ++k)
    if (std::count(phases_[k].activities.begin(), phases_[k].activities.end(), activity) > 0)
      return std::max(phase_, k);
  return phase_;
}

/// Units that are done, and how far the one is that is worked at.
double RunProgress::share_of_units(const Progress& progress) {
  if (progress.total <= 0) return 0;
  if (!unit_ || progress.done != units_) unit_ = std::make_unique<RunProgress>(phases_[phase_].of_each);
  units_ = progress.done;
  double of_this = 0;
  if (progress.of_unit)
    of_this =
        (*unit_)({.stage = progress.stage, .activity = *progress.of_unit, .segments = progress.segments});
  return std::min(1.0, (static_cast<double>(progress.done) + of_this) / static_cast<double>(progress.total));
}

double RunProgress::operator()(const Progress& progress) {
  if (!progress.note.empty()) return share_;
  const double of_stage =
      progress.total > 0
          ? std::clamp(static_cast<double>(progress.done) / static_cast<double>(progress.total), 0.0, 1.0)
          : 0;
  if (phases_.empty()) return share_ = of_stage;
  const size_t phase = phase_of(progress.activity);
  if (phase != phase_) {
    phase_ = phase;
    stage_.clear();
    reached_ = end_ = 0;
  }
  const RunPhase& now = phases_[phase_];
  double of_phase = 0;
  if (!now.of_each.empty()) {
    of_phase = share_of_units(progress);
  } else if (now.last) {
    of_phase = of_stage;
  } else {
    if (progress.stage != stage_) {
      stage_ = progress.stage;
      reached_ = end_;
      end_ = kFinestDone * static_cast<double>(progress.segments) /
             static_cast<double>(std::max<int64_t>(1, now.finest));
      if (now.finest == 0 || progress.segments == 0 || end_ <= reached_ || end_ > 1)
        end_ = reached_ + kOfTheRest * (1 - reached_);
    }
    of_phase = reached_ + of_stage * (end_ - reached_);
  }
  double before = 0, all = 0;
  for (size_t k = 0; k < phases_.size(); ++k) {
    all += phases_[k].weight;
    if (k < phase_) before += phases_[k].weight;
  }
  return share_ = std::max(share_, std::min(1.0, (before + now.weight * of_phase) / all));
}

std::optional<double> RunProgress::seconds_left() const {
  const double until_now = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  if (phases_.empty() || share_ < kLeastShare || until_now < kLeastSeconds) return std::nullopt;
  return until_now * (1 - share_) / share_;
}

std::vector<RunPhase> run_phases(const InterpolateJob& job) {
  std::vector<RunPhase> before{loading(18)};
  if (job.own_end || names_free_end(job.ends.to))
    before.push_back({.weight = 40, .activities = {Activity::kFreeEnd}});
  return joined({before, search_phases(67, job.path.segments)}, job.out, 15);
}

std::vector<RunPhase> run_phases(const EvaluateJob& job) {
  const RunPhase table{.weight = 95, .of_each = search_phases(1, job.path.segments)};
  return joined({{loading(4), table}}, job.out, 2);
}

std::vector<RunPhase> run_phases(const GeodesicJob& job) {
  return joined({search_phases(70, job.search.segments)}, job.out, 30);
}

std::vector<RunPhase> run_phases(const MeasuresJob& job) {
  return joined({{{.weight = 10, .activities = {Activity::kTransport}}, {.weight = 75}}}, job.out, 15);
}

std::vector<RunPhase> with_film(std::vector<RunPhase> phases, int64_t frames) {
  if (phases.empty()) return phases;
  phases.push_back({.weight = std::max(1.0, static_cast<double>(frames) / kFramesOfAPercent),
                    .activities = {Activity::kFilm},
                    .last = true});
  return phases;
}

std::string duration_text(double seconds) {
  if (seconds < 90) return join_message(std::max(1L, std::lround(seconds)), " s");
  if (seconds < 90 * 60) return join_message(std::lround(seconds / 60), " min");
  return join_message(std::lround(seconds / 3600), " h");
}

}  // namespace latentpath
