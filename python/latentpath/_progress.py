"""Progress of a search: tqdm's bar, in a terminal and in a notebook, or a function of the caller."""

import contextlib
import sys


def watched():
    """Whether somebody looks at what is printed: in a terminal or in a notebook."""
    if sys.stderr is not None and sys.stderr.isatty():
        return True
    try:
        return get_ipython().__class__.__name__ == "ZMQInteractiveShell"  # noqa: F821 (IPython puts it there)
    except NameError:
        return False


@contextlib.contextmanager
def progress_of(search, progress):
    """Lets a search report to what the argument `progress` says."""
    if callable(progress) and not isinstance(progress, bool):
        search.progress = progress
        yield
        return
    if progress is False or (progress is None and not watched()):
        yield
        return
    try:
        from tqdm.auto import tqdm
    except ImportError:
        if progress:
            raise ImportError("progress=True needs tqdm: pip install tqdm") from None
        yield
        return
    with tqdm(leave=False, desc="latentpath") as bar:

        def report(stage, done, total, value):
            if bar.desc != stage:
                bar.reset(total or None)
                bar.set_description_str(stage, refresh=False)
            bar.n = done
            if value:
                bar.set_postfix_str(f"cost {value:.4g}", refresh=False)
            bar.update(0)
            bar.refresh()

        search.progress = report
        yield
