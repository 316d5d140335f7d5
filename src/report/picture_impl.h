#pragma once
// What pictures and the measuring of text share: a line or paragraph of text as Pango sets it, the same
// whatever it is rendered to: no hinting, no rounding to pixels, a unit of length a unit of the picture.

#include <pango/pangocairo.h>

#include <memory>
#include <string>

#include "latentpath/report/picture.h"

namespace latentpath::detail {

struct Unreference {
  void operator()(void* object) const { g_object_unref(object); }
};
using TextLayout = std::unique_ptr<PangoLayout, Unreference>;

/// `text` as Pango accepts it: what is malformed becomes U+FFFD, control characters but newlines become
/// spaces.
std::string printable(const std::string& text);

/// The layout of printable text; newlines begin a paragraph.
TextLayout lay_out_text(const std::string& printable_text, const TextStyle& style);

}  // namespace latentpath::detail
