// Writes font_outlines.cpp: the outlines of the few hundred characters that pictures are labelled with, taken
// from DejaVu Sans and DejaVu Sans Bold, so that pictures need no font on the machine that draws them and
// have the same bytes everywhere. Not part of the build; run by hand when the set of characters changes:
//   g++ -std=c++20 make_font_outlines.cc $(pkg-config --cflags --libs freetype2) -o make_font_outlines
//   ./make_font_outlines DejaVuSans.ttf DejaVuSans-Bold.ttf > font_outlines.cpp
#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_OUTLINE_H

#include <cstdio>
#include <string>
#include <vector>

namespace {

std::vector<unsigned> characters(bool all) {
  std::vector<unsigned> set;
  const auto range = [&](unsigned first, unsigned last) {
    for (unsigned c = first; c <= last; ++c) set.push_back(c);
  };
  range(0x20, 0x7e);
  range(0xa0, 0xff);
  if (all) range(0x100, 0x17f);  // the rest of Europe's Latin letters
  range(0x391, 0x3a1);
  range(0x3a3, 0x3a9);
  range(0x3b1, 0x3c9);
  for (unsigned c : {0x2013u, 0x2014u, 0x2018u, 0x2019u, 0x201cu, 0x201du, 0x2020u, 0x2022u, 0x2026u,
                     0x2030u, 0x2032u, 0x2080u, 0x2081u, 0x2082u, 0x2083u, 0x2084u, 0x2085u, 0x2086u,
                     0x2087u, 0x2088u, 0x2089u, 0x2190u, 0x2191u, 0x2192u, 0x2193u, 0x2194u, 0x21a6u,
                     0x2202u, 0x2205u, 0x2207u, 0x2208u, 0x2211u, 0x2212u, 0x221au, 0x221eu, 0x222bu,
                     0x2248u, 0x2260u, 0x2264u, 0x2265u, 0x226au, 0x226bu, 0x2297u, 0x25cfu, 0xfffdu})
    set.push_back(c);
  return set;
}

void dump(FT_Library library, const char* file, const char* name, bool all) {
  FT_Face face = nullptr;
  if (FT_New_Face(library, file, 0, &face)) std::exit(1);
  std::string points, ends, glyphs;
  int point_count = 0, end_count = 0, glyph_count = 0;
  for (unsigned code : characters(all)) {
    if (FT_Get_Char_Index(face, code) == 0) continue;
    if (FT_Load_Char(face, code, FT_LOAD_NO_SCALE | FT_LOAD_NO_HINTING)) std::exit(1);
    const FT_Outline& outline = face->glyph->outline;
    glyphs += "{" + std::to_string(code) + "," + std::to_string(face->glyph->advance.x) + "," +
              std::to_string(end_count) + "," + std::to_string(outline.n_contours) + "},";
    if (++glyph_count % 6 == 0) glyphs += "\n";
    for (int c = 0; c < outline.n_contours; ++c) {
      ends += std::to_string(point_count + outline.contours[c] + 1) + ",";
      if (++end_count % 18 == 0) ends += "\n";
    }
    for (int p = 0; p < outline.n_points; ++p) {
      points += std::to_string(outline.points[p].x * 2 + (outline.tags[p] & 1)) + "," +
                std::to_string(outline.points[p].y) + ",";
      if (++point_count % 9 == 0) points += "\n";
    }
  }
  std::printf("constexpr int16_t k%sPoints[] = {\n%s};\n", name, points.c_str());
  std::printf("constexpr int32_t k%sEnds[] = {\n%s};\n", name, ends.c_str());
  std::printf("constexpr GlyphOutline k%sGlyphs[] = {\n%s};\n", name, glyphs.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  FT_Library library = nullptr;
  if (FT_Init_FreeType(&library)) return 1;
  std::puts(
      "// Written by make_font_outlines.cc: do not edit.\n"
      "// The outlines are those of DejaVu Sans 2.37 (https://dejavu-fonts.github.io), changed in nothing "
      "but\n"
      "// their encoding. Copyright (c) 2003 by Bitstream, Inc. All Rights Reserved; Bitstream Vera is a "
      "trademark\n"
      "// of Bitstream, Inc. DejaVu changes are in public domain. The Bitstream Vera licence permits use, "
      "copying,\n"
      "// merging, embedding and distribution without charge: see font_outlines.LICENSE, which must stay "
      "with it.\n"
      "#include \"font_outlines.h\"\n\n"
      "// clang-format off\n"
      "namespace latentpath::detail {\nnamespace {");
  dump(library, argv[1], "Regular", true);
  dump(library, argv[2], "Bold", false);
  std::puts(
      "}  // namespace\n\n"
      "FontOutlines regular_font() { return {kRegularPoints, kRegularEnds, kRegularGlyphs}; }\n"
      "FontOutlines bold_font() { return {kBoldPoints, kBoldEnds, kBoldGlyphs}; }\n\n"
      "}  // namespace latentpath::detail");
}
