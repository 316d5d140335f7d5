#pragma once
// Models that are loaded once, and a thread that answers the questions of several pages one after the other.
//
//   ExploreSession session(job);
//   const auto page = session.join();
//   session.ask(page.client, 1, {"seed:23", "seed:30", {"8"}, {}});
//   while (const auto message = page.mailbox->take(std::chrono::minutes(1)))
//     std::cout << message->event << "\n";                     // line, path (several), found, answer
//
// A page has one open question: a newer one takes its place, wherever the older stands. Pages take turns.
// Exports wait in the same line and are given up by nobody but their page's leaving.
//
// Messages, each JSON with the `number` of its question: "line", the frames of the straight line; "path",
// those of the best path so far, again and again; "found", those of the path as `interpolate` finds it;
// "answer", the figures and the data of the report; "exporting" and "exported"; "failed" with a `sentence`.

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "latentpath/core/progress.h"
#include "latentpath/explore/explore_job.h"
#include "latentpath/explore/mailbox.h"
#include "latentpath/explore/question.h"
#include "latentpath/run/run_record.h"

namespace latentpath {

class ExploreSession {
 public:
  static constexpr size_t kMostPages = 16;
  static constexpr size_t kMostExports = 4;  ///< of a page, that wait

  /// Loads the models. Throws Error as the job's search would.
  explicit ExploreSession(const ExploreJob& job, const RunObserver& observer = {},
                          const CancellationToken& cancellation = {});
  ~ExploreSession();
  ExploreSession(const ExploreSession&) = delete;
  ExploreSession& operator=(const ExploreSession&) = delete;

  /// What a page begins with: models, classes, ends, samples of the prior and their principal components.
  const nlohmann::json& state() const;
  const QuestionContext& question_context() const;

  /// The draws seed:first … of the prior, decoded.
  nlohmann::json samples(int64_t first, int64_t count) const;

  struct Page {
    int64_t client = 0;
    std::shared_ptr<Mailbox> mailbox;
  };
  /// Throws Error(kArgument) where there are too many pages.
  Page join();
  /// What the page asked is given up.
  void leave(int64_t client);

  // Both throw Error(kArgument) for a page that is none.
  void ask(int64_t client, int64_t number, const Question& question);
  /// Executes the question as a job and writes its run folder OUT/name.
  void export_run(int64_t client, int64_t number, const Question& question, const std::string& name);

  /// What waits or is computed now.
  size_t open_tasks() const;
  /// Gives up all questions and closes all mailboxes.
  void stop();

 private:
  struct Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace latentpath
