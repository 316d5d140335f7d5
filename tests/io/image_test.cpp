#include "latentpath/io/image.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "io/io_test_folder.h"
#include "latentpath/core/random.h"
#include "latentpath/io/file.h"

namespace latentpath {
namespace {

using test::error_of;
using ::testing::HasSubstr;
class ImageTest : public test::FolderTest {};

Tensor noise(at::IntArrayRef shape) {
  at::Generator generator = make_generator(7);
  return torch::rand(shape, generator).mul(255).to(torch::kByte);
}

TEST_F(ImageTest, RoundTripKeepsPixelsAndChannels) {
  const Tensor grey = noise({5, 9}), colour = noise({6, 4, 3});
  write_png(folder_ / "grey.png", grey);
  EXPECT_TRUE(torch::equal(read_image(folder_ / "grey.png"), grey.unsqueeze(2)));
  write_png(folder_ / "grey.png", grey.unsqueeze(2));
  EXPECT_TRUE(torch::equal(read_image(folder_ / "grey.png"), grey.unsqueeze(2)));
  write_png(folder_ / "colour.png", colour);
  EXPECT_TRUE(torch::equal(read_image(folder_ / "colour.png"), colour));
  write_png(folder_ / "view.png", colour.transpose(0, 1));
  EXPECT_TRUE(torch::equal(read_image(folder_ / "view.png"), colour.transpose(0, 1)));
  EXPECT_EQ(encode_png(colour), read_file(folder_ / "colour.png"));
}

TEST_F(ImageTest, ReadsRedGreenBlueInThisOrder) {
  // A 1 × 1 binary PPM: red, green, blue.
  write_file(folder_ / "x.ppm", std::string("P6\n1 1\n255\n\xff\x80\x01", 14));
  EXPECT_TRUE(torch::equal(read_image(folder_ / "x.ppm"), torch::tensor({{{255, 128, 1}}}, torch::kByte)));
}

TEST_F(ImageTest, EveryTruncationAndDamageIsAnError) {
  write_png(folder_ / "x.png", noise({8, 8, 3}));
  const std::string whole = read_file(folder_ / "x.png");
  for (size_t length = 0; length < whole.size(); ++length) {
    write_file(folder_ / "y.png", whole.substr(0, length));
    EXPECT_THAT(error_of(ErrorKind::kInput, [&] { read_image(folder_ / "y.png"); }), HasSubstr("y.png"));
  }
  std::string damaged = whole;
  damaged[whole.size() / 2] ^= 0x55;
  write_file(folder_ / "y.png", damaged);
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { read_image(folder_ / "y.png"); }), HasSubstr("checksum"));
}

TEST_F(ImageTest, RefusesWhatIsNoImage) {
  write_file(folder_ / "x.png", "hello");
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { read_image(folder_ / "x.png"); }),
              HasSubstr("is not an image"));
  error_of(ErrorKind::kInput, [&] { read_image(folder_ / "absent.png"); });
  error_of(ErrorKind::kInput, [&] { read_image(folder_); });
  write_file(folder_ / "x.jpg", "\xff\xd8\xff\xe0");
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { read_image(folder_ / "x.jpg"); }), HasSubstr("cut short"));
  // OpenCV's own words on std::cerr are no sentence.
  ::testing::internal::CaptureStderr();
  write_file(folder_ / "x.ppm", "P6\n2 -1\n255\n123456");
  error_of(ErrorKind::kInput, [&] { read_image(folder_ / "x.ppm"); });
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_F(ImageTest, WriteErrorsNameTheFile) {
  EXPECT_THAT(error_of(ErrorKind::kArgument,
                       [] {
                         write_png("/dev/full", noise({8, 8}));
                       }),
              HasSubstr("/dev/full"));
  EXPECT_THAT(error_of(ErrorKind::kArgument,
                       [&] {
                         write_png(folder_ / "no" / "x.png", noise({8, 8}));
                       }),
              HasSubstr("does not exist"));
  EXPECT_THAT(error_of(ErrorKind::kArgument,
                       [&] {
                         write_png(folder_ / "x.png", noise({8, 8, 2}));
                       }),
              HasSubstr("[8, 8, 2]"));
  error_of(ErrorKind::kArgument, [&] { write_png(folder_ / "x.png", torch::ones({8, 8})); });
  error_of(ErrorKind::kArgument, [&] { write_png(folder_ / "x.png", noise({0, 8})); });
  EXPECT_EQ(entry_count(), 0u);
}

}  // namespace
}  // namespace latentpath
