#include "latentpath/io/text_lines.h"

#include <gmock/gmock.h>

#include "io/io_test_folder.h"
#include "latentpath/core/error.h"
#include "latentpath/io/file.h"

namespace latentpath::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TextLines : public test::FolderTest {};

TEST_F(TextLines, AByteOrderMarkIsNoText) {
  write_file(folder_ / "a.txt", "\xef\xbb\xbfone\ntwo\n");
  EXPECT_EQ(read_text(folder_ / "a.txt"), "one\ntwo\n");
  write_file(folder_ / "b.txt", std::string("\xff\xfeo\0n\0", 6));
  try {
    read_text(folder_ / "b.txt");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_THAT(error.what(), HasSubstr("b.txt is text in UTF-16: save it in UTF-8"));
  }
}

TEST_F(TextLines, EndInLineFeedsReturnsOrBoth) {
  EXPECT_THAT(lines_of("a\nb\r\nc\rd"), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(lines_of("a\n\n"), ElementsAre("a", ""));
  EXPECT_THAT(lines_of(""), IsEmpty());
}

TEST_F(TextLines, SeparatorsWithinQuotesAreText) {
  EXPECT_EQ(separator_of("\"a;b\",c"), ',');
  EXPECT_EQ(separator_of("1,5;2"), ';');
  EXPECT_EQ(separator_of("a\tb,c"), '\t');
  EXPECT_EQ(separator_of("\"a,b\""), ' ');
  EXPECT_THAT(fields_of("\"1,2-dimethylbenzene\", CCO ,\"CC\"", ','),
              ElementsAre("1,2-dimethylbenzene", "CCO", "CC"));
  EXPECT_THAT(fields_of("\"say \"\"a\"\", b\",c,", ','), ElementsAre("say \"a\", b", "c", ""));
  EXPECT_THAT(fields_of("\"\",x", ','), ElementsAre("", "x"));
  EXPECT_THAT(fields_of("\ta\t \"b\tc\" ", '\t'), ElementsAre("", "a", "b\tc"));
  EXPECT_THAT(fields_of("  a \t \"b c\"  d ", ' '), ElementsAre("a", "b c", "d"));
  EXPECT_THAT(fields_of("", ','), ElementsAre(""));
  EXPECT_THAT(fields_of("", ' '), IsEmpty());
}

TEST_F(TextLines, AQuoteThatDoesNotEncloseAFieldIsText) {
  EXPECT_THAT(fields_of("\"a,b", ','), ElementsAre("\"a", "b"));
  EXPECT_THAT(fields_of("\"a\"b,c", ','), ElementsAre("\"a\"b", "c"));
  EXPECT_THAT(fields_of("5\",c\"", ','), ElementsAre("5\"", "c\""));
  EXPECT_THAT(fields_of("\"", ','), ElementsAre("\""));
}

}  // namespace
}  // namespace latentpath::testing
