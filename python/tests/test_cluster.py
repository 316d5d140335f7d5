"""cluster.evaluate() on this machine's cores: whoever computed which part, the table is the one of a single process."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import numpy
import pytest
import torch

import latentpath as lp
from cluster_tables import TABLE, Slow, asked_of, by_one_process, check_same_tables, qualities, save_models, wait_for
from latentpath import cluster, shards, tables


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return save_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def one(models, tmp_path_factory):
    """The table by one process; to be looked at, not changed."""
    return by_one_process(models, tmp_path_factory.mktemp("one") / "run")


def workers_now():
    """The processes that compute shards for this one."""
    children = pathlib.Path("/proc/self/task").glob("*/children")
    pids = [int(pid) for file in children for pid in file.read_text().split()]
    return [pid for pid in pids if b"_shard_process" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_seven_shards_by_one_evaluator_are_the_table(models, one, tmp_path):
    job = shards.describe(*asked_of(models), of=7, **TABLE)
    evaluator = shards.Evaluator(shards.Job.from_text(job.text))
    for shard in (5, 1, 7, 3, 2, 6, 4):
        evaluator.save(shard, tmp_path / f"shard-{shard}")
    evaluator.close()
    folders = [tmp_path / f"shard-{shard}" for shard in range(1, 8)]
    with pytest.raises(lp.ModelError, match="the shard 4 of 7 is missing"):
        shards.merge([*folders[:3], *folders[4:]], tmp_path / "table")
    assert not (tmp_path / "table").exists()
    table = shards.merge(folders, tmp_path / "table")
    check_same_tables(one, tmp_path / "table")
    assert table.figure("length")["favor 1", "linear", 0.1] > 0 and "favor 1" in repr(table)
    page = (tmp_path / "table" / "report.html").read_text()
    assert "favor 1" in page and str(tmp_path) not in page


def test_shards_are_those_of_the_program(models, one, program, tmp_path):
    """A shard of each kind makes a table with the other, whoever merges them."""
    if json.loads(program("version", "--json"))["libtorch"] != lp.build_facts()["libtorch"]:
        pytest.skip("the program has another LibTorch, whose last digits are others")
    decoder, classifier = models
    program("evaluate", "--decoder", decoder, "--classifier", classifier, "--latent-dim", 2, "--output-range=-1,1",
            "--input-range=-1,1", "--favor", 1, "--avoid", 0, "--pairs", 12, "--batch", 2, "--methods", "linear,straight",
            "--segments", 8, "--max-iterations", 5, "--guard", "none", "--frames", 9, "--curves", 3, "--seconds", "off",
            "--threads", 1, "--shard", "1/2", "--out", tmp_path / "theirs")
    evaluator = shards.Evaluator(shards.describe(*asked_of(models), of=2, **TABLE))
    for shard in (1, 2):
        evaluator.save(shard, tmp_path / f"shard-{shard}")
    for name in ("batches.jsonl", "ends.npy"):
        assert (tmp_path / "theirs" / name).read_bytes() == (tmp_path / "shard-1" / name).read_bytes()
    program("merge", tmp_path / "theirs", tmp_path / "shard-2", "--out", tmp_path / "mixed")
    check_same_tables(one, tmp_path / "mixed")


def test_two_processes_make_the_table(models, one, tmp_path):
    heard = []
    table = cluster.evaluate(*asked_of(models), out=tmp_path / "run", workers=2, progress=lambda *told: heard.append(told), **TABLE)
    check_same_tables(one, tmp_path / "run")
    assert [told[:3] for told in heard] == [("shards", done, 6) for done in range(1, 7)] and heard[-1][3] == 0
    assert table.incidents == [] and table.table[0]["feature"] == "favor 1" and table.folder == tmp_path / "run"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["run"] and workers_now() == []
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["options"]["shard"] is None and run["options"]["decoder"] == models[0]


def test_pairs_and_priors_that_are_given(models, tmp_path):
    torch.manual_seed(1)
    given = {"pairs": torch.randn(5, 2, 2), "prior": torch.randn(200, 2)}
    by_one_process(models, tmp_path / "one", **given)
    cluster.evaluate(*asked_of(models), out=tmp_path / "run", workers=1, shards=2, **{**TABLE, **given})
    check_same_tables(tmp_path / "one", tmp_path / "run")
    assert "the latents given" in (tmp_path / "run" / "run.json").read_text()


def test_a_worker_that_is_killed_costs_its_shard_and_nothing_else(one, models, tmp_path):
    killed = []

    def kill_one(_, done, total, left):
        if not killed:
            killed.append(workers_now()[0])
            os.kill(killed[0], signal.SIGKILL)

    with pytest.warns(lp.LatentPathWarning, match="was killed"):
        table = cluster.evaluate(*asked_of(models), out=tmp_path / "run", workers=2, progress=kill_one, **TABLE)
    check_same_tables(one, tmp_path / "run")
    assert len(table.incidents) == 1 and f"process {killed[0]}" in table.incidents[0]


def test_a_shard_that_always_loses_its_worker_ends_the_table(models, tmp_path, monkeypatch):
    """A limit on memory that no worker comes up to."""
    limited = tmp_path / "python"
    limited.write_text(f'#!/bin/sh\nulimit -v 200000\nexec {sys.executable} "$@"\n')
    limited.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(limited))
    with pytest.warns(lp.LatentPathWarning), pytest.raises(cluster.ClusterError, match="nobody is left.*resume=True"):
        cluster.evaluate(*asked_of(models), out=tmp_path / "run", workers=1, retries=1, **TABLE)
    assert not (tmp_path / "run").exists()


DRIVER = """
import sys
sys.path[:0] = {path!r}
from cluster_tables import *
from latentpath import cluster
cluster.evaluate(*asked_of({models!r}), out={out!r}, workers=2, **{{**TABLE, **{chosen!r}}})
"""


def test_a_driver_that_is_killed_is_gone_on_with(tmp_path):
    models, out = save_models(tmp_path, Slow), tmp_path / "run"
    by_one_process(models, tmp_path / "one", methods="linear")
    script = DRIVER.format(path=sys.path, models=models, out=str(out), chosen={"methods": "linear"})
    driver = subprocess.Popen([sys.executable, "-c", script])
    finished = tmp_path / "run.shards"
    wait_for(lambda: len(list(finished.glob("shard-*/run.json"))) >= 2 or driver.poll() is not None)
    with pytest.raises(lp.ArgumentError, match="another process is at work"):
        cluster.evaluate(*asked_of(models), out=out, resume=True, **{**TABLE, "methods": "linear"})
    driver.kill()
    assert driver.wait() == -signal.SIGKILL
    kept = {file: file.stat().st_mtime_ns for file in finished.glob("shard-*/run.json")}
    assert 2 <= len(kept) < 6 and not out.exists()
    asked = {**TABLE, "methods": "linear"}
    with pytest.raises(lp.ArgumentError, match="an unfinished table.*`resume`"):
        cluster.evaluate(*asked_of(models), out=out, **asked)
    with pytest.raises(lp.ArgumentError, match="differs in `seed`"):
        cluster.evaluate(*asked_of(models), out=out, resume=True, **{**asked, "seed": 9})
    with pytest.raises(lp.ArgumentError, match="differs in `quality`"):
        cluster.evaluate(models[0], qualities(models[1])[:1], out=out, resume=True, **asked)
    heard = []

    def still_there(_, done, total, left):
        heard.append(done)
        assert all(file.stat().st_mtime_ns == time for file, time in kept.items())

    cluster.evaluate(*asked_of(models), out=out, resume=True, workers=2, progress=still_there, **asked)
    assert heard[0] > len(kept) and heard[-1] == 6
    check_same_tables(tmp_path / "one", out)
    assert not finished.exists()


def test_a_pair_that_fails_is_named(tmp_path):
    class Broken(torch.nn.Module):
        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return torch.where(z[:, :1] > 8, torch.full_like(z, float("nan")), z)

    torch.jit.script(Broken()).save(str(tmp_path / "decoder.pt"))
    pairs = torch.randn(4, 2, 2)
    pairs[2, 1, 0] = 9
    asked = {"pairs": pairs, "batch": 1, "methods": "linear", "seconds": "off", "threads": 1}
    lp.evaluate(str(tmp_path / "decoder.pt"), **asked).save(tmp_path / "one")
    with pytest.warns(lp.LatentPathWarning, match="pair 2 of geodesic, linear has NaN or infinity"):
        table = cluster.evaluate(str(tmp_path / "decoder.pt"), out=tmp_path / "run", workers=1, **asked)
    assert len(table.incidents) == 1 and [row["failures"] for row in table.table] == [1]
    check_same_tables(tmp_path / "one", tmp_path / "run")


def test_what_cannot_be_shared_out_is_refused(models, tmp_path):
    decoder, classifier = models
    quality = lp.favor(classifier, 1)

    def refused(kind, words, *asked, **chosen):
        with pytest.raises(kind, match=words):
            cluster.evaluate(*(asked or (decoder, quality)), **{"out": tmp_path / "run", **TABLE, **chosen})

    refused(TypeError, "`decoder` is a Slow.*lp.export", Slow())
    refused(TypeError, "`quality` of shards", decoder, lambda z: z[:, 0].sigmoid())
    refused(TypeError, "`quality` of shards", decoder, lp.favor(classifier, 1, 2))
    refused(TypeError, "`judge` is a Slow", decoder, quality, judge=Slow())
    refused(ValueError, "`gpus`.*`address`", gpus=1)
    refused(ValueError, "`workers` must be", workers=0)
    refused(ValueError, "`cpus` must be", cpus=0.5)
    refused(TypeError, "did you mean 'methods'", method="ours")
    refused(lp.ArgumentError, "linnear", methods="linnear")
    refused(lp.LatentPathError, "nowhere.pt", str(tmp_path / "nowhere.pt"), quality)
    refused(lp.ArgumentError, "has no class '7'", decoder, lp.favor(classifier, 7))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes").write_text("mine")
    refused(lp.ArgumentError, "already exists")
    refused(lp.ArgumentError, "not a run folder", overwrite=True)


def test_a_full_disk_is_told(models, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if shutil.which("mount") is None or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48k", "none", str(small)],
                                                       capture_output=True, check=False).returncode != 0:
        pytest.skip("a small file system needs root")
    try:
        with pytest.raises(lp.LatentPathError, match=r"shard \d of 6 \(pairs .*No space left on device.*resume=True"):
            cluster.evaluate(*asked_of(models), out=small / "run", workers=1, **{**TABLE, "frames": 300})
        assert not (small / "run").exists()
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_parquet_holds_the_same_rows(models, one, tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install latentpath[cluster]")
    table = cluster.evaluate(*asked_of(models), out=tmp_path / "run", workers=1, parquet=True, **TABLE)
    check_same_tables(one, table.folder)
    for name in ("paths", "frames"):
        rows = lp._evaluate.Table((one / f"{name}.csv").read_text())
        for folder in (one, table.folder):  # by CSV, and by Parquet
            columns = tables.read(folder, name)
            assert list(columns) == rows.names
            for column, values in columns.items():
                assert numpy.array_equal(values.astype(rows.column(column).dtype), rows.column(column),
                                         equal_nan=values.dtype.kind == "f"), column
    some = tables.read(table.folder, columns=["pair", "length"], method="straight", feature="avoid 0")
    assert some["pair"].tolist() == list(range(12)) and some["length"].dtype == numpy.float64
    with pytest.raises(KeyError, match="there is no column 'lenght'"):
        tables.read(one, columns=["lenght"])
    with pytest.raises(lp.ArgumentError, match="paths.csv is not there"):
        tables.to_parquet(tmp_path)
