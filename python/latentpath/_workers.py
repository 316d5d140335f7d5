"""Who computes the shards of cluster.evaluate(): what an engine tells, and the engine of processes on this machine."""

import collections
import itertools
import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import threading

# What happened to a worker. It has a name, for people, and a node.
Done = collections.namedtuple("Done", "worker shard save")  # save(folder) writes the shard; None: it is there
Failed = collections.namedtuple("Failed", "worker shard error")  # the computation refuses: {"kind", "text"}
Lost = collections.namedtuple("Lost", "worker shard reason")  # it ended; shard None: before it had one
Refused = collections.namedtuple("Refused", "worker shard reason")  # a node that cannot take part: a sentence without its name


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def how_it_ended(code):
    """What the exit code of a process says."""
    if code == -signal.SIGKILL:
        return "was killed (SIGKILL), as a machine does that runs out of memory: fewer workers, or a smaller `batch`, need less"
    return f"was ended by signal {-code}" if code < 0 else f"ended with the exit code {code}"


class _Process:
    node = "this machine"

    def __init__(self, number, job, events):
        environment = dict(os.environ)
        package = str(pathlib.Path(__file__).parents[1])
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [package, environment.get("PYTHONPATH")]))
        self._process = subprocess.Popen([sys.executable, "-m", "latentpath._shard_process"], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True, env=environment)
        self.pid, self.shard, self.closing = self._process.pid, None, False
        self.name = f"worker {number} (process {self.pid})"
        self._events = events
        self.send(job.text)
        threading.Thread(target=self._listen, daemon=True).start()

    def send(self, line):
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:  # its end is told by _listen()
            pass

    def _listen(self):
        for line in self._process.stdout:
            self._events.put((self, json.loads(line)))
        self._events.put((self, {"ended": self._process.wait()}))

    def close(self):
        self.closing = True
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()


class Processes:
    """Processes of this machine, each with the models loaded once."""

    def __init__(self, job, workers, folder_of):
        self._job, self._folder_of = job, folder_of
        self._wanted = workers
        self._events = queue.Queue()
        self._numbers = itertools.count(1)
        self._dismissed = False
        self._workers = []
        self.idle = []

    def describe(self):
        return f"{self._wanted} processes on this machine"

    def keep(self, wanted):
        """Starts workers until there are as many as there is work for."""
        while len(self._workers) < min(wanted, self._wanted) and not self._dismissed:
            self._workers.append(_Process(next(self._numbers), self._job, self._events))

    def exhausted(self):
        return not self._workers

    def dismiss(self, node):
        self._dismissed = True

    def compute(self, worker, shard):
        worker.shard = shard
        worker.send(json.dumps({"shard": shard, "folder": str(self._folder_of(shard))}))

    def events(self, timeout):
        try:
            worker, answer = self._events.get(timeout=timeout)
        except queue.Empty:
            return []
        shard, worker.shard = worker.shard, None
        if "ended" in answer:
            self._workers.remove(worker)
            if worker in self.idle:
                self.idle.remove(worker)
            return [Lost(worker, shard, how_it_ended(answer["ended"]))]
        if "error" in answer:
            return [Failed(worker, shard, answer["error"])]
        self.idle.append(worker)
        return [] if shard is None else [Done(worker, shard, None)]

    def close(self):
        for worker in self._workers:
            worker.close()
