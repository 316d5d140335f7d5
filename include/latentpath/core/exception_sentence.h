#pragma once
// What an exception says, as one sentence for people. LibTorch's messages carry C++ frames, source places and
// the traceback of TorchScript's interpreter; what helps is one line of them, and what to do about it.
//
//   try {
//     (*decoder)(z);
//   } catch (const std::exception& error) {
//     throw Error(ErrorKind::kInput, exception_sentence(error));
//   }

#include <exception>
#include <string>

namespace latentpath {

/// The line of the message that says what went wrong, without a full stop, at most some 240 signs; where the
/// cause is known, what remedies it stands behind a semicolon. Of an Error: its own words.
std::string exception_sentence(const std::exception& error);

}  // namespace latentpath
