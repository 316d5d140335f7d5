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


def test_a_model_that_is_not_there_is_said_with_its_remedy(tmp_path):
    result = run("molecules", "--from", ASPIRIN, "--to", CAFFEINE, "--model", tmp_path / "none", "--out", tmp_path / "run")
    assert result.code == 3
    check_one_sentence(result, "latentpath data jtvae-zinc")
    assert not (tmp_path / "run").exists()
