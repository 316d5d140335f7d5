#include "molecule/line_command.h"

#include <gmock/gmock.h>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Words = std::vector<std::string>;

LineCommandOptions options(const std::string& command) {
  return {.option = "`score`", .command = command, .asked = "molecule", .answer = "one number"};
}

std::string refusal(ErrorKind kind, const LineCommandOptions& given, const Words& lines = {"CCO", "CCN"}) {
  try {
    LineCommand(given).answers(lines);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  return "";
}

TEST(WordsOfCommand, AreThoseOfAShell) {
  const auto words = [](const std::string& text) { return words_of_command(text, "`score`"); };
  EXPECT_EQ(words("python3  score.py\t--fast "), (Words{"python3", "score.py", "--fast"}));
  EXPECT_EQ(words(R"(awk '{print "a b"}' "x y"z '')"), (Words{"awk", R"({print "a b"})", "x yz", ""}));
  EXPECT_EQ(words(R"(a\ b "c\"d" '\n' \\)"), (Words{"a b", "c\"d", "\\n", "\\"}));
  EXPECT_EQ(words(R"(awk "{printf \"%s\n\", 1}")"), (Words{"awk", R"({printf "%s\n", 1})"}));
  EXPECT_EQ(words("echo $HOME `id` > file; true"), (Words{"echo", "$HOME", "`id`", ">", "file;", "true"}));
  EXPECT_THROW(words("awk '{print"), Error);
  EXPECT_THROW(words("  "), Error);
  EXPECT_THROW(words("'' x"), Error);
}

TEST(LineCommand, AnswersEachLineInOrder) {
  const LineCommand command(options("awk '{print length($0)}'"));
  EXPECT_THAT(command.answers({"CCO", "", "C1CC1"}), ElementsAre("3", "0", "5"));
  EXPECT_THAT(command.answers({}), testing::IsEmpty());
  EXPECT_THAT(LineCommand(options("sed 's/$/\r/'")).answers({"a", "b"}), ElementsAre("a", "b"));
  EXPECT_THAT(LineCommand(options("printf '1\n\n3'")).answers({"a", "b", "c"}), ElementsAre("1", "", "3"));
}

TEST(LineCommand, NothingInALineIsExpanded) {
  const Words lines{"$(touch x)", "`id`", "a;b", "*", "'\""};
  EXPECT_EQ(LineCommand(options("cat")).answers(lines), lines);
}

TEST(LineCommand, CallsForManyLinesAtOnce) {
  LineCommandOptions some = options("awk 'END{for(i=0;i<NR;++i)print NR}'");
  some.together = 4;
  EXPECT_THAT(LineCommand(some).answers(Words(10, "x")),
              ElementsAre("4", "4", "4", "4", "4", "4", "4", "4", "2", "2"));
}

TEST(LineCommand, IsCalledByTheScriptThatItRuns) {
  const std::string script = LATENTPATH_TEST_SOURCE "/scripts/format";
  EXPECT_EQ(LineCommand(options("python3 -u " + script + " --check")).name(), "format");
  EXPECT_EQ(LineCommand(options("/usr/bin/dock.sh x")).name(), "dock");
  EXPECT_EQ(LineCommand(options("awk '" + std::string(300, 'x') + "'")).name(), "awk");
}

TEST(LineCommand, WhatIsQuotedIsText) {
  EXPECT_EQ(quotable("ung\xfcltig\tnun\xc3\xbc"), "ung\uFFFDltig nunü");
  std::string many;
  for (int i = 0; i < 150; ++i) many += "ü";
  EXPECT_EQ(quotable(many), many.substr(0, 200) + " …");
  EXPECT_EQ(quotable("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_THAT(refusal(ErrorKind::kInput, options(R"(sh -c 'printf "Fehler: ung\374ltig" >&2; exit 1')")),
              HasSubstr("saying 'Fehler: ung\uFFFDltig'"));
}

TEST(LineCommand, RefusesInOneSentenceWithTheRemedy) {
  EXPECT_THAT(refusal(ErrorKind::kArgument, options("no-such-program x")),
              testing::AllOf(HasSubstr("`score` no-such-program x cannot be started (No such file"),
                             HasSubstr("such as 'python3 score.py'")));
  EXPECT_THAT(refusal(ErrorKind::kInput, options("sh -c 'echo first >&2; echo ValueError: odd >&2; exit 3'")),
              HasSubstr("ended with exit code 3 on 2 molecules, saying 'ValueError: odd': it must print one "
                        "number, for each molecule, and end with 0"));
  EXPECT_THAT(refusal(ErrorKind::kInput, options("head -n 1")),
              HasSubstr("printed 1 line for 2 molecules: it must print one number, a line for each"));
  EXPECT_THAT(refusal(ErrorKind::kInput, options("seq 3")), HasSubstr("printed 3 lines for 2 molecules"));
  EXPECT_THAT(refusal(ErrorKind::kInput, options("true")), HasSubstr("printed 0 lines for 2 molecules"));
  LineCommandOptions slow = options("sleep 30");
  slow.seconds = 0.2;
  EXPECT_THAT(refusal(ErrorKind::kInput, slow),
              HasSubstr("took over 0.2 s for 2 molecules and was ended: give it more by `command_seconds`"));
  EXPECT_THAT(refusal(ErrorKind::kInput, options("yes")), HasSubstr("printed over 64 MiB"));
}

}  // namespace
}  // namespace latentpath
