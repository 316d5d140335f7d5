#include "latentpath/io/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

#include "io/io_test_folder.h"
#include "latentpath/io/file.h"
#include "latentpath/io/json.h"

namespace latentpath {
namespace {

using ::testing::HasSubstr;

std::string number(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * i);
  return text;
}

struct Packed {
  std::string name, contents, packed;
  int method = 0;
  bool checksum = true;
};

std::string deflated(const std::string& contents) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string packed(contents.size() + 64, '\0');
  stream.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(contents.data()));
  stream.avail_in = static_cast<uInt>(contents.size());
  stream.next_out = reinterpret_cast<unsigned char*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// A zip archive, written as the format's description says.
std::string archive_of(const std::vector<Packed>& members) {
  std::string body, directory;
  for (const Packed& member : members) {
    const std::string& data = member.method == 0 ? member.contents : member.packed;
    const auto* bytes = reinterpret_cast<const unsigned char*>(member.contents.data());
    const uint64_t sum =
        member.checksum ? crc32(0, bytes, static_cast<uInt>(member.contents.size())) : 0xffffffff;
    const std::string common = number(20, 2) + number(0, 2) +
                               number(static_cast<uint64_t>(member.method), 2) + number(0, 4) +
                               number(sum, 4) + number(data.size(), 4) + number(member.contents.size(), 4) +
                               number(member.name.size(), 2) + number(0, 2);
    directory += "PK\1\2" + number(20, 2) + common + number(0, 2) + number(0, 2) + number(0, 2) +
                 number(0, 4) + number(body.size(), 4) + member.name;
    body += "PK\3\4" + common + member.name + data;
  }
  return body + directory + "PK\5\6" + number(0, 4) + number(members.size(), 2) + number(members.size(), 2) +
         number(directory.size(), 4) + number(body.size(), 4) + number(0, 2);
}

class Archive : public test::FolderTest {
 protected:
  void check(const std::string& bytes) {
    write_file(folder_ / "m.pt", bytes);
    check_archive(folder_ / "m.pt", "the file m.pt");
  }
  std::string refusal(const std::string& bytes) {
    return test::error_of(ErrorKind::kInput, [&] { check(bytes); });
  }
};

const std::string kText = std::string(3'000'000, 'a') + "and the rest of it";

TEST_F(Archive, SoundOnesPass) {
  check(archive_of({{"m/data.pkl", "some bytes", {}}, {"m/empty", "", {}}, {"m/0", kText, {}}}));
  check(archive_of({{"m/0", kText, deflated(kText), 8}, {"m/1", "x", {}}}));
}

TEST_F(Archive, EveryFlippedBitOfTheContentsIsFound) {
  const std::string contents = "the numbers of a model";
  const std::string sound = archive_of({{"m/0", contents, {}}, {"m/1", "others", {}}});
  const size_t begin = sound.find(contents);
  for (size_t bit = 0; bit < 8 * contents.size(); ++bit) {
    std::string flipped = sound;
    flipped[begin + bit / 8] = static_cast<char>(flipped[begin + bit / 8] ^ (1 << bit % 8));
    EXPECT_THAT(refusal(flipped), HasSubstr("the file m.pt is damaged: the contents of 'm/0'"));
  }
}

TEST_F(Archive, WhatIsCutShortOrLiesOutsideIsRefused) {
  const std::string sound = archive_of({{"m/0", "contents", {}}, {"m/1", "others", {}}});
  for (size_t length = 0; length < sound.size(); ++length) refusal(sound.substr(0, length));
  std::string far = sound;
  const size_t entry = sound.find("PK\1\2");
  far.replace(entry + 42, 4, number(0x7fffffff, 4));
  EXPECT_THAT(refusal(far), HasSubstr("outside"));
  std::string huge = sound;
  huge.replace(entry + 20, 8, number(0x7fffffff, 4) + number(0x7fffffff, 4));
  EXPECT_THAT(refusal(huge), HasSubstr("outside"));
  EXPECT_THAT(refusal("this is no archive, however long it may be"), HasSubstr("torch.jit.script"));
}

TEST_F(Archive, ABombIsNotUnpacked) {
  // NOLINTNEXTLINE(bugprone-string-constructor): it is meant to be large
  Packed bomb{"m/0", "small", deflated(std::string(50'000'000, '\0')), 8};
  EXPECT_THAT(refusal(archive_of({bomb, {"m/1", "x", {}}})), HasSubstr("unpacked to the size"));
}

TEST_F(Archive, OneWrittenWithoutChecksumsPasses) {
  check(archive_of({{"m/0", "contents", {}, 0, false}, {"m/1", "others", {}, 0, false}}));
  refusal(archive_of({{"m/0", "contents", {}, 0, false}, {"m/1", "others", {}}}));
}

TEST(ParseJson, BracketsWithinBracketsEndSomewhere) {
  EXPECT_EQ(parse_json(R"({"a": ["[[[", 1]})")["a"][1], 1);
  EXPECT_TRUE(parse_json("{").is_discarded());
  EXPECT_TRUE(parse_json(std::string(1'000'000, '[')).is_discarded());
  EXPECT_TRUE(parse_json(std::string(1000, '[') + std::string(1000, ']')).is_discarded());
  EXPECT_FALSE(parse_json(std::string(100, '[') + std::string(100, ']')).is_discarded());
}

}  // namespace
}  // namespace latentpath
