#!/usr/bin/python3
"""Checks, without a compiler, that no function of the library or the program is longer than a page.

    tests/checks/function_length.py [source tree]

A function is counted from the line its declaration begins on to the line of its closing brace, comments, blank lines and
lambdas inside it included; a class is not a function, its member functions are. 80 lines are allowed in src/, apps/
and in the headers that hold templates' bodies, include/**/*_impl.h.

A table may be longer: a function whose name ends in `_table` is one, and must be one. That is, it has no loop and no
branch, only rows: `if`, `for`, `while`, `switch` or `do` make it a function like any other.

Prints one line for each fault, FILE:LINE first, and returns 1 if there is any.
"""
import pathlib
import re
import sys

from faults import tell

LONGEST = 80
PLACES = ("src/**/*.cpp", "src/**/*.h", "apps/**/*.cpp", "apps/**/*.h", "include/**/*_impl.h")
NO_FUNCTION = re.compile(r"\b(namespace|class|struct|enum|union)\b(?![^()]*\()")
CONTROL = re.compile(r"\b(if|for|while|switch|do|catch|else|try|return)\b")
# Raw strings, strings, characters (not the separators of 1'000), comments of both kinds, and the preprocessor's lines.
NO_CODE = re.compile(
    r'R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\''
    r"|//[^\n]*|/\*.*?\*/|^[ \t]*\#(?:\\\n|[^\n])*", re.S | re.M)


# `: member_{…}` and `, member_{…}` before a constructor's body.
MEMBER_VALUE = re.compile(r"[)}]\s*(?:noexcept\s*)?[:,]\s*[\w:]+\s*(?:<[^{};]*>)?\s*(\{)")


def code_of(text):
    """`text` with comments, strings and the preprocessor's lines blanked, and the braces of members' first values
    made parentheses; every line where it was."""
    code = NO_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    while match := MEMBER_VALUE.search(code):
        end, depth = match.start(1), 0
        while end < len(code):
            depth += {"{": 1, "}": -1}.get(code[end], 0)
            if depth == 0:
                break
            end += 1
        code = code[:match.start(1)] + "(" + code[match.end(1):end] + ")" + code[end + 1:]
    return code


def heading(code, brace):
    """(offset, text) of what stands before a brace: from the end of the statement or block before it."""
    depth, at = 0, brace - 1
    while at >= 0:
        sign = code[at]
        if sign in ")]":
            depth += 1
        elif sign in "([":
            depth -= 1
            if depth < 0:
                break  # the brace stands in an argument list: a lambda or an initialiser, not a function's body
        elif depth == 0 and sign in ";{}":
            break
        at -= 1
    begin = at + 1
    begin += len(code[begin:brace]) - len(code[begin:brace].lstrip())
    return begin, code[begin:brace]


def function_name(head):
    """The name of the function whose body follows `head`, or None where no function's does."""
    head = re.sub(r"\b(public|private|protected)\s*:(?!:)", "", head).strip()
    head = re.sub(r"^template\s*<.*?>\s*(?=[\w:~\[])", "", head, flags=re.S)
    if NO_FUNCTION.search(head) or CONTROL.match(head) or re.search(r"(^|[^=!<>])=(?!=)", head.split("(")[0]):
        return None
    match = re.search(r"([\w~]+|operator\s*[^\s\w(]+|operator\s*\(\s*\))\s*\(", head)
    return match[1] if match else None


def functions(text):
    """(name, first line, last line, body) of every function of a file; functions in functions belong to the outer."""
    code = code_of(text)
    stack, outermost = [], None  # braces that are open; where in them the function begins
    for match in re.finditer(r"[{}]", code):
        if match[0] == "{":
            if outermost is None:
                begin, head = heading(code, match.start())
                name = function_name(head)
                if name:
                    outermost = (len(stack), name, begin, match.start())
            stack.append(match.start())
        elif stack:
            stack.pop()
            if outermost and len(stack) == outermost[0]:
                _, name, begin, body = outermost
                outermost = None
                yield (name, code.count("\n", 0, begin) + 1, code.count("\n", 0, match.start()) + 1,
                       code[body:match.end()])


def is_table(name, body):
    return name.endswith("_table") and not re.search(r"\b(if|for|while|switch|do)\b", body)


def faults(root):
    for file in sorted({file for place in PLACES for file in root.glob(place)}):
        for name, first, last, body in functions(file.read_text()):
            lines = last - first + 1
            if lines > LONGEST and not is_table(name, body):
                yield f"{file.relative_to(root)}:{first}: {name}() has {lines} lines; {LONGEST} are allowed"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    return tell(list(faults(root)), f"no function has more than {LONGEST} lines")


if __name__ == "__main__":
    sys.exit(main())
