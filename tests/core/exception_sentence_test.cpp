#include "latentpath/core/exception_sentence.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

template <typename Call>
std::string sentence_of(const Call& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return exception_sentence(error);
  }
  return "";
}

TEST(ExceptionSentence, LeavesCppFramesAndTracebacksBehind) {
  const std::string subtraction = sentence_of([] { at::ones({2}, at::kBool) - at::ones({2}, at::kBool); });
  EXPECT_THAT(subtraction, HasSubstr("two bool tensors is not supported"));
  const std::string product = sentence_of([] { at::matmul(at::ones({4, 1}), at::ones({3, 64})); });
  EXPECT_EQ(product, "mat1 and mat2 shapes cannot be multiplied (4x1 and 3x64)");
  for (const std::string& sentence : {subtraction, product}) {
    EXPECT_THAT(sentence, Not(HasSubstr("\n")));
    EXPECT_THAT(sentence, Not(HasSubstr("Exception raised from")));
    EXPECT_THAT(sentence, Not(HasSubstr("frame #")));
  }
  const std::runtime_error interpreter(
      "The following operation failed in the TorchScript interpreter.\nTraceback of TorchScript (most recent "
      "call "
      "last):\n  File \"m.py\", line 3, in forward\nRuntimeError: shape '[-1, 784]' is invalid for input of "
      "size 80\n");
  EXPECT_EQ(exception_sentence(interpreter), "shape '[-1, 784]' is invalid for input of size 80");
}

TEST(ExceptionSentence, NamesTheRemedyWhereTheCauseIsKnown) {
  EXPECT_THAT(exception_sentence(std::runtime_error(
                  "Error: Expected more than 1 value per channel when training, got input size [1, 64]")),
              HasSubstr("; it normalises by the statistics of its batch: export the model after .eval()"));
  EXPECT_EQ(exception_sentence(std::runtime_error("\nUnknown builtin op: aten::of_2030.\nCould not find")),
            "Unknown builtin op: aten::of_2030");
  const std::string gpu =
      exception_sentence(std::runtime_error("RuntimeError: Could not run 'aten::empty' with arguments from "
                                            "the 'CUDA' backend. This could be because "
                                            "the operator doesn't exist for this backend"));
  EXPECT_THAT(gpu, HasSubstr("model.cpu()"));
  EXPECT_THAT(gpu, Not(HasSubstr("This could be")));
  EXPECT_EQ(exception_sentence(std::bad_alloc()), "there is not enough memory");
  // Bytes of a damaged file, of which a terminal and JSON can make nothing.
  EXPECT_EQ(exception_sentence(std::runtime_error("unknown opcode '\x8a\x1b[2J\xc3' of modèle.pt")),
            "unknown opcode '??[2J?' of modèle.pt");
  EXPECT_EQ(sentence_of([] { at::empty({int64_t{1} << 50}, at::kDouble); }), "there is not enough memory");
  EXPECT_EQ(exception_sentence(Error(ErrorKind::kInput, "two Error: words.\nand a line")),
            "two Error: words.\nand a line");
}

}  // namespace
}  // namespace latentpath
