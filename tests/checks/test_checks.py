"""The checks of this folder find what they are for: each is run on small trees that have one fault."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import function_length  # noqa: E402
import layers  # noqa: E402
import samples  # noqa: E402

TABLE = """
latentpath_module(core)
latentpath_module(numerics USES core LINK Eigen3::Eigen)
latentpath_module(solver   USES numerics)
latentpath_module(path     USES solver)
"""
SOUND = {
    "CMakeLists.txt": TABLE,
    "include/latentpath/core/error.h": "",
    "include/latentpath/core/tensor.h": "#include <ATen/core/Tensor.h>\n",
    "include/latentpath/solver/newton.h": '#include "latentpath/core/error.h"\n',  # by way of numerics
    "src/solver/newton.cpp": '#include "latentpath/solver/newton.h"\n#include "solver/step.h"\n#include <ATen/ATen.h>\n',
    "src/solver/step.h": "",
    "src/numerics/dense/roadmap.cpp": '#include "latentpath/core/error.h"\n',
    "src/path/find_path.cpp": '#include "latentpath/solver/newton.h"\n#include "latentpath/core/tensor.h"\n',
}


def faults(folder, changes):
    for name, text in {**SOUND, **changes}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return list(layers.Tree(folder).faults())


def test_a_sound_tree_has_no_fault(tmp_path):
    assert faults(tmp_path, {}) == []


@pytest.mark.parametrize("changes, place, word", [
    ({"src/solver/step.h": '\n#include "latentpath/path/find_path.h"\n',
      "include/latentpath/path/find_path.h": ""}, "src/solver/step.h:2", "does not use path"),
    ({"src/solver/step.h": '#include "path/private.h"\n'}, "src/solver/step.h:1", "does not use path"),
    ({"src/solver/step.h": '#include "latentpath/core/nothing.h"\n'}, "src/solver/step.h:1", "there is no"),
    ({"src/solver/step.h": '#include "latentpath/solver/newton.h"\n'}, "src/solver/newton.cpp:2", "in a circle"),
    ({"src/numerics/dense/roadmap.cpp": "#include <torch/types.h>\n"}, "src/numerics/dense/roadmap.cpp:1", "dense/"),
    ({"src/numerics/dense/roadmap.cpp": '#include "latentpath/core/tensor.h"\n'},
     "src/numerics/dense/roadmap.cpp:1", "by way of include/latentpath/core/tensor.h:1"),
    ({"src/core/plain/text.cpp": "#include <ATen/ATen.h>\n"}, "src/core/plain/text.cpp:1", "a file in plain/"),
    ({"src/solver/words.cpp": '#include "latentpath/core/error.h"\n'}, "src/solver/words.cpp:1", "into src/solver/plain/"),
    ({"CMakeLists.txt": TABLE.replace("USES numerics", "USES path")}, "CMakeLists.txt", "not named before"),
])
def test_each_fault_is_found(tmp_path, changes, place, word):
    found = faults(tmp_path, changes)
    assert any(fault.startswith(place + ":") and word in fault for fault in found), found


HEADER = """// A header.
//
//   cost = Σ w c / Δ            a formula, and no sample
//
//   auto x = f(1);   // a remark: Σ
//   g(x);
//
/// How to:
///   broken by
///   reflow g(x);
void f();
"""


def test_samples_are_told_from_formulas():
    found = [block for block in samples.header_blocks(HEADER) if samples.is_code(block)]
    assert [[number for number, _ in block] for block in found] == [[5, 6], [9, 10]]


def test_the_translation_unit_keeps_every_sample_and_its_line(tmp_path):
    file = tmp_path / "include/latentpath/core/header.h"
    file.parent.mkdir(parents=True)
    file.write_text(HEADER)
    (tmp_path / "README.md").write_text("text\n```cpp\nfrom_the_page();\n```\n```sh\nnot this\n```\n")
    unit = samples.translation_unit(tmp_path)
    assert f'#line 5 "{file}"\nauto x = f(1);' in unit
    assert f'#line 3 "{tmp_path / "README.md"}"\nfrom_the_page();' in unit
    assert "not this" not in unit
    assert list(samples.faults_of_form(tmp_path)) == []


def test_signs_that_are_no_code_are_a_fault_of_form(tmp_path):
    file = tmp_path / "include/latentpath/core/header.h"
    file.parent.mkdir(parents=True)
    file.write_text("//   f(…);\n")
    assert len(list(samples.faults_of_form(tmp_path))) == 1


def test_definitions_of_a_sample_stand_outside_of_its_function():
    block = list(enumerate(["struct Tea {", "  int minutes = 4;", "};", "const Tea& tea(int x) {", "  return all[x];", "}",
                            "Tea mine{.minutes = 3, …};", "drink(mine);", "auto f = [](int y) {", "  return y;", "};"], 1))
    definitions, statements = samples.code_lines(block)
    assert [text for text in definitions if text] == [text for _, text in block[:6]]
    assert [text for text in statements if text][:2] == ["Tea mine{.minutes = 3};", "drink(mine);"]
    assert len(statements) == len(definitions) == len(block)


CODE = """// void not_this() {
#define BRACE {
namespace latentpath {
template <class T>
struct Point : Base {
  Point(double a, double b) : Base{a}, values_{a, b}, text_("}") {
    const char* raw = R"(})"; const char sign = '{'; const int many = 1'000;
  }
  T at(int i) const { return values_[i]; }
  double values_[2] = {0, 0};
};
double operator+(const Point<double>& a, int n) {
  const auto add = [&](int k) {
    return a.at(k);
  };
  if (n > 0) { return add(0); }
  return 0;
}
const std::vector<int> kRows{1, 2};
}  // namespace latentpath
"""


def lengths(text):
    return [(name, last - first + 1) for name, first, last, _ in function_length.functions(text)]


def test_functions_are_told_from_all_else_in_braces():
    assert lengths(CODE) == [("Point", 3), ("at", 1), ("operator+", 7)]


@pytest.mark.parametrize("head", [
    "void walk() {", "static std::vector<int> walk(std::function<void()> step = [] {}) {", "void Path::walk() const {",
    "template <class T, int N>\nauto walk(const T& x) -> std::array<T, N> {", "Path::Path() : nodes_{1}, times_(2) {",
    "bool operator()(int a) const noexcept {", "std::function<void()> walk() { return [] {"])
def test_a_long_function_is_found_however_it_is_declared(tmp_path, head):
    end = "}; }\n" if head.endswith("[] {") else "}\n"
    for folder, name in (("src/path/dense", "walk.cpp"), ("apps/latentpath", "walk.cpp"),
                         ("include/latentpath/path", "walk_impl.h")):
        file = tmp_path / folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = 80 - head.count("\n") - 2
        file.write_text(head + "\n" + "  step();\n" * lines + end)
        assert list(function_length.faults(tmp_path)) == []
        file.write_text("// one more\n" + head + "\n" + "  step();\n" * (lines + 1) + end)
        found = list(function_length.faults(tmp_path))
        assert len(found) == 1 and found[0].startswith(f"{folder}/{name}:2: ") and "81 lines" in found[0]
        file.unlink()


def test_a_class_is_no_function_and_a_table_may_be_long(tmp_path):
    file = tmp_path / "src/path/options.cpp"
    file.parent.mkdir(parents=True)
    file.write_text("class Long {\n" + "  void step();\n" * 200 + "};\n")
    assert list(function_length.faults(tmp_path)) == []
    rows = "      .add(\"name\", &O::field)\n" * 100
    file.write_text(f"Table option_table() {{\n  return Table()\n{rows}      .end();\n}}\n")
    assert list(function_length.faults(tmp_path)) == []
    file.write_text(f"Table option_table() {{\n  if (once) return Table()\n{rows}      .end();\n}}\n")
    assert len(list(function_length.faults(tmp_path))) == 1  # a branch makes it a function
    file.write_text(f"Table options() {{\n  return Table()\n{rows}      .end();\n}}\n")
    assert len(list(function_length.faults(tmp_path))) == 1  # and so does its name
