#include "latentpath/explore/explore_session.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "latentpath/core/error.h"
#include "latentpath/run/loaded_interpolation.h"

namespace latentpath {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

ExploreJob digits() {
  ExploreJob job;
  job.search.models.decoder = "mnist-vae-8";
  job.search.models.classifier = "mnist-classifier";
  job.search.models.folders = {LATENTPATH_TEST_MODELS};
  job.search.path.segments = 16;
  job.search.threads = 1;
  return job;
}

/// All sessions of a test program share one: loading models takes longer than asking.
ExploreSession& session() {
  static ExploreSession instance(digits());
  return instance;
}

Question eights(const std::string& from = "seed:23", const std::string& to = "seed:30") {
  return {.from = from, .to = to, .favor = {"8"}, .avoid = {}};
}

/// The next message of this kind; none within a minute.
std::optional<Message> next(const ExploreSession::Page& page, const std::string& event) {
  const auto until = std::chrono::steady_clock::now() + 60s;
  while (std::chrono::steady_clock::now() < until)
    if (auto message = page.mailbox->take(100ms); message && message->event == event) return message;
  return std::nullopt;
}

TEST(ExploreSession, TheStateSaysWhatAPageBeginsWith) {
  const json& state = session().state();
  EXPECT_EQ(state["latent_dim"], 8);
  EXPECT_EQ(state["classes"].size(), 10);
  EXPECT_EQ(state["axes"].size(), 2);
  double product = 0, length = 0;
  for (size_t k = 0; k < 8; ++k) {
    product += state["axes"][0][k].get<double>() * state["axes"][1][k].get<double>();
    length += std::pow(state["axes"][0][k].get<double>(), 2);
  }
  EXPECT_NEAR(product, 0, 1e-3);
  EXPECT_NEAR(length, 1, 1e-3);
  EXPECT_EQ(state["from"], "seed:0");
}

TEST(ExploreSession, AnAnswerIsThatOfTheJob) {
  const auto page = session().join();
  session().ask(page.client, 3, eights());
  ASSERT_TRUE(next(page, "line"));
  ASSERT_TRUE(next(page, "found"));
  const auto message = next(page, "answer");
  ASSERT_TRUE(message);
  const json answer = json::parse(message->data);
  EXPECT_EQ(answer["number"], 3);
  InterpolateJob job = digits().search;
  job.ends.from = "seed:23";
  job.ends.to = "seed:30";
  job.favor = {"8"};
  const InterpolateRun run = execute(job);
  EXPECT_EQ(answer["report"]["summary"]["pairs"][0]["path"]["cost_refined"],
            run.summary["pairs"][0]["path"]["cost_refined"]);
  session().leave(page.client);
}

TEST(ExploreSession, LoadedModelsGiveTheSameRunToTheBit) {
  InterpolateJob job = digits().search;
  const LoadedInterpolation loaded = load_interpolation(job);
  job.ends.from = "0.3,-0.2,0.1,0,1,-1,0.5,0.25";
  for (const char* feature : {"3", ""}) {
    job.favor.clear();
    if (*feature) job.favor = {feature};
    const InterpolateRun fresh = execute(job), reused = execute(job, loaded);
    EXPECT_TRUE(fresh.result.nodes.equal(reused.result.nodes)) << feature;
    EXPECT_EQ(fresh.assumptions, reused.assumptions) << feature;
    EXPECT_EQ(fresh.options, reused.options);
    EXPECT_EQ(fresh.facts, reused.facts);
  }
}

TEST(ExploreSession, ANewerQuestionAndAPageThatLeavesEndTheOlder) {
  const auto one = session().join(), two = session().join();
  for (int64_t number = 1; number <= 5; ++number) session().ask(one.client, number, eights());
  EXPECT_LE(session().open_tasks(), 2u);  // the newest, and one that is being given up
  session().ask(two.client, 9, eights("seed:1", "seed:2"));
  session().leave(one.client);
  EXPECT_TRUE(one.mailbox->closed());
  ASSERT_TRUE(next(two, "answer"));
  EXPECT_THROW(session().ask(one.client, 6, eights()), Error);
  session().leave(two.client);
  for (int i = 0; i < 100 && session().open_tasks() > 0; ++i) std::this_thread::sleep_for(50ms);
  EXPECT_EQ(session().open_tasks(), 0u);
}

TEST(ExploreSession, WhatCannotBeIsAnsweredInASentence) {
  const auto page = session().join();
  session().ask(page.client, 1, eights("9,9,9,9,9,9,9,9"));
  const auto message = next(page, "failed");
  ASSERT_TRUE(message);
  EXPECT_NE(json::parse(message->data)["sentence"].get<std::string>().find("--from"), std::string::npos);
  session().leave(page.client);
}

TEST(ExploreSession, ThereIsRoomForSoManyPages) {
  std::vector<ExploreSession::Page> pages;
  for (size_t i = 0; i < ExploreSession::kMostPages; ++i) pages.push_back(session().join());
  EXPECT_THROW(session().join(), Error);
  for (const auto& page : pages) session().leave(page.client);
  session().leave(session().join().client);
}

TEST(Mailbox, DoesNotGrowWhereNobodyReads) {
  Mailbox mailbox;
  for (int64_t i = 0; i < 1000; ++i) mailbox.put({"path", i, "{}"}, true);
  mailbox.put({"found", 1000, "{}"});
  EXPECT_EQ(mailbox.take(0ms)->number, 999);
  EXPECT_EQ(mailbox.take(0ms)->event, "found");
  EXPECT_FALSE(mailbox.take(0ms));
  for (int64_t i = 0; i < 1000; ++i) mailbox.put({"answer", i, "{}"});
  size_t kept = 0;
  while (mailbox.take(0ms)) ++kept;
  EXPECT_EQ(kept, Mailbox::kMost);
  mailbox.close();
  mailbox.put({"answer", 1, "{}"});
  EXPECT_FALSE(mailbox.take(0ms));
}

}  // namespace
}  // namespace latentpath
