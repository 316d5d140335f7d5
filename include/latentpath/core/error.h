#pragma once
// Errors: one exception type for everything a user can cause, with the kind that the program turns into
// its exit code. The library never prints, aborts or exits.

#include <sstream>
#include <stdexcept>
#include <string>

namespace latentpath {

/// What went wrong, as the program reports it (the value is the exit code).
enum class ErrorKind {
  kArgument = 2,      ///< an option or argument breaks a constraint
  kInput = 3,         ///< a file is missing, malformed, or not of the expected kind or shape
  kNumerical = 4,     ///< NaN, infinity, or a computation that cannot go on
  kInterrupted = 130  ///< cancelled by the caller
};

/// One clear sentence that names the file, option or shape and the constraint it breaks.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

/// A model that cannot take points of the shape or size that it was given.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// A broken invariant of our own: a defect of the library, never of its input.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Joins its arguments as an output stream would print them.
template <typename... Parts>
std::string join_message(const Parts&... parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

}  // namespace latentpath

/// Throws latentpath::Error of the given kind (kArgument, kInput, …) at the user when the condition fails:
///   LATENTPATH_CHECK(epsilon < 0.5, kArgument, "`epsilon` is ", epsilon, ": it must be below 0.5");
#define LATENTPATH_CHECK(condition, error_kind, ...)                      \
  do {                                                                    \
    if (!(condition))                                                     \
      throw ::latentpath::Error(::latentpath::ErrorKind::error_kind,      \
                                ::latentpath::join_message(__VA_ARGS__)); \
  } while (false)

/// Guards an invariant of the library itself.
#define LATENTPATH_ASSERT(condition)                                                           \
  do {                                                                                         \
    if (!(condition))                                                                          \
      throw ::latentpath::InternalError(::latentpath::join_message(                            \
          "internal error at ", __FILE__, ":", __LINE__, ": ", #condition, " does not hold")); \
  } while (false)
