// The page from a run folder: what is embedded, what is kept out, what is refused.
#include "latentpath/report/html_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"

namespace {

namespace fs = std::filesystem;
using namespace latentpath;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class HtmlReport : public ::testing::Test {
 protected:
  HtmlReport() {
    run_ = fs::temp_directory_path() / ("latentpath-html-" + std::to_string(::getpid()));
    fs::create_directories(run_);
  }
  ~HtmlReport() override { fs::remove_all(run_); }
  std::string page(const json& data, bool plain) {
    write_report_data(run_, data);
    write_html_report(run_, plain);
    return read_file(run_ / "report.html");
  }
  fs::path run_;
};

TEST_F(HtmlReport, DataCannotEndTheScriptThatHoldsThem) {
  const json data{{"kind", "interpolate"}, {"feature", "</script><script>alert(1)</script><!--"}};
  for (const bool plain : {false, true}) {
    if (!plain && !has_interactive_report()) continue;  // built without Node
    const std::string html = page(data, plain);
    EXPECT_THAT(html, Not(HasSubstr("</script><script>alert"))) << plain;
    EXPECT_THAT(html, Not(HasSubstr("alert(1)</script>"))) << plain;
  }
  if (has_interactive_report()) {
    EXPECT_THAT(page(data, false), HasSubstr("\\u003c/script\\u003e"));
  }
}

TEST_F(HtmlReport, EmbedsFilesUnderTheirNames) {
  if (!has_interactive_report()) GTEST_SKIP() << "this library was built without Node: its reports are plain";
  write_report_file(run_, "pair-0.points", std::string("\0\1\2\3\xff", 5));
  EXPECT_THAT(page({{"kind", "interpolate"}}, false),
              HasSubstr("<script type=\"text/plain\" id=\"file:pair-0.points\">AAECA/8=</script>"));
}

TEST_F(HtmlReport, ThePlainPageEscapesAndTabulatesEverything) {
  const json data{
      {"kind", "interpolate"},
      {"verdict",
       {{"headline", "a < b & \"c\""}, {"points", {{{"topic", "gain"}, {"text", "<i>gain</i>"}}}}}},
      {"summary", {{"pairs", {{{"path", {{"cost", 1.5}, {"length", nullptr}}}}}}}},
      {"settings", {{"favor", {"<b>"}}}},
      {"warnings", {"5 > 4"}}};
  const std::string html = page(data, true);
  EXPECT_THAT(html, HasSubstr("<h1>a &lt; b &amp; &quot;c&quot;</h1>"));
  EXPECT_THAT(html, HasSubstr("&lt;i&gt;gain&lt;/i&gt;"));
  EXPECT_THAT(html, HasSubstr("<td>1.5</td><td>not a number</td>"));
  EXPECT_THAT(html, HasSubstr("&lt;b&gt;"));
  EXPECT_THAT(html, HasSubstr("5 &gt; 4"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
}

TEST_F(HtmlReport, ThePlainPageHasTablesForKindsItDoesNotKnow) {
  const std::string html =
      page({{"kind", "geodesic"}, {"figures", {{{"name", "exact"}, {"length", 2.0}}}}}, true);
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">exact</th><td>2</td>"));
}

TEST_F(HtmlReport, KeepsFoldersOut) {
  const std::string html = page(
      {{"kind", "interpolate"}, {"warnings", {"the decoder " + (run_ / "x.pt").string() + " is odd"}}}, true);
  EXPECT_THAT(html, HasSubstr("the decoder x.pt is odd"));
  EXPECT_THAT(html, Not(HasSubstr(run_.string())));
}

TEST_F(HtmlReport, RefusesWhatIsNoRun) {
  const auto kind_of = [](auto&& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::kInterrupted;  // nothing was thrown
  };
  EXPECT_EQ(kind_of([&] { write_html_report(run_ / "absent", true); }), ErrorKind::kInput);
  EXPECT_EQ(kind_of([&] { write_html_report(run_, true); }), ErrorKind::kInput);
  fs::create_directories(run_ / "report");
  for (const char* broken : {"{\"kind\": ", "[1, 2]", "{}", ""}) {
    write_file(run_ / "report" / "data.json", broken);
    EXPECT_EQ(kind_of([&] { write_html_report(run_, true); }), ErrorKind::kInput) << broken;
  }
  EXPECT_FALSE(fs::exists(run_ / "report.html"));
  EXPECT_EQ(kind_of([&] { write_report_data(run_, json::array()); }), ErrorKind::kArgument);
  for (const char* name : {"../evil", "", ".hidden", "a b", "data.json", "x\"y"})
    EXPECT_EQ(kind_of([&] { write_report_file(run_, name, "x"); }), ErrorKind::kArgument) << name;
}

TEST(HidePaths, RemovesFoldersAndNothingElse) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"/home/eve/models/face.pt", "face.pt"},
      {"the decoder /home/eve/face.pt and '/x/y.npy', too", "the decoder face.pt and 'y.npy', too"},
      {"../data/pairs.npy", "pairs.npy"},
      {"~/pairs.npy", "pairs.npy"},
      {"out=/tmp/run-3", "out=run-3"},
      {"1/2 of the paths and/or none", "1/2 of the paths and/or none"},
      {"steps a / b", "steps a / b"},
      {"0.5,-1.2", "0.5,-1.2"},
      {"mnist-dcgan-2", "mnist-dcgan-2"}};
  for (const auto& [before, after] : cases)
    EXPECT_EQ(hide_paths(json{{"x", {before}}}), (json{{"x", {after}}})) << before;
}

TEST(HidePaths, RemovesKnownPathsWhateverTheirForm) {
  const std::vector<std::string> known{"my models/face one.pt", "/srv/My Models", "plain", "/"};
  EXPECT_EQ(hide_paths("the decoder /srv/My Models/x/face.pt is odd", known), "the decoder face.pt is odd");
  EXPECT_EQ(hide_paths("my models/face one.pt of /srv/My Models, plain 3 / 4", known),
            "face one.pt of My Models, plain 3 / 4");
}

}  // namespace
