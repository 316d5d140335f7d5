#pragma once
// What a call is refused with.
//
//   EXPECT_EQ(refusal([&] { check(options); }), "`steps` must be at least 1, not 0");

#include <gtest/gtest.h>

#include <string>

#include "latentpath/core/error.h"

namespace latentpath::testing {

/// The sentence of the Error of this kind that `use` throws; empty where it throws none.
template <class Use>
std::string refusal(const Use& use, ErrorKind kind = ErrorKind::kArgument) {
  try {
    use();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    return error.what();
  }
  return "";
}

}  // namespace latentpath::testing
