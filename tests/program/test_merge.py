"""latentpath evaluate --shard and latentpath merge: whoever computed which part, the folder is the one of a single run."""

import filecmp
import json
import shutil
import signal
import time

import numpy as np
import pytest
import torch

from conftest import check_one_sentence, run, start, wait_for_end
from test_evaluate import call, lines

# Ten pairs in five batches, a method of the first three pairs alone, two features. What is refused, and why, takes no search.
TABLE = {"pairs": 10, "batch": 2, "avoid": 8, "methods": "linear,spherical:3", "curves": 3, "seconds": "off", "threads": 1}
SEARCHED = {"methods": "linear,ours,straight:3"}


class NanBeyondEight(torch.nn.Module):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.where(z[:, :1] > 8, torch.full_like(z, float("nan")), z)


def evaluated(models, out, **chosen):
    return run(*call(models, out=out, **{**TABLE, **chosen}), out=out)


def merged(shards, out, **options):
    flags = [f"--{name}" for name, value in options.items() if value]
    return run("merge", *shards, "--out", out, "--quiet", *flags, out=out)


def shards_of(models, folder, count, **chosen):
    folders = [folder / f"shard-{k}" for k in range(1, count + 1)]
    for k, out in enumerate(folders, 1):
        evaluated(models, out, shard=f"{k}/{count}", **chosen).ok()
    return folders


def files_of(folder):
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def check_same_folders(one, other):
    assert files_of(one) == files_of(other)
    _, differ, unread = filecmp.cmpfiles(one, other, files_of(one), shallow=False)
    assert not differ and not unread, differ + unread


@pytest.fixture(scope="module")
def table(models, tmp_path_factory):
    """The table of lines by one run; to be looked at, not changed."""
    out = tmp_path_factory.mktemp("merge") / "one"
    evaluated(models, out).ok()
    return out


@pytest.fixture(scope="module")
def thirds(models, tmp_path_factory):
    """The same table in three shards; to be looked at, not changed."""
    return shards_of(models, tmp_path_factory.mktemp("thirds"), 3)


def test_seven_shards_make_the_folder_of_one_run(models, tmp_path):
    """More shards than batches, so that two are empty; given in the wrong order. Every file, the page among them."""
    table = tmp_path / "one"
    evaluated(models, table, **SEARCHED).ok()
    shards = shards_of(models, tmp_path, 7, **SEARCHED)
    summary = json.loads((shards[6] / "run.json").read_text())["summary"]["shard"]
    assert summary == {"index": 7, "of": 7, "pairs": 0, "paths": 0, "failures": 0}
    result = merged(reversed(shards), tmp_path / "all").ok()
    check_same_folders(table, tmp_path / "all")
    assert result.stdout.splitlines()[0].split()[:2] == ["feature", "method"]
    assert "seconds" not in lines(table / "paths.csv")[0] and "seconds" not in lines(table / "table.csv")[0]


def test_a_shard_computes_its_batches_and_nothing_else(thirds, table):
    """Batches go round: the shard 2 of 3 has the second and the fifth, and of the first three pairs the third."""
    evaluated_pairs = {}
    for text in (thirds[1] / "batches.jsonl").read_text().splitlines():
        batch = json.loads(text)
        evaluated_pairs.setdefault(batch["row"], []).extend(path["pair"] for path in batch["paths"])
    assert evaluated_pairs == {0: [2, 3, 8, 9], 1: [2], 2: [2, 3, 8, 9], 3: [2]}
    assert (np.load(thirds[1] / "ends.npy") == np.load(table / "ends.npy")[:, [2, 3, 8, 9]]).all()
    assert sorted(entry.name for entry in thirds[1].iterdir()) == ["batches.jsonl", "ends.npy", "run.json"]


def test_interrupted_shards_go_on(models, table, tmp_path):
    """Each of two shards is told to end after its first batches, by a decoder that takes its time, and resumed."""
    slow = {"decoder": "slow", "pairs": 4, "batch": 1, "avoid": None, "methods": "linear,straight:2", "segments": 4,
            "max_iterations": 1, "time_weight": 1}
    evaluated(models, tmp_path / "one", **slow).ok()
    shards = [tmp_path / "shard-1", tmp_path / "shard-2"]
    for k, out in enumerate(shards, 1):
        settings = call(models, out=out, **{**TABLE, **slow, "shard": f"{k}/2"})
        process = start(settings)
        partial = out.with_name(out.name + ".partial")
        while process.poll() is None and len(list(partial.glob("0-*.json"))) < 2:
            time.sleep(0.05)
        assert process.poll() is None, "the shard that was to be interrupted had already ended"
        process.send_signal(signal.SIGTERM)
        assert wait_for_end(process, 60).code == 130
        unfinished = merged(shards, tmp_path / "all")
        assert unfinished.code == 3
        check_one_sentence(unfinished, out, "unfinished", "--resume")
        itself = merged([partial], tmp_path / "all")
        assert itself.code == 3
        check_one_sentence(itself, partial, "unfinished", "--resume")
        other = run(*call(models, out=out, **{**TABLE, **slow, "shard": f"{k}/3", "resume": True}))
        assert other.code == 2
        check_one_sentence(other, "--shard")
        run(*settings, "--resume").ok()
    merged(shards, tmp_path / "all").ok()
    check_same_folders(tmp_path / "one", tmp_path / "all")


def test_seconds_are_the_only_difference(models, thirds, table, tmp_path):
    """With seconds, their columns are the last ones, and all others are the same bytes."""
    merged(shards_of(models, tmp_path, 2, seconds="on"), tmp_path / "all").ok()
    for name, columns in (("paths.csv", 1), ("table.csv", 3)):
        timed = [line.rsplit(",", columns) for line in (tmp_path / "all" / name).read_text().splitlines()]
        assert all(column.startswith("seconds") for column in timed[0][1:])
        assert [line[0] for line in timed] == (table / name).read_text().splitlines()
    for name in ("frames.csv", "ends.npy"):
        assert filecmp.cmp(tmp_path / "all" / name, table / name, shallow=False)


def test_models_are_told_apart_by_their_bytes_and_not_by_their_place(models, thirds, table, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "generator.pt"
    elsewhere.parent.mkdir()
    shutil.copy(models["tanh"], elsewhere)
    evaluated(models, tmp_path / "moved", shard="2/3", decoder=elsewhere).ok()
    merged([thirds[0], tmp_path / "moved", thirds[2]], tmp_path / "all").ok()
    assert filecmp.cmp(tmp_path / "all" / "paths.csv", table / "paths.csv", shallow=False)
    shutil.copy(models["sigmoid"], elsewhere)
    evaluated(models, tmp_path / "other", shard="2/3", decoder=elsewhere, output_range="-1,1").ok()
    refused = merged([thirds[0], tmp_path / "other", thirds[2]], tmp_path / "all2")
    assert refused.code == 3
    check_one_sentence(refused, thirds[0], tmp_path / "other", "the decoder's bytes", "--output-range")


DIFFERENT = {"seed": ({"seed": 2}, ["--seed"]), "pairs": ({"pairs": 11}, ["--pairs"]), "batch": ({"batch": 3}, ["--batch"]),
             "method": ({"methods": "linear,spherical:4"}, ["--methods"]), "figures": ({"frames": 8}, ["--frames"]),
             "file of curves": ({"curves": 4}, ["--curves"]), "threads": ({"threads": 2}, ["--threads"]),
             "number of shards": ({"shard": "2/4"}, ["one of 4 shards", "one of 3"])}


@pytest.mark.parametrize("case", DIFFERENT)
def test_shards_of_different_tables_are_refused(case, models, thirds, tmp_path):
    chosen, mentioned = DIFFERENT[case]
    evaluated(models, tmp_path / "other", **{"shard": "2/3", **chosen}).ok()
    refused = merged([thirds[0], tmp_path / "other", thirds[2]], tmp_path / "all")
    assert refused.code == 3
    check_one_sentence(refused, thirds[0], tmp_path / "other", *mentioned)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["other"]


def damage_run(folder, change):
    document = json.loads((folder / "run.json").read_text())
    change(document)
    (folder / "run.json").write_text(json.dumps(document))


def cut_last_line(file):
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))


DAMAGE = {
    "a batch is missing": (lambda shard: cut_last_line(shard / "batches.jsonl"), ["batches.jsonl", "missing"]),
    "cut within a line": (lambda shard: (shard / "batches.jsonl").write_bytes((shard / "batches.jsonl").read_bytes()[:500]),
                          ["batches.jsonl", "damaged"]),
    "a batch too many": (lambda shard: (shard / "batches.jsonl").write_text(
        (shard / "batches.jsonl").read_text() + "{}\n"), ["batches.jsonl", "more batches"]),
    "no batches": (lambda shard: (shard / "batches.jsonl").unlink(), ["batches.jsonl"]),
    "no ends": (lambda shard: (shard / "ends.npy").unlink(), ["ends.npy"]),
    "ends of others": (lambda shard: np.save(shard / "ends.npy", np.zeros((2, 3, 2, 2), np.float32)), ["ends.npy", "[2, 3, 2, 2]"]),
    "ends cut": (lambda shard: (shard / "ends.npy").write_bytes((shard / "ends.npy").read_bytes()[:-4]), ["ends.npy", "cut short"]),
    "run.json no JSON": (lambda shard: (shard / "run.json").write_text("{"), ["run.json", "JSON"]),
    "run.json empty": (lambda shard: (shard / "run.json").write_text("{}"), ["no shard"]),
    "shard a number": (lambda shard: damage_run(shard, lambda document: document.update(shard=2)), ["run.json", "damaged"]),
    "shard 0": (lambda shard: damage_run(shard, lambda document: document["shard"].update(index=0)), ["run.json", "damaged"]),
    "another version": (lambda shard: damage_run(shard, lambda document: document["shard"]["fingerprint"].update(
        version="0.0.1")), ["the version"]),
    "another LibTorch": (lambda shard: damage_run(shard, lambda document: document["shard"]["fingerprint"].update(
        libtorch="9.0")), ["LibTorch's version"]),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damaged_shards_are_refused(case, thirds, tmp_path):
    change, mentioned = DAMAGE[case]
    shutil.copytree(thirds[1], tmp_path / "shard")
    change(tmp_path / "shard")
    result = merged([thirds[0], tmp_path / "shard", thirds[2]], tmp_path / "all")
    assert result.code == 3, result.stderr
    check_one_sentence(result, tmp_path / "shard", *mentioned)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["shard"]


def test_what_cannot_be_merged_is_refused(models, thirds, table, tmp_path):
    def refused(shards, code, *mentioned, out=tmp_path / "all", **options):
        result = merged(shards, out, **options)
        assert result.code == code, result.stderr
        check_one_sentence(result, *mentioned)

    refused(thirds[:1], 3, "the shards 2, 3 of 3 are missing")
    refused([thirds[0], thirds[2]], 3, "the shard 2 of 3 is missing")
    refused([*thirds, thirds[1]], 3, thirds[1], "both the shard 2 of 3")
    refused([*thirds, table], 3, table, "whole table")
    refused([*thirds, tmp_path / "nowhere"], 3, tmp_path / "nowhere")
    refused([*thirds, tmp_path], 3, tmp_path, "not a run folder")
    refused(thirds, 2, table, "already exists", "--overwrite", out=table)
    refused(thirds, 2, "--out", "one of the shards", out=thirds[0], overwrite=True)
    run("geodesic", "--example", "1", "--out", tmp_path / "geodesic", "--quiet").ok()
    refused([*thirds, tmp_path / "geodesic"], 3, tmp_path / "geodesic", "latentpath geodesic")
    no_out = run("merge", *thirds)
    assert no_out.code == 2 and "--out" in no_out.stderr
    assert run("merge", "--out", tmp_path / "all").code == 2
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["geodesic"]


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "1/0", "a/b", "1/2/3", "-1/2", "1/"])
def test_no_such_shard(text, models, tmp_path):
    result = run(*call(models, out=tmp_path / "run", shard=text))
    assert result.code == 2
    check_one_sentence(result, "--shard", text, "1 <= K <= N")
    assert list(tmp_path.iterdir()) == []


def test_a_shard_needs_a_folder(models):
    result = run(*call(models, shard="1/2"))
    assert result.code == 2
    check_one_sentence(result, "--shard", "--out")


def test_a_table_of_failures_is_a_failure_once_it_is_merged(models, tmp_path):
    """A shard is no table: what it has computed is kept, and the merged table has the exit code of one run."""
    torch.jit.script(NanBeyondEight()).save(str(tmp_path / "beyond.pt"))
    np.save(tmp_path / "pairs.npy", np.array([[[9, 0], [10, 0]], [[9, 0], [11, 0]]], np.float32))
    settings = {"decoder": tmp_path / "beyond.pt", "classifier": None, "favor": None, "avoid": None, "pairs": tmp_path / "pairs.npy",
                "batch": 1, "methods": "linear"}
    one = evaluated(models, tmp_path / "one", **settings)
    result = merged(shards_of(models, tmp_path, 2, **settings), tmp_path / "all")
    assert one.code == result.code == 4
    assert one.stderr.replace("one", "all") == result.stderr
    check_same_folders(tmp_path / "one", tmp_path / "all")


def test_json_is_the_summary_and_nothing_else(thirds, table, tmp_path):
    result = run("merge", *thirds, "--out", tmp_path / "all", "--json").ok()
    assert json.loads(result.stdout) == json.loads((table / "run.json").read_text())["summary"]
