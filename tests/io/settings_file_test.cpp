#include "latentpath/io/settings_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/io_test_folder.h"
#include "latentpath/core/error.h"
#include "latentpath/io/file.h"

namespace latentpath::testing {
namespace {

class SettingsFile : public test::FolderTest {
 protected:
  std::vector<Setting> read(const std::string& text) {
    const auto file = folder_ / "run.toml";
    write_file(file, text);
    return read_settings(file.string());
  }
};

TEST_F(SettingsFile, HoldsSectionsTextsNumbersArraysAndComments) {
  const auto settings = read(
      "decoder = \"mnist-vae-8\"  # a name\n\nfavor = [8, '9',\n]\nloop = true\n[interpolate.prune]\n"
      "late-lead = 1_0.5\n");
  ASSERT_EQ(settings.size(), 4U);
  EXPECT_EQ(settings[0].name, "decoder");
  EXPECT_EQ(settings[0].values, std::vector<std::string>{"mnist-vae-8"});
  EXPECT_EQ(settings[1].values, (std::vector<std::string>{"8", "9"}));
  EXPECT_TRUE(settings[2].is_boolean);
  EXPECT_EQ(settings[3].section, "interpolate.prune");
  EXPECT_EQ(settings[3].values[0], "10.5");
  EXPECT_EQ(settings[3].line, 7);
}

TEST_F(SettingsFile, MayBeginWithAByteOrderMark) {
  const auto settings = read("\xef\xbb\xbfloop = true\r\n");
  ASSERT_EQ(settings.size(), 1U);
  EXPECT_EQ(settings[0].name, "loop");
}

TEST_F(SettingsFile, IsRefusedWithTheLineAndTheRule) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"a = 1\nb 2\n", "line 2: a setting is written name = value"},
      {"a = plain\n", "line 1: text needs quotes"},
      {"a = 1 b = 2\n", "a line holds one setting"},
      {"[a\n", "a section is written [name]"},
      {"a = [1 2]\n", "an array is written [value, value]"},
      {"a = \"open\n", "a quote is not closed"},
      {"a =\n", "the value is missing"},
  };
  for (const auto& [text, words] : bad) {
    try {
      read(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      EXPECT_THAT(error.what(), ::testing::HasSubstr(words)) << text;
    }
  }
}

}  // namespace
}  // namespace latentpath::testing
