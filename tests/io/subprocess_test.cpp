#include "io/subprocess.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

using std::chrono::duration;

std::vector<std::string> shell(const std::string& text) { return {"sh", "-c", text}; }

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return duration<double>(std::chrono::steady_clock::now() - begin).count();
}

TEST(AskProcess, GivesWhatIsAskedAndTakesWhatIsAnswered) {
  const ProcessAnswer answer =
      ask_process(shell("tr a-z A-Z; echo told >&2; exit 3"), "one\ntwo\n", duration<double>(60));
  EXPECT_EQ(answer.output, "ONE\nTWO\n");
  EXPECT_EQ(answer.words, "told\n");
  EXPECT_EQ(answer.exit_code, 3);
  EXPECT_FALSE(answer.timed_out || answer.too_long);
}

TEST(AskProcess, PassesMoreThanPipesHoldWhetherItIsReadOrNot) {
  const std::string much(5'000'000, 'x');
  EXPECT_EQ(ask_process({"cat"}, much, duration<double>(60)).output, much);
  // Written to a pipe that nobody reads, this would end the caller.
  const ProcessAnswer unread = ask_process({"echo", "hello"}, much, duration<double>(60));
  EXPECT_EQ(unread.output, "hello\n");
  EXPECT_EQ(unread.exit_code, 0);
}

TEST(AskProcess, KeepsTheEndOfWhatIsSaid) {
  const ProcessAnswer answer =
      ask_process(shell("seq 1 100000 >&2; echo last >&2"), "", duration<double>(60));
  EXPECT_LE(answer.words.size(), 4000U);
  EXPECT_EQ(answer.words.substr(answer.words.size() - 12), "100000\nlast\n");
}

TEST(AskProcess, SaysWhyItCouldNotStart) {
  EXPECT_EQ(ask_process({"no-such-program"}, "", duration<double>(60)).start_error, ENOENT);
  EXPECT_EQ(ask_process({"/dev/null"}, "", duration<double>(60)).start_error, EACCES);
}

TEST(AskProcess, EndsWhatTakesTooLongWithAllThatItStarted) {
  const auto late = std::filesystem::path(testing::TempDir()) / "written-too-late";
  std::filesystem::remove(late);
  ProcessAnswer answer;
  const double seconds = seconds_of([&] {
    answer = ask_process(shell("(sleep 6; touch '" + late.string() + "') & echo first; wait"), "",
                         duration<double>(1.5));
  });
  EXPECT_TRUE(answer.timed_out);
  EXPECT_EQ(answer.exit_code, 128 + 9);
  EXPECT_EQ(answer.output, "first\n");
  EXPECT_LT(seconds, 5);
  std::this_thread::sleep_for(duration<double>(5.5));
  EXPECT_FALSE(std::filesystem::exists(late)) << "what it started goes on";
}

TEST(AskProcess, DoesNotWaitForWhatACommandLeavesBehind) {
  ProcessAnswer answer;
  const double seconds =
      seconds_of([&] { answer = ask_process(shell("sleep 20 & echo done"), "", duration<double>(60)); });
  EXPECT_EQ(answer.output, "done\n");
  EXPECT_EQ(answer.exit_code, 0);
  EXPECT_LT(seconds, 10);
}

TEST(AskProcess, EndsWhatPrintsTooMuch) {
  const ProcessAnswer answer = ask_process({"yes"}, "", duration<double>(60), {}, 1'000'000);
  EXPECT_TRUE(answer.too_long);
  EXPECT_FALSE(answer.timed_out);
}

TEST(AskProcess, IsInterruptedByItsToken) {
  const CancellationToken token;
  std::thread later([&] {
    std::this_thread::sleep_for(duration<double>(0.2));
    token.cancel();
  });
  const double seconds = seconds_of([&] {
    try {
      ask_process({"sleep", "20"}, "", duration<double>(60), token);
      ADD_FAILURE() << "not interrupted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
    }
  });
  later.join();
  EXPECT_LT(seconds, 10);
}

}  // namespace
}  // namespace latentpath
