#pragma once
// Whether bytes are text: what others print, and what stands in damaged files, need not be.

#include <cstddef>
#include <string>

namespace latentpath {

/// Bytes of the UTF-8 character that begins at `at` < bytes.size(): 1 to 4; 0 where none does. Longer forms
/// than need be, halves of surrogate pairs and numbers beyond U+10FFFF are none.
std::size_t utf8_character(const std::string& bytes, std::size_t at);

}  // namespace latentpath
