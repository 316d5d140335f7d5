#pragma once
// What the options of a job for molecules are refused with.

#include <gtest/gtest.h>

#include <string>

#include "latentpath/core/error.h"
#include "latentpath/molecule/molecules_job.h"

namespace latentpath {

/// The sentence, of kind kArgument; "" where they are allowed.
inline std::string refusal_of(const MoleculesJob& job) {
  try {
    molecules_option_table().validate(job);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kArgument);
    return error.what();
  }
  return "";
}

}  // namespace latentpath
