"""latentpath molecules: what users give, and what they are told. The model is fetched by users: paths are tested in C++ on a small one."""

import pytest

from conftest import check_one_sentence, run

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


def test_a_long_list_says_how_long_it_takes_before_it_begins(tmp_path):
    (tmp_path / "pairs.smi").write_text("CCO CCN\n" * 9999 + "CCO [Pt]\n")
    # Five seconds of one core, of which a crowded machine gives little.
    result = run("molecules", "--pairs", tmp_path / "pairs.smi", "--model", tmp_path, timeout=600)
    assert result.code == 3
    assert "9999 pairs take about 19 hours, at 7 seconds each" in result.stderr
    assert "left out: the end in line 10000 of pairs.smi, [Pt] holds Pt" in result.stderr
    assert len(result.stderr.splitlines()) < 10


def test_a_property_of_ones_own_must_be_a_file_with_a_threshold(tmp_path):
    (tmp_path / "own.pt").write_text("no model")
    result = run("molecules", "--from", ASPIRIN, "--to", CAFFEINE, "--property", tmp_path / "own.pt")
    assert result.code == 2
    check_one_sentence(result, "--threshold", "own.pt")


def test_a_model_that_is_not_there_is_said_with_its_remedy(tmp_path):
    result = run("molecules", "--from", ASPIRIN, "--to", CAFFEINE, "--model", tmp_path / "none", "--out", tmp_path / "run")
    assert result.code == 3
    check_one_sentence(result, "latentpath data jtvae-zinc")
    assert not (tmp_path / "run").exists()
