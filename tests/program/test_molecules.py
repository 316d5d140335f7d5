"""latentpath molecules: what users give, and what they are told. The model is fetched by users: paths are tested in C++ on a small one."""

import json
import re
import signal
import time

import numpy as np
import pytest
import torch

from conftest import REPOSITORY, check_one_sentence, run, start

ASPIRIN, CAFFEINE = "CC(=O)Oc1ccccc1C(=O)O", "Cn1c(=O)c2c(ncn2C)n(C)c1=O"


@pytest.fixture(scope="module", autouse=True)
def built_with_molecules():
    help_text = run("molecules", "--help").ok().stdout
    if "needs RDKit" in help_text:
        pytest.skip("this program was built without RDKit")


@pytest.mark.parametrize("smiles, words", [
    ("", ["missing"]),
    ("hello", ["--from", "hello", "no SMILES"]),
    ("C1CC", ["no SMILES"]),
    ("CC(C)(C)(C)C", ["no possible molecule", "valence"]),
    ("N[Pt](N)(Cl)Cl", ["holds Pt"]),
    ("C*C", ["wildcard"]),
    ("C[CH]C", ["unpaired"]),
    ("C" * 61, ["61 atoms"]),
    ("C" * 100000, ["100000 characters"]),
    ("N[C@@H](C)C(=O)" + "N[C@@H](CC(C)C)C(=O)" * 9 + "O", ["atoms", "peptides and macrocycles"]),
    ("[Fe+2].[O-]C(=O)C.[O-]C(=O)C[Fe]", ["holds Fe"]),
])
def test_what_is_no_molecule_is_refused_in_one_sentence(smiles, words):
    result = run("molecules", "--from", smiles, "--to", CAFFEINE)
    assert result.code == 2
    check_one_sentence(result, *words)


def test_options_that_contradict_are_refused():
    for arguments, words in ((["--loop", ASPIRIN, "--to", CAFFEINE], ["--loop", "--to"]),
                             (["--from", ASPIRIN], ["--to", "missing"]),
                             (["--from", ASPIRIN, "--to", CAFFEINE, "--minimise", "--maximise"], ["both"]),
                             (["--from", ASPIRIN, "--to", CAFFEINE, "--property", "qed", "--minimise"], ["--threshold"]),
                             (["--from", ASPIRIN, "--to", CAFFEINE, "--property", "taste"], ["--property", "logp"])):
        result = run("molecules", *arguments)
        assert result.code == 2, arguments
        check_one_sentence(result, *words)


@pytest.mark.parametrize("smiles, words", [
    ("CC(=O)[O-].[Na+]", ["salt or mixture of 2 fragments", "CC(=O)"]),
    ("C[C@H](N)C(=O)O", ["stereo marks", "1 centres", "dropped"]),
    ("C/C=C/C", ["stereo marks", "1 double bonds"]),
    ("CC[NH3+]", ["charges are neutralised", "CCN"]),
    ("C[N+](C)(C)C", ["charge 1", "no proton"]),
    ("[13CH4]", ["isotopes"]),
])
def test_what_is_changed_in_a_molecule_is_said(smiles, words, tmp_path):
    result = run("molecules", "--from", smiles, "--to", CAFFEINE, "--model", tmp_path)
    assert result.code == 3  # there is no model; the molecule was read before that
    for word in words:
        assert word in result.stderr


def test_charges_stay_when_asked(tmp_path):
    result = run("molecules", "--from", "CC[NH3+]", "--to", CAFFEINE, "--model", tmp_path, "--neutralise", "off")
    assert "neutralised" not in result.stderr


@pytest.mark.parametrize("name, text, words", [
    ("pairs.smi", "", ["pairs.smi", "is empty"]),
    ("pairs.smi", "hello world\n", ["no pair in", "line 1 of pairs.smi", "no SMILES"]),
    ("pairs.csv", "to,what\nCCO,CCN\n", ["pairs.csv", "'from'"]),
    ("pairs.sdf", "nonsense\n", ["pairs.sdf"]),
    ("pairs.pdf", "CCO CCN\n", ["pairs.pdf", ".smi, .csv, .tsv or .sdf"]),
])
def test_lists_without_a_pair_are_refused_in_one_sentence(name, text, words, tmp_path):
    (tmp_path / name).write_text(text)
    result = run("molecules", "--pairs", tmp_path / name)
    assert result.code == 3
    check_one_sentence(result, *words)


def test_a_long_list_is_read_with_a_warning_for_what_cannot_be(tmp_path):
    (tmp_path / "pairs.smi").write_text("CCO CCN\n" * 9999 + "CCO [Pt]\n")
    # Five seconds of one core, of which a crowded machine gives little.
    result = run("molecules", "--pairs", tmp_path / "pairs.smi", "--model", tmp_path, timeout=600)
    assert result.code == 3
    assert "left out: the end in line 10000 of pairs.smi, [Pt] holds Pt" in result.stderr
    assert len(result.stderr.splitlines()) < 10


def test_a_list_says_by_its_first_pairs_how_long_the_rest_takes(tmp_path):
    (tmp_path / "pairs.csv").write_text("\ufeffname,from,to\n" + '"1,2-dimethylbenzene; or ""o-xylene""",CCO,CCN\n' * 6)
    result = run("molecules", "--pairs", tmp_path / "pairs.csv", "--starts", 1, "--segments", 4, "--halvings", 0, "--frames", 3).ok()
    found = re.search(r"^note: [1-3] of 6 pairs took [0-9.]+ s: the rest takes about \d+ (s|min)$", result.stderr, re.MULTILINE)
    assert found, result.stderr
    assert "\n0.00 " in result.stdout and "-0.00" not in result.stdout  # log P of CCO is -0.0014


@pytest.mark.parametrize("arguments, words", [
    (["--property", "qed", "--threshold", 1.5], ["--threshold", "no molecule", "QED above 1.5", "between 0 and 0.9485"]),
    (["--property", "sa", "--threshold", 0.5], ["--threshold", "no molecule", "between 1 and 10"]),
    (["--property", "sa", "--threshold", 11], ["--threshold", "every molecule", "between 1 and 10"]),
    (["--property", "logp", "--threshold", -1e6], ["--threshold", "between -60 and 60"]),
    (["--property", "sa", "--maximise", "--threshold", 5, "--max-sa", 4], ["--threshold", "--max-sa"]),
    (["--min-similarity", 1.5], ["--min-similarity", "between 0 and 1"]),
    (["--max-sa", 11], ["--max-sa", "between 1 and 10"]),
    (["--keep", ""], ["--keep is empty"]),
    (["--keep", "c1cc"], ["--keep c1cc", "SMARTS"]),
    (["--loop", ""], ["--loop is empty"]),
    (["--pairs", ""], ["--pairs is empty"]),
])
def test_wishes_that_no_path_can_fulfil_are_refused(arguments, words):
    result = run("molecules", "--from", ASPIRIN, "--to", CAFFEINE, *arguments)
    assert result.code == 2
    check_one_sentence(result, *words)


def test_an_unknown_fragment_is_named_once():
    result = run("molecules", "--from", "C[Si](C)(C)CCC[Si](C)(C)C", "--to", CAFFEINE)
    assert result.code == 2
    check_one_sentence(result, "does not know: C[SiH3] and [SiH4]")


def test_a_restriction_that_prevents_success_is_named_and_a_wish_that_is_fulfilled_is_said():
    result = run("molecules", "--from", "CCCCc1ccccc1", "--to", "CCCCCc1ccccc1", "--keep", "CCCCc1ccccc1", "--starts", 1, "--halvings", 1).ok()
    assert "less strict" not in result.stdout and "a smaller part in --keep" in result.stdout
    assert "--min-similarity" not in result.stdout + result.stderr
    result = run("molecules", "--from", "NCCO", "--to", "NCCN", "--starts", 1, "--halvings", 1).ok()
    assert "Both ends pass that already: log P -1.06 and" in result.stdout


def test_settings_files_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "run.toml").write_text('\ufeffproperty = "qed"\nthreshold = 2\n')
    result = run("molecules", "--config", tmp_path / "run.toml", "--from", ASPIRIN, "--to", CAFFEINE)
    assert result.code == 2
    check_one_sentence(result, "QED above 2")


def test_a_property_of_ones_own_must_be_a_file_with_a_threshold(tmp_path):
    (tmp_path / "own.pt").write_text("no model")
    result = run("molecules", "--from", ASPIRIN, "--to", CAFFEINE, "--property", tmp_path / "own.pt")
    assert result.code == 2
    check_one_sentence(result, "--threshold", "own.pt")


# Heteroatoms, without a library: letters of the SMILES. A user's script would use RDKit here.
SCORE = """import sys
for line in sys.stdin:
    print(sum(line.count(sign) for sign in "NOSFno"))
"""
QUICK = ["--starts", 1, "--halvings", 0, "--frames", 5, "--segments", 8]


def heteroatoms(smiles):
    return sum(smiles.count(sign) for sign in "NOSFno")


@pytest.fixture(scope="module")
def score(tmp_path_factory):
    file = tmp_path_factory.mktemp("score") / "score.py"
    file.write_text(SCORE)
    return f"python3 {file}"


def test_a_property_by_a_command_has_its_own_values_in_every_table(score, tmp_path):
    out = tmp_path / "run"
    arguments = ["--from", "CC1C2CCC(C2)C1CN(CCO)C(=O)c1ccc(Cl)cc1", "--to", "Cc1ccccc1C(=O)NCCc1ccncc1", *QUICK,
                 "--property-command", score, "--property-molecules", 600, "--threshold", 8]
    result = run("molecules", *arguments, "--out", out, out=out).ok()
    found = re.search(r"networks that see the values of --property-command from latents have R2 ([-0-9.]+) on 60 molecules", result.stderr)
    assert found, result.stderr
    document = result.document
    assert document["property"]["regressors"]["r2"] == pytest.approx(float(found[1]), abs=0.01)
    assert document["options"]["property-command"] == score and "--property-command 'python3" in document["command"]
    table = [line.split(",") for line in (out / "molecules.csv").read_text().splitlines()]
    rows = [dict(zip(table[0], line)) for line in table[1:]]
    assert len(rows) > 3
    for row in rows:
        assert float(row["value"]) == heteroatoms(row["smiles"])
    between = [float(row["value"]) for row in rows if row["given"] == "0"]
    path = result.pairs[0]["path"]
    assert path["best"] == max(between)
    assert path["reached"] == (max(between) > 8)
    assert result.stdout.startswith("score")
    page = (out / "report.html").read_text()
    assert str(tmp_path) not in page and score.split()[1] not in page  # names of this machine are not passed on


@pytest.mark.parametrize("command, code, words", [
    ("no-such-program", 2, ["cannot be started", "No such file or directory", "'python3 score.py'"]),
    ("/dev/null", 2, ["cannot be started", "Permission denied"]),
    ("", 2, ["is empty"]),
    ("awk '{print 1", 2, ["quote '", "not closed"]),
    ("sh -c 'echo KeyError: C >&2; exit 7'", 3, ["exit code 7", "saying 'KeyError: C'", "one number, or nan"]),
    ("head -n 1", 3, ["printed 1 line for 2 molecules"]),
    ("sed 's/.*/hello/'", 3, ["printed 'hello' for ", "one number, or nan"]),
    ("sed 's/.*/inf/'", 3, ["printed 'inf' for "]),
    ("sleep 60", 3, ["took over 1 s for 2 molecules", "--command-seconds"]),
    ("sh -c 'kill -9 $$'", 3, ["exit code 137"]),
    ("sed 's/.*/1.5/'", 3, ["the same value, 1.5"]),
    ("sed 's/.*/nan/'", 3, ["has a value for 0 of 100 molecules", "--property-molecules"]),
])
def test_a_command_that_fails_is_said_in_one_sentence_and_leaves_nothing(command, code, words, tmp_path):
    out = tmp_path / "run"
    result = run("molecules", "--from", ASPIRIN, "--to", "CCNc1ccncc1", "--property-command", command, "--threshold", 3,
                 "--command-seconds", 1, "--property-molecules", 100, *QUICK, "--out", out)
    assert result.code == code
    check_one_sentence(result, "--property-command", *words)
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_breaks_in_a_list_is_to_blame_and_loses_nothing(tmp_path):
    (tmp_path / "list.smi").write_text("CCCCCCc1ccccc1 CCCO\nCCCCN CCCN\nCCCCO CCCN\n")
    (tmp_path / "calls").write_text("0")
    # The ends of the first pair, what is learned from, the first pair: after these three calls it fails.
    command = f"""sh -c 'n=$(cat {tmp_path}/calls); echo $((n+1)) > {tmp_path}/calls; [ $n -lt 3 ] || {{ printf "ung\\374ltig" >&2; exit 9; }}; awk "{{print length(\\$0)}}"'"""
    out = tmp_path / "run"
    result = run("molecules", "--pairs", tmp_path / "list.smi", "--property-command", command, "--threshold", 30, "--property-molecules", 100,
                 *QUICK, "--out", out)
    assert result.code == 3
    last = result.stderr.strip().splitlines()[-1]
    for words in ("after 1 of 3 pairs", "--property-command", "exit code 9", "saying 'ung\ufffdltig'", "they are in"):
        assert words in last, last
    assert len(json.loads((out / "run.json").read_text())["summary"]["pairs"]) == 1


def test_options_of_a_command_that_do_not_fit_are_refused(score):
    for arguments, words in ((["--property-command", score], ["--threshold is missing"]),
                             (["--property-command", score, "--property", "qed", "--threshold", 1], ["--property and --property-command"]),
                             (["--property-molecules", 200], ["--property-molecules", "--property-command"]),
                             (["--command-seconds", 5], ["--command-seconds", "--property-command"]),
                             (["--property-command", score, "--threshold", 1, "--property-molecules", 99], ["--property-molecules", "100"]),
                             (["--property-command", score, "--threshold", 1, "--command-seconds", 0], ["--command-seconds"])):
        result = run("molecules", "--from", ASPIRIN, "--to", CAFFEINE, *arguments)
        assert result.code == 2, arguments
        check_one_sentence(result, *words)


def test_nothing_in_a_command_is_expanded_by_a_shell(tmp_path):
    bad = tmp_path / "shell was here"
    result = run("molecules", "--from", ASPIRIN, "--to", CAFFEINE, "--threshold", 1, "--property-command", f"true; touch '{bad}'")
    assert result.code == 2
    check_one_sentence(result, "true;", "cannot be started", "no shell")
    assert not bad.exists()


def test_a_command_that_runs_is_ended_with_the_program(tmp_path):
    beats = tmp_path / "beats"
    process = start(["molecules", "--from", ASPIRIN, "--to", "CCNc1ccncc1", "--threshold", 1, "--out", tmp_path / "run",
                     "--property-command", f"sh -c 'while true; do echo x >> {beats}; sleep 0.1; done'"])
    for _ in range(600):
        if beats.exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    size = beats.stat().st_size
    time.sleep(1)
    assert beats.stat().st_size == size and not (tmp_path / "run").exists()


# A model of somebody else's, without a library: latents are (carbons - 6)/2 and ethers - 2.
DECODE = """import sys
for line in sys.stdin:
    a, b = (float(number) for number in line.split(","))
    print("C" * max(1, round(6 + 2 * a)) + "OC" * max(0, round(2 + b)))
"""
ENCODE = """import sys
for line in sys.stdin:
    ethers = line.count("O")
    print((line.count("C") - ethers - 6) / 2, ethers - 2, sep=",")
"""
ETHERS = ["--from", "CCCCCCCCCOC", "--to", "CCCOC", "--segments", 8, "--frames", 9, "--starts", 1, "--halvings", 1]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Commands of a decoder and an encoder, latents of its ends, codes, and a property of latents that needs no learning: more ethers."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "decode.py").write_text(DECODE)
    (folder / "encode.py").write_text(ENCODE)
    np.save(folder / "from.npy", np.array([1.5, -1.0]))
    np.save(folder / "to.npy", np.array([[-1.5, -1.0]]))
    np.save(folder / "pairs.npy", np.array([[[1.5, -1.0], [-1.5, -1.0]], [[1.0, -1.0], [1.0, -1.0]]]))
    np.save(folder / "codes.npy", np.random.default_rng(1).normal(size=(200, 2)))

    class Ethers(torch.nn.Module):
        def forward(self, z):
            return z[:, 1] + 2

    torch.jit.script(Ethers()).save(str(folder / "ethers.pt"))
    return folder


def decoder_of(own):
    return ["--decoder-command", f"python3 {own}/decode.py"]


def encoder_of(own):
    return ["--encoder-command", f"python3 {own}/encode.py"]


def rows_of(out):
    table = [line.split(",") for line in (out / "molecules.csv").read_text().splitlines()]
    return [dict(zip(table[0], line)) for line in table[1:]]


def test_a_decoder_and_an_encoder_by_commands_lead_a_path_to_low_log_p(own, tmp_path):
    out = tmp_path / "run"
    result = run("molecules", *ETHERS[4:], "--from", "CCCCC", "--to", "CCCCCCCCCOCOCOCOC", *decoder_of(own), *encoder_of(own), "--threshold", 1.7,
                 "--property-molecules", 300, "--out", out, out=out).ok()
    found = re.search(r"networks that see log P, QED and SA from latents have R2 ([0-9.]+), ", result.stderr)
    assert found, result.stderr
    document = result.document
    assert document["property"]["regressors"]["r2_of_built_in"]["logp"] == pytest.approx(float(found[1]), abs=0.01)
    assert document["model"] == "decoder by a command, decode"
    assert document["options"]["decoder-command"] == decoder_of(own)[1] and "--encoder-command 'python3" in document["command"]
    pair = result.pairs[0]
    assert pair["path"]["ends_exact"] == [True, True] and pair["path"]["undecoded"] == 0
    assert pair["path"]["best"] < 1.7 < pair["linear"]["best"]
    rows = rows_of(out)
    assert rows[0]["smiles"] == "CCCCC" and rows[-1]["smiles"].count("O") == 4
    for row in rows:  # what a decoder made is judged by RDKit
        assert row["value"] == row["log_p"] and float(row["weight"]) > 50
    assert (out / "molecules.sdf").read_text().count("$$$$") == len(rows)
    assert result.path.shape == (1, 9, 2) and result.path[0, 0].tolist() == [-0.5, -2] and result.path[0, -1].tolist() == [1.5, 2]
    page = (out / "report.html").read_text()
    assert str(own) not in page  # names of this machine are not passed on


def test_ends_as_latents_need_no_encoder_and_the_same_seed_gives_the_same_bytes(own, tmp_path):
    arguments = ["--from", own / "from.npy", "--to", own / "to.npy", *ETHERS[4:], *decoder_of(own), "--codes", own / "codes.npy",
                 "--property", own / "ethers.pt", "--threshold", 1.5, "--seed", 7]
    for name in ("a", "b"):
        run("molecules", *arguments, "--out", tmp_path / name, "--threads", 1 if name == "a" else 2).ok()
    for file in ("molecules.csv", "molecules.sdf", "molecules.svg", "path.npy"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file
    rows = rows_of(tmp_path / "a")
    assert rows[0]["smiles"] == "CCCCCCCCCOC" and rows[-1]["smiles"] == "CCCOC"
    assert max(row["smiles"].count("O") for row in rows) > 1
    for row in rows:  # the value at the latent that was decoded to it
        assert round(float(row["value"])) == row["smiles"].count("O")
    page = (tmp_path / "a" / "report.html").read_text()
    assert str(own) not in page


@pytest.mark.parametrize("option, command, code, words", [
    ("--decoder-command", "no-such-program", 2, ["cannot be started", "No such file or directory"]),
    ("--decoder-command", "sleep 60", 3, ["took over 1 s for 2 latents", "--command-seconds"]),
    ("--decoder-command", r"sed 's/.*/C\xff\x01C/'", 3, ["makes no molecule of the latent at the start", "no SMILES"]),
    ("--encoder-command", "sed 's/.*/hello/'", 3, ["printed 'hello' for CCCCCCCCCOC", "a latent, its numbers separated by commas"]),
])
def test_a_model_of_ones_own_that_fails_is_said_in_one_sentence_and_leaves_nothing(own, option, command, code, words, tmp_path):
    ends = [*ETHERS, *decoder_of(own)] if option == "--encoder-command" else ["--from", own / "from.npy", "--to", own / "to.npy"]
    seconds = 1 if command == "sleep 60" else 600
    result = run("molecules", *ends, option, command, "--command-seconds", seconds, "--out", tmp_path / "run")
    assert result.code == code, result.stderr
    check_one_sentence(result, option, *words)
    assert list(tmp_path.iterdir()) == []


def test_a_decoder_that_breaks_in_a_list_is_to_blame_and_loses_nothing(own, tmp_path):
    (tmp_path / "calls").write_text("0")
    # The ends, and the two rounds of the first pair: after these three calls it fails.
    command = f"""sh -c 'n=$(cat {tmp_path}/calls); echo $((n+1)) > {tmp_path}/calls; [ $n -lt 3 ] || exit 9; python3 {own}/decode.py'"""
    out = tmp_path / "run"
    result = run("molecules", "--pairs", own / "pairs.npy", *ETHERS[4:], "--decoder-command", command, "--property", own / "ethers.pt", "--threshold", 1.5,
                 "--out", out)
    assert result.code == 3
    last = result.stderr.strip().splitlines()[-1]
    for words in ("after 1 of 2 pairs", "--decoder-command", "exit code 9", "they are in"):
        assert words in last, last
    assert len(json.loads((out / "run.json").read_text())["summary"]["pairs"]) == 1


def test_options_of_a_decoder_that_do_not_fit_are_refused(own):
    for arguments, code, words in (([*ETHERS, *encoder_of(own)], 2, ["--encoder-command", "--decoder-command is not given"]),
                                   (["--from", own / "from.npy", "--to", own / "to.npy"], 3, ["have 2 coordinates, and those of the model 56"])):
        result = run("molecules", *arguments)
        assert result.code == code, (arguments, result.stderr)
        check_one_sentence(result, *words)


def test_a_model_that_is_not_there_is_said_with_its_remedy(tmp_path):
    result = run("molecules", "--from", ASPIRIN, "--to", CAFFEINE, "--model", tmp_path / "none", "--out", tmp_path / "run")
    assert result.code == 3
    check_one_sentence(result, "latentpath data jtvae-zinc")
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def molecule_list(tmp_path_factory):
    """200 molecules of MOSES, a SMILES a line."""
    table = (REPOSITORY / "tests/molecule/reference_properties.csv").read_text().splitlines()[1:201]
    file = tmp_path_factory.mktemp("list") / "list.smi"
    file.write_text("".join(line.split(",")[0] + "\n" for line in table))
    return file


SMALL = ["--hidden", 32, "--assembly-hidden", 16, "--latents", 12, "--batch", 20, "--learning-rate", 0.003, "--held-out", 5]


def test_a_trained_model_has_its_card_its_losses_and_is_the_same_again(molecule_list, tmp_path):
    for name in ("a", "b"):
        done = run("train", "jtvae", "--data", molecule_list, "--out", tmp_path / f"{name}.pt", "--epochs", 4, *SMALL).ok()
        assert "molecules held out" in done.stdout and "regressor of qed: R2" in done.stdout and "jtvae: 4 epochs of 195 molecules" in done.stderr
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()
    card = json.loads((tmp_path / "a.json").read_text())
    assert card["molecules"] == 195 and card["latent_dim"] == 12 and card["figures"]["held_out"] == 5
    assert card["command"].startswith("latentpath train jtvae") and "--hidden 32" in card["command"]
    losses = [line.split(",") for line in (tmp_path / "a.csv").read_text().splitlines()]
    assert losses[0][:3] == ["step", "seconds", "clusters"]
    assert sum(map(float, losses[-1][2:5])) < 0.9 * sum(map(float, losses[1][2:5]))
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        f"{name}{end}" for name in ("a", "b") for end in ("-properties.json", "-properties.pt", ".csv", ".json", ".pt")]


def test_an_interrupted_training_says_how_it_goes_on(molecule_list, tmp_path):
    arguments = ["train", "jtvae", "--data", molecule_list, "--out", tmp_path / "a.pt", "--epochs", 1000, "--checkpoint-minutes", 0.01, *SMALL]
    process = start(arguments)
    for _ in range(600):
        if (tmp_path / "a.checkpoint").exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in errors and "a.checkpoint" in errors
    assert not (tmp_path / "a.pt").exists()
    result = run(*arguments, "--resume", "--seed", 5)
    assert result.code == 3
    check_one_sentence(result, "a.checkpoint", "other options")


@pytest.mark.parametrize("arguments, code, words", [
    (["jtvae", "--data", "/nowhere"], 3, ["/nowhere", "latentpath data moses"]),
    (["jtvae", "--latents", 7], 2, ["--latents", "even"]),
    (["jtvae", "--hidden", 0], 2, ["--hidden", "between 4 and 2048"]),
    (["jtvae", "--classifier", "mnist-classifier"], 2, ["--classifier", "jtvae"]),
    (["jtvae", "--checkpoint-every", 3], 2, ["--checkpoint-every", "jtvae"]),
    (["mnist-vae-2", "--hidden", 8], 2, ["--hidden", "jtvae"]),
    (["jtvae", "--out", "model.txt"], 2, ["--out", ".pt"]),
])
def test_training_refuses_what_does_not_fit_in_one_sentence(arguments, code, words):
    result = run("train", *arguments)
    assert result.code == code
    check_one_sentence(result, *words)
