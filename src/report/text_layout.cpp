#include "picture_impl.h"

#include <algorithm>

#include "latentpath/core/error.h"

namespace latentpath {
namespace detail {
namespace {

constexpr const char* kFonts = "DejaVu Sans,Sans";  // the second: whatever the machine has

using FontOptions = std::unique_ptr<cairo_font_options_t, decltype(&cairo_font_options_destroy)>;
using FontDescription = std::unique_ptr<PangoFontDescription, decltype(&pango_font_description_free)>;

/// The settings of the machine's screen are overruled: pictures have the same bytes wherever they are drawn.
PangoContext* text_context() {
  static thread_local const std::unique_ptr<PangoContext, Unreference> context = [] {
    std::unique_ptr<PangoContext, Unreference> made(
        pango_font_map_create_context(pango_cairo_font_map_get_default()));
    const FontOptions options(cairo_font_options_create(), &cairo_font_options_destroy);
    cairo_font_options_set_antialias(options.get(), CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options.get(), CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options.get(), CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(made.get(), options.get());
    pango_context_set_round_glyph_positions(made.get(), FALSE);
    pango_context_set_language(made.get(), pango_language_from_string("en"));
    pango_context_set_base_dir(made.get(), PANGO_DIRECTION_LTR);
    return made;
  }();
  return context.get();
}

}  // namespace

std::string printable(const std::string& text) {
  const std::unique_ptr<char, decltype(&g_free)> valid(
      g_utf8_make_valid(text.data(), static_cast<gssize>(text.size())), &g_free);
  std::string result = valid.get();
  std::replace_if(
      result.begin(), result.end(),
      [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f; }, ' ');
  return result;
}

TextLayout lay_out_text(const std::string& printable_text, const TextStyle& style) {
  TextLayout layout(pango_layout_new(text_context()));
  const FontDescription font(pango_font_description_from_string(kFonts), &pango_font_description_free);
  pango_font_description_set_absolute_size(font.get(), style.size * PANGO_SCALE);
  pango_font_description_set_weight(font.get(), style.bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  pango_layout_set_font_description(layout.get(), font.get());
  pango_layout_set_auto_dir(layout.get(), FALSE);
  pango_layout_set_text(layout.get(), printable_text.data(), static_cast<int>(printable_text.size()));
  return layout;
}

}  // namespace detail

namespace {

double width_of(const std::string& printable_text, const TextStyle& style) {
  PangoRectangle logical;
  pango_layout_get_extents(detail::lay_out_text(printable_text, style).get(), nullptr, &logical);
  return static_cast<double>(logical.width) / PANGO_SCALE;
}

void drop_last_character(std::string& text) {
  text.erase(static_cast<size_t>(g_utf8_prev_char(text.data() + text.size()) - text.data()));
}

void drop_spaces_at_end(std::string& text) { text.erase(text.find_last_not_of(' ') + 1); }

}  // namespace

double text_width(const std::string& text, const TextStyle& style) {
  return text.empty() ? 0 : width_of(detail::printable(text), style);
}

std::string shorten_text(const std::string& text, const TextStyle& style, double width) {
  std::string line = detail::printable(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  const auto layout = detail::lay_out_text(line, style);
  PangoRectangle logical;
  pango_layout_get_extents(layout.get(), nullptr, &logical);
  if (logical.width <= width * PANGO_SCALE) return text;
  int fitting = 0, within_character = 0;
  pango_layout_line_x_to_index(pango_layout_get_line_readonly(layout.get(), 0),
                               static_cast<int>(std::max(0.0, width) * PANGO_SCALE), &fitting,
                               &within_character);
  line.resize(static_cast<size_t>(fitting));
  while (!line.empty() && width_of(line + "…", style) > width) drop_last_character(line);
  drop_spaces_at_end(line);
  return line.empty() ? std::string() : line + "…";
}

std::vector<std::string> wrap_text(const std::string& text, const TextStyle& style, double width,
                                   size_t most_lines) {
  std::string whole = detail::printable(text);
  if (whole.ends_with('\n')) whole.pop_back();  // it ends the last line and begins no other
  if (whole.empty() || most_lines == 0) return {};
  const auto layout = detail::lay_out_text(whole, style);
  pango_layout_set_wrap(layout.get(), PANGO_WRAP_WORD_CHAR);
  pango_layout_set_width(layout.get(), static_cast<int>(std::max(1.0, width) * PANGO_SCALE));
  std::vector<std::string> lines;
  const auto count = static_cast<size_t>(pango_layout_get_line_count(layout.get()));
  for (size_t i = 0; i < std::min(count, most_lines); ++i) {
    const PangoLayoutLine* line = pango_layout_get_line_readonly(layout.get(), static_cast<int>(i));
    const auto start = static_cast<size_t>(line->start_index);
    if (i + 1 == most_lines && count > most_lines) {
      const size_t end = std::min(whole.find('\n', start), whole.size());
      lines.push_back(shorten_text(whole.substr(start, end - start) + "…", style, width));
    } else {
      lines.push_back(whole.substr(start, static_cast<size_t>(line->length)));
      drop_spaces_at_end(lines.back());
    }
  }
  return lines;
}

}  // namespace latentpath
