#include "latentpath/explore/explore_session.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "frames_of_points.h"
#include "latentpath/core/device.h"
#include "latentpath/core/error.h"
#include "latentpath/core/exception_sentence.h"
#include "latentpath/core/random.h"
#include "latentpath/core/thread_pool.h"
#include "latentpath/core/version.h"
#include "latentpath/curve/curve.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/quality_of_pair.h"
#include "latentpath/report/illustrate.h"
#include "latentpath/report/path_pictures.h"
#include "latentpath/report/path_report.h"
#include "latentpath/run/command_text.h"
#include "latentpath/run/feature_sections.h"
#include "latentpath/run/loaded_interpolation.h"
#include "latentpath/run/run_folder.h"
#include "report/pictureless/plain_report.h"

namespace latentpath {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int64_t kLiveFrames = 25, kFrames = 49;
constexpr int kLiveSide = 128, kSide = 256;
constexpr int64_t kMostRows = 12;          // of competing paths that are looked at for the best so far
constexpr int64_t kCloudNumbers = 40'000;  // of the samples that a page gets
constexpr size_t kKeptPlanes = 8;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// The two directions in which points vary most, [2, D] orthonormal.
Tensor principal_axes(const Tensor& points) {
  const Tensor centred = points - points.mean(0);
  const auto [u, s, v] = at::svd(centred);
  return v.t().narrow(0, 0, 2).contiguous();
}

json classes_of(const Classifier& classifier) {
  json names = json::array();
  const auto& known = classifier.class_names();
  for (int64_t i = 0; i < classifier.classes(); ++i)
    names.push_back(known.empty() ? std::to_string(i) : known[static_cast<size_t>(i)]);
  return names;
}

struct Task {
  int64_t client, number;
  Question question;
  std::string name;  ///< of a run folder; empty: a question
  std::shared_ptr<Mailbox> mailbox;
  CancellationToken token = {};
};

/// One thread for what is quickly done, whoever asks: a thread a request would each get threads of
/// LibTorch's.
class Glances {
 public:
  Glances() : thread_([this] { work(); }) {}
  ~Glances() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Glances(const Glances&) = delete;
  Glances& operator=(const Glances&) = delete;

  /// What `look` returns, or throws.
  json operator()(std::function<json()> look) {
    std::packaged_task<json()> task(std::move(look));
    std::future<json> seen = task.get_future();
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(task));
    }
    changed_.notify_one();
    return seen.get();
  }

 private:
  void work() {
    for (;;) {
      std::packaged_task<json()> task;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        task = std::move(waiting_.front());
        waiting_.pop_front();
      }
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::packaged_task<json()>> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

/// A heat map of the latent plane, and what it is of.
struct KeptPlane {
  Question question;
  PathPlane plane;
};

}  // namespace

struct ExploreSession::Worker {
  explicit Worker(const ExploreJob& asked) : job(asked) {}

  ExploreJob job;
  LoadedInterpolation loaded;
  QuestionContext context;
  detail::FrameMaker frames;
  json state;
  std::deque<KeptPlane> planes;

  // Decoders that serve one thread at a time are not looked at while a search has them.
  mutable std::mutex model;
  mutable Glances glances;

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::deque<Task> waiting;
  std::optional<Task> running;
  std::map<int64_t, std::shared_ptr<Mailbox>> pages;
  int64_t last_client = 0;
  bool stopping = false;
  std::thread thread;

  bool exclusive() const { return !loaded.models.decoder->concurrent(); }
  json make_state() const;
  InterpolateJob job_of(const Question& question) const;
  std::pair<Tensor, Tensor> ends_of(const Question& question) const;
  QualityPointer feature_of(const Question& question) const;

  json samples(int64_t first, int64_t count) const;
  void work();
  void serve(const Task& task);
  void search(const Task& task);
  void write(const Task& task);
  void tell(const Task& task, const char* event, json data, bool replaces = false) const;
  void show_snapshot(const Task& task, const PathSnapshot& snapshot, const Quality& quality,
                     const Quality* value, const Progress& progress, double seconds) const;
  json report_of(const InterpolateRun& run, const InterpolateJob& search, const Question& question);
  std::optional<PathPlane> plane_of(const InterpolateRun& run, const Question& question);
  std::shared_ptr<Mailbox> mailbox_of(int64_t client) const;
  void put(Task task);
};

json ExploreSession::Worker::make_state() const {
  const int64_t dim = loaded.models.decoder->latent_dim();
  json page{{"version", kVersion},
            {"decoder", std::filesystem::path(job.search.models.decoder).stem().string()},
            {"latent_dim", dim},
            {"images", frames.images},
            {"from", job.search.ends.from},
            {"to", job.search.ends.to},
            {"favor", job.search.favor},
            {"avoid", job.search.avoid},
            {"odds", job.search.odds},
            {"sharpness", job.search.sharpness},
            {"ramp", job.search.ramp},
            {"out", job.out},
            {"normal_prior", loaded.prior.normal},
            {"classes", json::array()}};
  if (loaded.models.classifier) {
    page["classifier"] = std::filesystem::path(job.search.models.classifier).stem().string();
    page["classes"] = classes_of(*loaded.models.classifier);
  }
  LatentSampler draw = loaded.prior.sampler();
  if (!draw) draw = normal_sampler(dim);
  auto generator = make_generator(job.search.path.seed + 17);
  const Tensor cloud = draw(std::clamp<int64_t>(kCloudNumbers / dim, 20, 300), generator).to(at::kDouble);
  page["cloud"] = detail::short_rows(cloud, 3);
  if (dim > 2) {
    page["mean"] = detail::short_rows(cloud.mean(0, true), 5)[0];
    page["axes"] = detail::short_rows(principal_axes(cloud), 5);
  }
  return page;
}

InterpolateJob ExploreSession::Worker::job_of(const Question& question) const {
  InterpolateJob asked = job.search;
  asked.ends.from = question.from;
  asked.ends.to = question.to;
  asked.favor = question.favor;
  asked.avoid = question.avoid;
  asked.odds = question.odds;
  asked.sharpness = question.sharpness;
  return asked;
}

std::pair<Tensor, Tensor> ExploreSession::Worker::ends_of(const Question& question) const {
  const InterpolateJob asked = job_of(question);
  EndPointReader reader(asked.ends, end_point_context(asked, loaded));
  auto ends = reader.read();
  LATENTPATH_CHECK(!reader.free_end(), kArgument, "`to` ", asked.ends.to,
                   ": on this page both ends are points; `interpolate` seeks a nearest end");
  return ends;
}

QualityPointer ExploreSession::Worker::feature_of(const Question& question) const {
  if (question.favor.empty() && question.avoid.empty()) return nullptr;
  return asked_feature(loaded.models.classifier, question.favor, question.avoid, job.search.combine)
      .feature.quality;
}

void ExploreSession::Worker::tell(const Task& task, const char* event, json data, bool replaces) const {
  data["number"] = task.number;
  task.mailbox->put({event, task.number, data.dump(-1, ' ', true, json::error_handler_t::replace)}, replaces);
}

/// Of the paths that still compete, that whose cost on the frames shown is lowest.
void ExploreSession::Worker::show_snapshot(const Task& task, const PathSnapshot& snapshot,
                                           const Quality& quality, const Quality* value,
                                           const Progress& progress, double seconds) const {
  const at::NoGradGuard no_gradient;
  const int64_t rows = std::min(snapshot.nodes.size(0), kMostRows), n = kLiveFrames;
  const Tensor nodes = snapshot.nodes.narrow(0, 0, rows).detach();
  const Tensor times = at::linspace(0, 1, n, at::kDouble);
  const Tensor points = interpolate_polyline(nodes.to(at::kDouble), snapshot.times, times);
  int64_t best = 0;
  if (rows > 1) {
    const Tensor z = points.reshape({rows * n, -1});
    const Tensor decoded = (*loaded.models.decoder)(z);
    const double epsilon = job.search.path.epsilon;
    const Tensor good = quality.evaluate({z, times.repeat({rows}).to(z.options()), decoded}).to(at::kDouble);
    const Tensor weight = -regularise(good.reshape({rows, n}), epsilon).clamp_min(1e-12).log();
    // Where lengths are measured, there paths are compared.
    const Tensor measured = loaded.kept.embedding ? (*loaded.kept.embedding)(decoded) : decoded;
    const Tensor flat = measured.flatten(1).to(at::kDouble).reshape({rows, n, -1});
    const Tensor chord = on_host((flat.narrow(1, 1, n - 1) - flat.narrow(1, 0, n - 1)).square().sum(2));
    const Tensor middle = (weight.narrow(1, 1, n - 1) + weight.narrow(1, 0, n - 1)) / 2;
    best = at::nan_to_num((middle.square() * chord).sum(1), 1e300, 1e300, 1e300).argmin().item<int64_t>();
  }
  json message{{"frames", frames(points[best], times, value, kLiveSide, false)},
               {"stage", progress.stage},
               {"paths", snapshot.nodes.size(0)},
               {"segments", snapshot.nodes.size(1) - 1},
               {"seconds", seconds}};
  if (std::isfinite(progress.value)) message["cost"] = progress.value;
  tell(task, "path", std::move(message), true);
}

/// Evaluated once for a feature, as long as everything lies within.
std::optional<PathPlane> ExploreSession::Worker::plane_of(const InterpolateRun& run,
                                                          const Question& question) {
  if (run.problem.start.size(1) != 2) return std::nullopt;
  const double reach = run.result.nodes.abs().max().item<double>();
  for (const KeptPlane& kept : planes)
    if (kept.question.favor == question.favor && kept.question.avoid == question.avoid &&
        reach <= kept.plane.reach)
      return kept.plane;
  if (planes.size() >= kKeptPlanes) planes.pop_front();
  planes.push_back({question, evaluate_path_plane(run.problem, run.result, run.prior.normal)});
  return planes.back().plane;
}

/// What report.html of the run would show.
json ExploreSession::Worker::report_of(const InterpolateRun& run, const InterpolateJob& search,
                                       const Question& question) {
  PathReportOptions options = report_options(run);
  options.plane = plane_of(run, question);
  options.frames = search.report_frames;
  json files = json::object();
  const auto keep = [&files](const std::string& name, std::string_view bytes) {
    if (!name.ends_with(".points")) files[name] = detail::base64(bytes);
  };
  json report = path_report(run.problem, run.result, options,
                            shareable_page(run, search.out, {{"summary", run.summary}}), keep);
  report.erase("points");
  return {{"report", renamed(std::move(report), option_names_as_dashes)}, {"files", std::move(files)}};
}

void ExploreSession::Worker::search(const Task& task) {
  const auto begin = Clock::now();
  const SerialOperations serial;
  InterpolateJob asked = job_of(task.question);
  const QualityPointer feature = feature_of(task.question);
  QualityPointer quality;  // the search's own: with what is kept, and in sections
  const auto prepared = [&](const InterpolateRun& run) { quality = quality_of_pair(run.problem, 0); };
  const auto [start, end] = ends_of(task.question);
  const Tensor even = at::linspace(0, 1, kLiveFrames, at::kDouble);
  const auto line = linear_path(start.to(at::kDouble), end.to(at::kDouble), even)[0];
  tell(task, "line",
       {{"frames", frames(line, even, feature.get(), kLiveSide, false)}, {"seconds", seconds_since(begin)}});

  const auto check = [&task] {
    LATENTPATH_CHECK(!task.token.cancelled(), kInterrupted, "a newer question has been asked");
  };
  Progress last;
  Clock::time_point next = Clock::now();
  asked.path.snapshot = [&](const PathSnapshot& snapshot) {
    check();
    const auto now = Clock::now();
    if (now < next) return;
    show_snapshot(task, snapshot, *quality, feature.get(), last, seconds_since(begin));
    // Showing takes a seventh of the time at most.
    next = Clock::now() + std::max<Clock::duration>(std::chrono::milliseconds(80), 6 * (Clock::now() - now));
  };
  RunObserver observer;
  observer.progress = [&](const Progress& progress) {
    check();
    if (progress.note.empty()) last = progress;
  };
  const auto found = [&](const InterpolateRun& run) {
    check();
    const Tensor times = at::linspace(0, 1, kFrames, at::kDouble);
    const Tensor points = interpolate_polyline(run.result.nodes.to(at::kDouble), run.result.times, times)[0];
    tell(task, "found",
         {{"frames", frames(points, times, feature.get(), kSide, true)}, {"seconds", seconds_since(begin)}});
  };
  InterpolateRun run = execute(asked, loaded, observer, task.token, found, prepared);
  check();
  rename_options(run, option_names_as_dashes);
  run.facts["command"] = command_text(run.subcommand, interpolate_option_table(), run.options);
  json answer = report_of(run, asked, task.question);
  check();
  answer["command"] = run.facts["command"];
  answer["seconds"] = seconds_since(begin);
  tell(task, "answer", std::move(answer));
}

/// The same as `latentpath interpolate … --out`: the job, and the one writer of run folders.
void ExploreSession::Worker::write(const Task& task) {
  InterpolateJob asked = job_of(task.question);
  asked.out = (std::filesystem::path(job.out) / task.name).string();
  std::error_code unreadable;
  LATENTPATH_CHECK(!std::filesystem::exists(std::filesystem::symlink_status(asked.out, unreadable)),
                   kArgument, "there is a folder of that name already, ", task.name, ": choose another name");
  RunFolder folder(asked.out);
  tell(task, "exporting", {{"folder", asked.out}});
  InterpolateRun run = execute(asked, {}, task.token);
  LATENTPATH_CHECK(!task.token.cancelled(), kInterrupted, "the export was given up");
  rename_options(run, option_names_as_dashes);
  run.facts["command"] = command_text(run.subcommand, interpolate_option_table(), run.options);
  run.local_paths.push_back(folder.target().string());
  write_run(
      run, folder.path(), [&] { illustrate(asked, run, folder.path(), {}, task.token); }, task.token);
  LATENTPATH_CHECK(!task.token.cancelled(), kInterrupted, "the export was given up");
  folder.commit();
  tell(task, "exported",
       {{"folder", asked.out},
        {"command", run.facts["command"].get<std::string>() + " --out " + shell_word(asked.out)}});
}

void ExploreSession::Worker::serve(const Task& task) {
  try {
    std::unique_lock<std::mutex> alone(model, std::defer_lock);
    if (exclusive()) alone.lock();
    if (task.name.empty())
      search(task);
    else
      write(task);
  } catch (const std::exception& error) {
    if (task.token.cancelled()) return;  // nobody waits for it
    tell(task, "failed",
         {{"sentence", option_names_as_dashes(exception_sentence(error))}, {"export", !task.name.empty()}});
  }
}

void ExploreSession::Worker::work() {
  use_threads(job.search.threads);
  const NoLibraryWarnings no_library_warnings;
  for (;;) {
    std::optional<Task> task;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return stopping || !waiting.empty(); });
      if (stopping) return;
      running = std::move(waiting.front());
      waiting.pop_front();
      task = running;
    }
    serve(*task);
    const std::lock_guard lock(mutex);
    running.reset();
  }
}

std::shared_ptr<Mailbox> ExploreSession::Worker::mailbox_of(int64_t client) const {
  const auto page = pages.find(client);
  LATENTPATH_CHECK(page != pages.end(), kArgument, "there is no page with the number ", client,
                   ": load it again");
  return page->second;
}

void ExploreSession::Worker::put(Task task) {
  waiting.push_back(std::move(task));
  changed.notify_one();
}

ExploreSession::ExploreSession(const ExploreJob& job, const RunObserver& observer,
                               const CancellationToken& cancellation)
    : worker_(std::make_unique<Worker>(job)) {
  Worker& w = *worker_;
  w.job.search.out.clear();
  w.loaded = load_interpolation(job.search, observer.progress, cancellation);
  const auto& models = w.loaded.models;
  const bool feature = !job.search.favor.empty() || !job.search.avoid.empty();
  LATENTPATH_CHECK(!feature || models.classifier, kArgument, "`favor` and `avoid` need a `classifier`");
  if (observer.note)
    for (const std::string& sentence : models.assumptions) observer.note(sentence);
  if (observer.warning)
    for (const Warning& warning : models.warnings) observer.warning(warning);
  w.context = {models.decoder->latent_dim(), models.classifier, {job.search.ends.from, job.search.ends.to}};
  w.frames = {models.decoder, models.decoder->output_range(),
              decodes_images(*models.decoder, models.decoder->latent_dim())};
  const Question first{job.search.ends.from, job.search.ends.to, job.search.favor, job.search.avoid};
  const auto ends = w.ends_of(first);
  LATENTPATH_CHECK(ends.first.size(0) == 1, kArgument, "`from` and `to` name ", ends.first.size(0),
                   " pairs of points: a page has one, give single points");
  w.feature_of(first);
  w.state = w.make_state();
  w.thread = std::thread([&w] { w.work(); });
}

ExploreSession::~ExploreSession() {
  stop();
  worker_->thread.join();
}

const json& ExploreSession::state() const { return worker_->state; }
const QuestionContext& ExploreSession::question_context() const { return worker_->context; }

json ExploreSession::Worker::samples(int64_t first, int64_t count) const {
  std::unique_lock<std::mutex> alone(model, std::defer_lock);
  if (exclusive()) alone.lock();
  const SerialOperations serial;
  std::vector<Tensor> points;
  json ends = json::array();
  for (int64_t i = 0; i < count; ++i) {
    ends.push_back("seed:" + std::to_string(first + i));
    Question question;
    question.from = question.to = ends.back().get<std::string>();
    points.push_back(ends_of(question).first);
  }
  json answer{{"frames", frames(at::cat(points).to(at::kDouble), at::linspace(0, 1, count, at::kDouble),
                                nullptr, kLiveSide, true)}};
  answer["ends"] = std::move(ends);
  return answer;
}

json ExploreSession::samples(int64_t first, int64_t count) const {
  return worker_->glances([this, first, count] { return worker_->samples(first, count); });
}

ExploreSession::Page ExploreSession::join() {
  const std::lock_guard lock(worker_->mutex);
  LATENTPATH_CHECK(!worker_->stopping && worker_->pages.size() < kMostPages, kArgument, "there are ",
                   kMostPages, " pages open already: close one");
  Page page{++worker_->last_client, std::make_shared<Mailbox>()};
  worker_->pages[page.client] = page.mailbox;
  return page;
}

void ExploreSession::leave(int64_t client) {
  const std::lock_guard lock(worker_->mutex);
  const auto page = worker_->pages.find(client);
  if (page == worker_->pages.end()) return;
  page->second->close();
  worker_->pages.erase(page);
  std::erase_if(worker_->waiting, [&](const Task& task) { return task.client == client; });
  if (worker_->running && worker_->running->client == client) worker_->running->token.cancel();
}

void ExploreSession::ask(int64_t client, int64_t number, const Question& question) {
  const std::lock_guard lock(worker_->mutex);
  const auto mailbox = worker_->mailbox_of(client);
  const auto is_older = [&](const Task& task) { return task.client == client && task.name.empty(); };
  std::erase_if(worker_->waiting, is_older);
  if (worker_->running && is_older(*worker_->running)) worker_->running->token.cancel();
  worker_->put({client, number, question, {}, mailbox});
}

void ExploreSession::export_run(int64_t client, int64_t number, const Question& question,
                                const std::string& name) {
  const std::lock_guard lock(worker_->mutex);
  const auto mailbox = worker_->mailbox_of(client);
  const auto waits = std::count_if(worker_->waiting.begin(), worker_->waiting.end(), [&](const Task& task) {
    return task.client == client && !task.name.empty();
  });
  LATENTPATH_CHECK(static_cast<size_t>(waits) < kMostExports, kArgument, waits,
                   " exports of this page wait already");
  worker_->put({client, number, question, name, mailbox});
}

size_t ExploreSession::open_tasks() const {
  const std::lock_guard lock(worker_->mutex);
  return worker_->waiting.size() + (worker_->running ? 1 : 0);
}

void ExploreSession::stop() {
  const std::lock_guard lock(worker_->mutex);
  worker_->stopping = true;
  worker_->waiting.clear();
  if (worker_->running) worker_->running->token.cancel();
  for (const auto& [client, mailbox] : worker_->pages) mailbox->close();
  worker_->changed.notify_all();
}

}  // namespace latentpath
