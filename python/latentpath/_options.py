"""The options of a job, from the core's option tables: checks of names, signatures and docstrings."""

import difflib
import inspect
import json
import textwrap

from ._calls import in_python
from ._core import ops


class Options:
    """The rows of a job's table that Python passes on by name; `taken` are those that arguments stand for, `kept` those of
    the program's output that say what is computed."""

    def __init__(self, job, taken, kept=()):
        self.rows = {
            row["name"].replace("-", "_"): row
            for row in json.loads(ops.options(job))
            if (row["group"] != "Output" or row["name"] in kept) and row["name"] not in taken
        }

    def values(self, call, given):
        """{"segments": 64} → {"segments": 64} by the table's names; None stands for what is not given."""
        values = {}
        for name, value in given.items():
            if name not in self.rows:
                near = difflib.get_close_matches(name, self.rows, 1)
                hint = f": did you mean {near[0]!r}?" if near else f" (help(latentpath.{call}) lists them)"
                raise TypeError(f"{call}() has no option {name!r}{hint}")
            if value is not None:
                values[self.rows[name]["name"]] = self._plain(name, value)
        return values

    def _plain(self, name, value):
        """Numbers of NumPy and torch as numbers; pairs and shapes as the text that the option takes."""
        row = self.rows[name]
        value = in_python(value)
        if row["type"] == "a text" and isinstance(value, list):
            return ("x" if name == "input_shape" else ",").join("none" if item is None else str(item) for item in value)
        if row["type"] == "a text" and isinstance(value, bool) and "on" in row["choices"]:
            return "on" if value else next(choice for choice in row["choices"] if choice != "on")
        if row["type"] == "a text" and isinstance(value, (int, float)) and not isinstance(value, bool):
            return repr(value)  # a list of one number
        if row["type"].startswith("a list of"):
            several = value if isinstance(value, list) else [value]
            return [str(item) for item in several] if row["type"] == "a list of texts" else several
        return value

    def parameters(self):
        for name, row in self.rows.items():
            default = row["default"] if row["default"] not in ("", []) else None
            yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)

    def lines(self):
        group = None
        for name, row in self.rows.items():
            if row["group"] != group:
                group = row["group"]
                yield f"\n{group}"
            yield textwrap.fill(f"{name}={row['default']!r}: {row['help']}", 110, initial_indent="    ",
                                subsequent_indent="        ")


def with_options(options):
    """Gives a function that takes **options their names, defaults and help."""

    def decorate(function):
        own = list(inspect.signature(function).parameters.values())[:-1]
        function.__signature__ = inspect.Signature([*own, *options.parameters()])
        function.__doc__ = inspect.cleandoc(function.__doc__) + "\n\nOptions\n" + "\n".join(options.lines()) + "\n"
        return function

    return decorate
