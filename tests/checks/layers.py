#!/usr/bin/python3
"""Checks, without a compiler, that the files of every module keep to the layers.

    tests/checks/layers.py [source tree]

The table is the latentpath_module() calls of CMakeLists.txt. Five rules:

  * a file of src/<module> or include/latentpath/<module> includes headers of its own module and of those that the
    module USES, directly or by way of others, and of no other;
  * CMakeLists.txt names a module only after all that it uses;
  * no concepts (a header with its source file) of one module include each other in a circle;
  * a file of src/<module>/dense or src/<module>/plain reaches no header of LibTorch, by whatever way;
  * a file of src/<module> that reaches none either stands in one of these two folders.

Prints one line for each fault, FILE:LINE first, and returns 1 if there is any.
"""
import collections
import pathlib
import re
import sys

from faults import tell

TENSOR_HEADER = re.compile(r"(ATen|torch|c10|caffe2)/")


def module_table(cmake_text):
    """{module: [modules that it names]} in the order of the file."""
    table = {}
    for call in re.finditer(r"^latentpath_module\(([^)]*)\)", cmake_text, re.M):
        words = call[1].split()
        used, inside = [], False
        for word in words[1:]:
            if word in ("USES", "LINK", "PICTURES", "FILMS", "OPTIONAL"):
                inside = word == "USES"
            elif inside:
                used.append(word)
        table[words[0]] = used
    return table


def closure(table):
    """{module: all that it may include}, itself among them."""
    whole = {}
    for module, used in table.items():
        whole[module] = {module}
        for other in used:
            whole[module] |= whole.get(other, set())
    return whole


def concept(path):
    """What a file is about: newton.h, newton.cpp and newton_impl.h are one concept."""
    return re.sub(r"_(impl|body)$", "", path.stem)


class Tree:
    def __init__(self, root):
        self.root = root
        self.table = module_table((root / "CMakeLists.txt").read_text())
        self.modules = {}   # file → module
        self.includes = {}  # file → [(line number, text between the brackets, file of this tree or None)]
        for module in self.table:
            for folder in (root / "include/latentpath" / module, root / "src" / module):
                for file in sorted(folder.rglob("*")):
                    if file.suffix in (".h", ".cpp"):
                        self.modules[file] = module
        for file in self.modules:
            self.includes[file] = list(self.read(file))

    def read(self, file):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            if match:
                places = (self.root / "include" / match[1], self.root / "src" / match[1], file.parent / match[1])
                yield number, match[1], next((place for place in places if place in self.modules), None)

    def place(self, file, number):
        return f"{file.relative_to(self.root)}:{number}"

    def faults(self):
        yield from self.order_faults()
        yield from self.use_faults()
        yield from self.circle_faults()
        yield from self.tensor_faults()

    def order_faults(self):
        seen = set()
        for module, used in self.table.items():
            for other in used:
                if other not in seen:
                    yield f"CMakeLists.txt: module {module} uses {other}, which is not named before it"
            seen.add(module)

    def use_faults(self):
        allowed = closure(self.table)
        for file, includes in self.includes.items():
            module = self.modules[file]
            for number, text, target in includes:
                named = re.match(r"(?:latentpath/)?(\w+)/", text)
                other = self.modules.get(target) or (named and named[1] if named and named[1] in self.table else None)
                if other and other not in allowed[module]:
                    yield (f"{self.place(file, number)}: {module} includes {text}, but does not use {other} "
                           f"(it may use {', '.join(sorted(allowed[module] - {module})) or 'no other module'})")
                elif text.startswith("latentpath/") and target is None and text != "latentpath/core/version.h":
                    yield f"{self.place(file, number)}: there is no {text}"

    def circle_faults(self):
        edges = collections.defaultdict(dict)  # (module, concept) → {(module, concept): place}
        for file, includes in self.includes.items():
            here = (self.modules[file], concept(file))
            for number, _, target in includes:
                if target:
                    there = (self.modules[target], concept(target))
                    if there != here and there[0] == here[0]:
                        edges[here].setdefault(there, self.place(file, number))
        reported = set()
        for start in sorted(edges):
            circle = shortest_circle(edges, start)
            if circle and frozenset(circle) not in reported:
                reported.add(frozenset(circle))
                ring = circle + [circle[0]]
                steps = "; ".join(f"{a[1]} → {b[1]} at {edges[a][b]}" for a, b in zip(ring, ring[1:]))
                yield f"{edges[ring[0]][ring[1]]}: files of {start[0]} include each other in a circle: {steps}"

    def tensor_faults(self):
        for file in self.modules:
            parts = file.relative_to(self.root).parts
            folder = next((name for name in ("dense", "plain") if name in parts), None)
            loose = parts[0] == "src" and len(parts) == 3 and file.suffix == ".cpp"
            if folder is None and not loose:
                continue
            tensors = False
            ways, seen = [(file, [])], {file}
            while ways:
                at, way = ways.pop()
                for number, text, target in self.includes[at]:
                    step = way + [self.place(at, number)]
                    if TENSOR_HEADER.match(text) and loose:
                        tensors = True
                    elif TENSOR_HEADER.match(text):
                        by = f" by way of {' → '.join(step[1:])}" if len(step) > 1 else ""
                        yield f"{step[0]}: a file in {folder}/ includes {text}{by}"
                    if target and target not in seen:
                        seen.add(target)
                        ways.append((target, step))
            if loose and not tensors:
                yield (f"{self.place(file, 1)}: reaches no header of LibTorch: it belongs into "
                       f"{'/'.join(parts[:2])}/plain/, or into dense/ if it loops over numbers")


def shortest_circle(edges, start):
    """The concepts of a shortest circle through `start`, or None."""
    before, queue = {}, collections.deque([start])
    while queue:
        at = queue.popleft()
        for there in edges.get(at, {}):
            if there == start:
                circle = [at]
                while circle[0] != start:
                    circle.insert(0, before[circle[0]])
                return circle
            if there not in before:
                before[there] = at
                queue.append(there)
    return None


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    tree = Tree(root)
    return tell(list(tree.faults()), f"{len(tree.modules)} files of {len(tree.table)} modules keep to their layers")


if __name__ == "__main__":
    sys.exit(main())
