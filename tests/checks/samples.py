#!/usr/bin/python3
"""Compiles the code samples of the documentation: those in the comments of public headers and the C++ of Markdown pages.

    tests/checks/samples.py SOURCE BUILD                 compile them all, as the build folder compiles its tests
    tests/checks/samples.py SOURCE --list                print what was found
    tests/checks/samples.py SOURCE --write FILE.cpp      write the translation unit alone

A sample is a block of comment lines that are indented by three spaces or more and of which one at least ends as a
statement does; in Markdown, a block marked cpp. Each becomes the body of a function of its own; types, functions and
templates that it defines stand before that function. `, …}` stands for further members. What a sample uses and does not
declare stands in sample_declarations.h, under the name of the sample's file. All samples are one translation
unit, checked for syntax and types only; messages of the compiler name the line of the sample.
"""
import json
import pathlib
import re
import shlex
import subprocess
import sys

COMMENT = re.compile(r"^\s*//[/!]?(.*)$")


def without_comment(line):
    """The code of a line, its strings emptied."""
    line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
    return line.split("//")[0].rstrip()


def is_code(block):
    return any(re.search(r"[;{]$", without_comment(text)) for _, text in block)


def header_blocks(text):
    """Blocks of indented comment lines: lists of (line number, text)."""
    block = []
    for number, line in enumerate(text.splitlines() + [""], 1):
        match = COMMENT.match(line)
        inner = match[1] if match else ""
        if inner.startswith("   "):
            block.append((number, inner[3:]))
        else:
            if block:
                yield block
            block = []


def markdown_blocks(text, language):
    block, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            if inside and block:
                yield block
            inside, block = line.strip() == "```" + language, []
        elif inside:
            block.append((number, line))


DEFINITION = re.compile(r"(struct|class|enum|template|namespace)\b|[\w:<>,&* ]+[ &*]\w+\([^;]*\)( const)? \{$")


def code_lines(block):
    """The lines of a sample as code, apart: (definitions at namespace scope, statements)."""
    definitions, statements, depth = [], [], 0
    for _, text in block:
        text = re.sub(r",\s*…\s*\}", "}", text)
        code = without_comment(text)
        if depth == 0 and DEFINITION.match(code) or text.startswith("#include"):
            depth = code.count("{") - code.count("}")
            definitions.append(text)
            statements.append("")
        elif depth > 0:
            depth += code.count("{") - code.count("}")
            definitions.append(text)
            statements.append("")
        else:
            definitions.append("")
            statements.append(text)
    return definitions, statements


def samples(root):
    """(file, block) of every sample, in a fixed order."""
    for file in sorted((root / "include").rglob("*.h")):
        for block in header_blocks(file.read_text()):
            if is_code(block):
                yield file, block
    for file in markdown_files(root):
        for block in markdown_blocks(file.read_text(), "cpp"):
            yield file, block


def markdown_files(root):
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")])


def declarations(text):
    """{file: declarations}: sections of sample_declarations.h, each begun by a line `//// FILE`."""
    parts = re.split(r"^//// (\S+).*\n", text, flags=re.M)
    return parts[0], dict(zip(parts[1::2], parts[2::2]))


def translation_unit(root):
    preamble, own = declarations((pathlib.Path(__file__).parent / "sample_declarations.h").read_text())
    headers = sorted(str(file.relative_to(root / "include")) for file in (root / "include").rglob("*.h"))
    out = [f'#include "{header}"' for header in headers]
    out.append(preamble)
    for index, (file, block) in enumerate(samples(root)):
        name = str(file.relative_to(root)).removeprefix("include/latentpath/")
        out.append(f"namespace sample_{index} {{\n{own.get(name, '')}")
        definitions, statements = code_lines(block)
        out += [f'#line {block[0][0]} "{file}"', *definitions]
        out += [f'[[maybe_unused]] void sample() {{\n#line {block[0][0]} "{file}"', *statements]
        out.append('}\n}\n#line 1 "sample_declarations.h"')  # whoever is blamed from here on, it is not this sample
    return "\n".join(out) + "\n"


def compile_command(build):
    """How the build folder compiles a file with tensors: an example, or else a test."""
    commands = json.loads((build / "compile_commands.json").read_text())
    for wanted in ("/examples/01_feature_path.cpp", "/tests/run/", "/tests/path/"):
        for entry in commands:
            if wanted in entry["file"]:
                words = shlex.split(entry["command"])
                words[words.index("-o"):words.index("-o") + 2] = []
                words.remove(entry["file"])
                words.remove("-c")
                compiler = next(i for i, word in enumerate(words) if not word.endswith("ccache"))
                return words[compiler:], entry["directory"]
    raise SystemExit(f"samples.py: {build} compiles no file to take the command from")


def faults_of_form(root):
    """What a compiler does not say: a remark that was broken off, a line that is too long."""
    for file, block in samples(root):
        for number, text in block:
            if len(text) > 105 and file.suffix == ".h":
                yield f"{file.relative_to(root)}:{number}: a sample's line is longer than 110 signs"
            if not re.sub(r",\s*…\s*\}", "}", without_comment(text)).isascii():
                yield f"{file.relative_to(root)}:{number}: a sample has signs outside of comments that are no C++: {text}"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    if sys.argv[2] == "--list":
        for file, block in samples(root):
            print(f"{file.relative_to(root)}:{block[0][0]}")
            for _, text in block:
                print("    " + text)
        return 0
    if sys.argv[2] == "--write":
        pathlib.Path(sys.argv[3]).write_text(translation_unit(root))
        return 0
    build = pathlib.Path(sys.argv[2]).resolve()
    faults = list(faults_of_form(root))
    print("\n".join(faults), end="\n" if faults else "")
    unit = build / "samples.cpp"
    unit.write_text(translation_unit(root))
    command, directory = compile_command(build)
    options = ["-fsyntax-only", "-Wno-unused", "-Wno-unused-parameter", "-Wno-shadow", "-Wno-missing-field-initializers",
               "-I", str(root / "include"), str(unit)]
    status = subprocess.run(command + options, cwd=directory, check=False).returncode
    if not faults and status == 0:
        print(f"{len(list(samples(root)))} samples compile")
    return 1 if faults or status else 0


if __name__ == "__main__":
    sys.exit(main())
