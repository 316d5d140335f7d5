"""A worker of cluster.evaluate() on this machine: `python -m latentpath._shard_process`.

Reads lines of JSON: a job, then shards {"shard": 3, "folder": "…"}; answers each by a line, {} or {"error": …}. It ends with
whoever started it.
"""

import json
import os
import queue
import signal
import sys
import threading

from .shards import Evaluator, Job


def error_as_data(error):
    from ._errors import _KINDS

    kinds = {kind: name for name, kind in _KINDS.items()}
    return {"error": {"kind": kinds.get(type(error), "internal"), "type": type(error).__name__, "text": str(error)}}


def _read(lines):
    for line in sys.stdin:
        lines.put(line)
    os._exit(1)  # nobody is there to give an answer to


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started this
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # a model may print
    lines = queue.Queue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    evaluator = None
    while True:
        request = lines.get()
        try:
            if evaluator is None:
                evaluator = Evaluator(Job.from_text(request))
            else:
                asked = json.loads(request)
                evaluator.save(asked["shard"], asked["folder"])
            answer = {}
        except Exception as error:  # noqa: BLE001 (told to who asked)
            answer = error_as_data(error)
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
