"""What the core refuses, as exceptions, in words of this package."""

import re


class LatentPathError(Exception):
    """One sentence that names the argument or the model, and the constraint it breaks."""


class ArgumentError(LatentPathError, ValueError):
    """An argument or an option breaks a constraint."""


class ModelError(LatentPathError, ValueError):
    """A model or a quality is not what it must be."""


class NumericalError(LatentPathError, ArithmeticError):
    """NaN or infinity, or a computation that cannot go on."""


class ClusterError(LatentPathError, RuntimeError):
    """Nobody is left to compute a table in shards, or a shard that nobody can compute."""


class LatentPathWarning(UserWarning):
    """Something about a run that its user should know."""


_KINDS = {"argument": ArgumentError, "input": ModelError, "numerical": NumericalError}
_NAMES = {"from": "z0", "to": "z1", "favor": "quality", "avoid": "quality", "embedding": "chart"}


def in_python_words(sentence):
    """The core names fields in backquotes: `prune.late_lead`, `from`. Here they are arguments."""

    def word(match):
        name = match[1].replace(".", "_").replace("-", "_")
        return f"`{_NAMES.get(name, name)}`"

    return re.sub(r"`([a-z_.-]+)`", word, sentence)


def in_python_words_throughout(document):
    """The same of every text in a document of lists and dicts."""
    if isinstance(document, str):
        return in_python_words(document)
    if isinstance(document, list):
        return [in_python_words_throughout(part) for part in document]
    if isinstance(document, dict):
        return {name: in_python_words_throughout(part) for name, part in document.items()}
    return document


def error_of(kind, text):
    return _KINDS.get(kind, LatentPathError)(in_python_words(text))
