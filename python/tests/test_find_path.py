"""find_path(): figures, inputs, qualities, priors."""

import copy
import json
import os
import pickle
import signal
import threading

import numpy
import pytest
import torch

import latentpath as lp
from conftest import QUICK


def test_gives_what_the_program_gives_on_the_traced_file(models, program, tmp_path):
    decoder, classifier = models
    pairs = torch.tensor([[[-1.2, 0.4], [1.1, 0.9]], [[0.3, -1.0], [-0.8, 1.3]]])
    torch.jit.trace(decoder, torch.zeros(2, 2)).save(tmp_path / "decoder.pt")
    torch.jit.trace(classifier, decoder(torch.zeros(2, 2))).save(tmp_path / "classifier.pt")
    numpy.save(tmp_path / "pairs.npy", pairs.numpy())
    printed = program("interpolate", "--decoder", tmp_path / "decoder.pt", "--classifier", tmp_path / "classifier.pt",
                      "--output-range=-1,1", "--input-range=-1,1", "--pairs", tmp_path / "pairs.npy", "--favor", "1",
                      "--threads", "1", "--json")
    path = lp.find_path(decoder, pairs[:, 0], pairs[:, 1], quality=lp.favor(classifier, 1))
    for mine, theirs in zip(path.figures, json.loads(printed)["pairs"]):
        for curve in ("path", "linear", "spherical"):
            assert set(mine[curve]) == set(theirs[curve])
            for name in ("cost_refined", "length", "mean_class_probability", "embedding_length", "least_guard_rank"):
                # The solver's own tolerance is 1e-3 on the cost; models are computed alike.
                assert mine[curve][name] == pytest.approx(theirs[curve][name], rel=2e-3)
        assert mine["path"]["start"] == theirs["path"]["start"]
        assert mine["path"]["verdict"] == theirs["path"]["verdict"]


def test_result_has_nodes_times_figures_and_its_reasons(models, ends):
    decoder, classifier = models
    path = lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1), segments=16)
    assert path.nodes.shape == (17, 2) and path.nodes.dtype == torch.float32
    assert torch.equal(path.nodes[0], ends[0]) and torch.equal(path.nodes[-1], ends[1])
    assert path.times.shape == (17,) and path.times[0] == 0 and path.times[-1] == 1
    assert not path.nodes.requires_grad
    assert isinstance(path.termination, str)
    assert path.verdict in ("good", "fair", "bad") and path.verdict.headline
    assert path.figures.column("cost_refined")[0] <= path.figures.column("cost_refined", "linear")[0]
    assert "cost_refined" in repr(path.figures)
    assert decoder(path.nodes).shape == (17, 1, 8, 8)


def test_takes_numpy_and_batches_and_keeps_the_type(models):
    decoder, _ = models
    z0, z1 = numpy.array([[-1.0, 0.0], [0.5, 0.5]]), numpy.array([1.0, 1.0])
    path = lp.find_path(decoder, z0, z1, **QUICK)
    assert path.nodes.shape == (2, 9, 2) and path.nodes.dtype == torch.float64
    assert len(path.termination) == 2 and len(path) == 2


def test_latents_of_any_shape(models):
    decoder = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 1), torch.nn.Tanh())
    path = lp.find_path(decoder, torch.zeros(1, 2, 2, 2), torch.ones(1, 2, 2, 2), **QUICK)
    assert path.nodes.shape == (1, 9, 2, 2, 2)


def test_loop_returns(models, ends):
    decoder, classifier = models
    path = lp.find_path(decoder, ends[0], loop=True, quality=lp.favor(classifier, 1), **{**QUICK, "init": None})
    assert torch.equal(path.nodes[0], path.nodes[-1])
    with pytest.raises(ValueError, match="z1"):
        lp.find_path(decoder, ends[0])
    with pytest.raises(ValueError, match="z1"):
        lp.find_path(decoder, *ends, loop=True)


def test_any_function_is_a_decoder(models, ends):
    decoder, _ = models
    by_function = lp.find_path(lambda z: decoder(z), *ends, segments=16)
    by_module = lp.find_path(decoder, *ends, segments=16)
    assert by_function.figures.column("cost_refined") == by_module.figures.column("cost_refined")


def test_power_is_the_programs_sharpness(models, ends):
    decoder, classifier = models
    q = lp.favor(classifier, 1)
    by_power = lp.find_path(decoder, *ends, quality=q**2, segments=16)
    by_option = lp.find_path(decoder, *ends, quality=q, odds=1, sharpness=2, segments=16)
    # An expression is taken as it is, while the odds of a class that is favoured are shifted unless they are 1. The same cost; the feature that is reported is Q² in the one and Q in the other.
    assert by_power.figures.column("cost_refined") == pytest.approx(by_option.figures.column("cost_refined"), rel=2e-3)


def test_odds_are_those_of_the_option(models, ends):
    decoder, classifier = models
    by_option = lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1), odds=4, segments=16)
    by_default = lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1), segments=16)
    by_hand = lp.find_path(decoder, *ends, quality=lp.shift_odds(lp.favor(classifier, 1), 4), segments=16)
    assert by_option.figures.column("cost_refined") == by_default.figures.column("cost_refined")
    assert by_hand.figures.column("cost_refined") == pytest.approx(by_option.figures.column("cost_refined"), rel=2e-3)
    with pytest.raises(ValueError, match="odds"):
        lp.shift_odds(lp.favor(classifier, 1), 0)


def test_qualities_are_expressions(models, ends):
    """Each expression beside the same quality written as one function of the latent."""
    decoder, classifier = models

    def p(z, index):
        return torch.softmax(classifier(decoder(z)), 1)[:, index]

    def near(z):
        return torch.exp(-0.5 * z.square().sum(1))

    expressions = [
        (lp.favor(classifier, 1) * near, lambda z: p(z, 1) * near(z)),
        (1 - lp.class_probability(classifier, 0), lambda z: 1 - p(z, 0)),
        (lp.avoid(classifier, 0) * lp.avoid(classifier, 2), lambda z: (1 - p(z, 0)) * (1 - p(z, 2))),
        (lp.favor(classifier, 1) * lp.avoid(classifier, 0), lambda z: p(z, 1) * (1 - p(z, 0))),
        (lp.quality(lambda x: torch.sigmoid(x.flatten(1).sum(1)), of="decoded"),
         lambda z: torch.sigmoid(decoder(z).flatten(1).sum(1))),
        (lp.quality(near) ** 2 * 0.9, lambda z: near(z) ** 2 * 0.9),
        (lp.shift_odds(lp.favor(classifier, 1), 3) * near, lambda z: p(z, 1) / (3 - 2 * p(z, 1)) * near(z)),
    ]
    for expression, function in expressions:
        # What one classifier's favor() and avoid() ask for has the program's odds.
        a = lp.find_path(decoder, *ends, quality=expression, odds=1, **{**QUICK, "max_iterations": 20})
        b = lp.find_path(decoder, *ends, quality=function, **{**QUICK, "max_iterations": 20})
        # Along the straight line they are computed alike; the paths end where the solver's tolerance lets them.
        assert a.figures.column("mean_quality", "linear") == pytest.approx(b.figures.column("mean_quality", "linear"), rel=1e-4)
        assert a.figures.column("cost_refined") == pytest.approx(b.figures.column("cost_refined"), rel=0.05)


def test_a_quality_by_subclass(models, ends):
    class Near(lp.Quality):
        def evaluate(self, z):
            return torch.exp(-z.square().sum(1))

    decoder, _ = models
    a = lp.find_path(decoder, *ends, quality=Near(), **QUICK)
    b = lp.find_path(decoder, *ends, quality=Near().evaluate, **QUICK)
    assert a.figures == b.figures or a.figures.column("cost_refined") == b.figures.column("cost_refined")


def test_priors(models, ends):
    decoder, classifier = models
    normal = lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1) * lp.normal_prior(), segments=16)
    by_name = lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1), prior="normal", segments=16)
    assert normal.figures.column("cost_refined") == by_name.figures.column("cost_refined")
    torch.manual_seed(0)
    codes = torch.randn(400, 2)
    fitted = lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1) * lp.prior_samples(codes), segments=16)
    # A Gaussian fitted to 400 samples is off by some per cent, and so is its rank.
    assert fitted.figures.column("mean_quality") == pytest.approx(normal.figures.column("mean_quality"), rel=0.2)
    assert not any("/tmp" in text for text in (*fitted.assumptions, *fitted.warnings))
    with pytest.raises(ValueError, match="twice"):
        lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1) * lp.normal_prior(), prior="normal")


def test_the_guard_is_on_by_default(models, ends):
    decoder, classifier = models
    guarded = lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1), segments=16)
    assert guarded.summary["guard"] == "on"
    free = lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1), guard=False, segments=16)
    assert free.summary["guard"] == "none"


def test_options_are_those_of_the_tables(models, ends):
    import inspect

    decoder, classifier = models
    signature = inspect.signature(lp.find_path)
    assert signature.parameters["segments"].default == 64
    assert "prune_late_lead" in signature.parameters and "Segments of the path" in lp.find_path.__doc__
    with pytest.raises(TypeError, match="did you mean 'segments'"):
        lp.find_path(decoder, *ends, segmens=3)
    with pytest.raises(lp.ArgumentError, match="`segments`"):
        lp.find_path(decoder, *ends, segments=0)
    with pytest.raises(ValueError, match="`segments` takes a whole number"):
        lp.find_path(decoder, *ends, segments="many")
    with pytest.raises(lp.ArgumentError, match="`epsilon`"):
        lp.find_path(decoder, *ends, epsilon=2)
    with pytest.raises(lp.ArgumentError, match="has no class '7'"):
        lp.find_path(decoder, *ends, quality=lp.favor(classifier, 7))
    with pytest.raises(ValueError, match="z0"):
        lp.find_path(decoder, torch.zeros(3), torch.zeros(2))
    with pytest.raises(TypeError, match="favor"):
        lp.find_path(decoder, *ends, quality=classifier)
    path = lp.find_path(decoder, *ends, **QUICK, input_shape=None, prune_late_lead=numpy.float64(1.5))
    assert path._record["options"]["prune-late-lead"] == 1.5


def test_what_cannot_serve_as_a_decoder_is_refused(ends):
    with pytest.raises(TypeError, match="must return a tensor, not tuple"):
        lp.find_path(lambda z: (z, z), *ends)
    with pytest.raises(lp.ModelError, match="whole numbers|floating"):
        lp.find_path(lambda z: z.long(), *ends)
    with pytest.raises(lp.ModelError, match="random"):
        lp.find_path(lambda z: z + torch.randn_like(z), *ends)
    with pytest.raises(TypeError, match="module, a function"):
        lp.find_path(8, *ends)
    with pytest.raises(lp.ModelError, match="decoder.pt"):
        lp.find_path("decoder.pt", *ends)


def test_saves_a_run_folder(models, ends, tmp_path):
    decoder, classifier = models
    path = lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1), segments=16)
    path.save(tmp_path / "run")
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["summary"]["pairs"] == list(path.figures)
    assert run["subcommand"] == "interpolate" and run["options"]["segments"] == 16
    assert numpy.array_equal(numpy.load(tmp_path / "run" / "path.npy")[0], path.nodes.numpy())
    assert (tmp_path / "run" / "frames" / "strip.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(lp.ArgumentError, match="already exists"):
        path.save(tmp_path / "run")
    path.save(tmp_path / "run", overwrite=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run"]


def test_shows_itself(models, ends, tmp_path):
    decoder, classifier = models
    path = lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1), segments=16)
    strip = path.strip(frames=5)
    assert strip.pixels.shape == (16, 40, 3) and strip.pixels.dtype == torch.uint8
    strip.save(tmp_path / "strip.png")
    page = path._repr_html_()
    assert "data:image/png" in page and path.verdict in page and "cost_refined" in page
    assert "verdict" in repr(path).lower() or path.verdict in repr(path)
    assert torch.equal(path.at([0.0, 1.0]), path.nodes[[0, -1]])
    flat = lp.find_path(lambda z: z, *ends, **QUICK)
    assert "data:image" not in flat._repr_html_()
    with pytest.raises(TypeError, match="images"):
        flat.strip()


def test_a_label_for_each_pair(models):
    """Each pair is what it would be alone."""
    decoder, classifier = models
    torch.manual_seed(1)
    z0, z1 = torch.randn(4, 2), torch.randn(4, 2)
    labels = [1, 0, 1, 2]
    asked = {"segments": 16, "seed": 2}
    heard = []
    path = lp.find_path(decoder, z0, z1, quality=lp.favor(classifier, labels), progress=lambda *what: heard.append(what[0]), **asked)
    assert path.nodes.shape == (4, 17, 2) and torch.equal(path.nodes[:, 0], z0) and torch.equal(path.nodes[:, -1], z1)
    assert [pair["feature"] for pair in path.figures] == ["P(1)", "P(0)", "P(1)", "P(2)"]
    assert any(stage.startswith("group 2 of 3: ") for stage in heard)
    for pair, label in enumerate(labels):
        alone = lp.find_path(decoder, z0[pair], z1[pair], quality=lp.favor(classifier, label), **asked)
        # As of any batch: sums of other sizes are rounded otherwise, and the solver's tolerance is 1e-3 on the cost.
        assert torch.allclose(path.nodes[pair], alone.nodes, atol=5e-3)
        assert path.termination[pair] == alone.termination
        for curve in ("path", "linear", "spherical"):
            for name in ("cost_refined", "length", "mean_class_probability", "least_guard_rank"):
                assert path.figures[pair][curve][name] == pytest.approx(alone.figures[0][curve][name], rel=2e-3)
        assert path.figures[pair]["path"]["verdict"] == alone.verdict
        assert path.figures[pair]["classifier"] == alone.summary["classifier"]
    by_list = lp.find_path(decoder, z0, z1, quality=[lp.favor(classifier, label) for label in labels], **asked)
    assert torch.equal(by_list.nodes, path.nodes)
    assert "probability of what each pair asks for" in path.verdict.headline
    assert path._record["options"]["favor"] is None and "feature" not in path.summary


def test_sections_of_one_pair_beside_another_that_asks_nothing(models):
    decoder, classifier = models
    torch.manual_seed(1)
    z0, z1 = torch.randn(2, 2), torch.randn(2, 2)
    sections = lp.favor(classifier, "0@0.0-0.4", "1@0.6-1.0")
    mixed = lp.find_path(decoder, z0, z1, quality=[sections, None], **QUICK)
    assert len(mixed.figures[0]["path"]["sections"]) == 2 and "sections" not in mixed.figures[1]["path"]
    alike = lp.find_path(decoder, z0, z1, quality=[sections, sections], **QUICK)
    assert all(len(pair["path"]["sections"]) == 2 for pair in alike.figures)


def test_what_is_asked_of_each_pair_may_be_any_quality(models, tmp_path):
    decoder, classifier = models

    def near_zero(z):
        return torch.exp(-z.square().sum(1))

    torch.manual_seed(1)
    z0, z1 = torch.randn(3, 2), torch.randn(3, 2)
    own = [near_zero, None, lp.avoid(classifier, 0) * near_zero]
    path = lp.find_path(decoder, z0, z1, quality=own, prior="normal", **QUICK)
    for pair, quality in enumerate(own):
        alone = lp.find_path(decoder, z0[pair], z1[pair], quality=quality, prior="normal", **QUICK)
        for curve in ("path", "linear"):
            for name in ("cost_refined", "mean_quality"):
                assert path.figures[pair][curve][name] == pytest.approx(alone.figures[0][curve][name], rel=2e-3)
            assert set(path.figures[pair][curve]) == set(alone.figures[0][curve])
    path.save(tmp_path / "run")
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["summary"]["pairs"] == list(path.figures)
    assert "near_zero" in run["summary"]["pairs"][0]["quality"] and "feature" not in run["summary"]["pairs"][1]
    # Labels in expressions, and a prior that all have.
    q = lp.favor(classifier, [1, 0, 1])
    product = lp.find_path(decoder, z0, z1, quality=(1 - q) ** 2 * near_zero * lp.normal_prior(), **QUICK)
    alone = lp.find_path(decoder, z0[1], z1[1], quality=(1 - lp.favor(classifier, 0)) ** 2 * near_zero * lp.normal_prior(), **QUICK)
    assert product.figures[1]["path"]["cost_refined"] == pytest.approx(alone.figures[0]["path"]["cost_refined"], rel=2e-3)
    # One label for all is no different from none.
    same = lp.find_path(decoder, z0, z1, quality=lp.favor(classifier, torch.tensor([1, 1, 1])), **QUICK)
    assert same.summary["feature"] == "P(1)" and same._record["options"]["favor"] == ["1"]


def test_labels_that_do_not_fit_the_pairs(models):
    decoder, classifier = models
    z = torch.zeros(3, 2), torch.ones(3, 2)
    with pytest.raises(ValueError, match="2 labels, and there are 3 pairs"):
        lp.find_path(decoder, *z, quality=lp.favor(classifier, [1, 0]))
    with pytest.raises(ValueError, match="2 and 3 pairs"):
        lp.find_path(decoder, *z, quality=lp.favor(classifier, [1, 0]) * lp.avoid(classifier, [1, 0, 2]))
    with pytest.raises(ValueError, match="labels of its own"):
        lp.find_path(decoder, *z, quality=[lp.favor(classifier, [1, 0, 1])] * 3)
    with pytest.raises(ValueError, match="one prior"):
        lp.find_path(decoder, *z, quality=[lp.favor(classifier, 1) * lp.normal_prior(), None, None])
    with pytest.raises(ValueError, match="empty list"):
        lp.find_path(decoder, *z, quality=[])
    with pytest.raises(ValueError, match="one by one"):
        lp.favor(classifier, [1, 2], 3)
    with pytest.raises(lp.ArgumentError, match="has no class '7'"):
        lp.find_path(decoder, *z, quality=lp.favor(classifier, [1, 7, 1]))
    with pytest.raises(ValueError, match="find_path"):
        lp.geodesic(lambda z: z, *z, quality=lp.favor(classifier, [1, 0, 1]))
    with pytest.raises(ValueError, match="complement of nothing"):
        lp.find_path(decoder, *z, quality=1 - lp._quality.as_qualities([None, lp.favor(classifier, 1), None]))


def test_each_pair_has_its_own_part_of_shifted_odds(models):
    decoder, classifier = models
    z = torch.tensor([[-1.2, 0.4], [0.3, 0.3]]), torch.tensor([[1.1, 0.9], [-1.0, 1.0]])
    both = lp.find_path(decoder, *z, quality=lp.shift_odds(lp.favor(classifier, [1, 0]), 3), **QUICK)
    for pair, label in enumerate((1, 0)):
        alone = lp.find_path(decoder, z[0][pair], z[1][pair], quality=lp.shift_odds(lp.favor(classifier, label), 3), **QUICK)
        assert both.figures.column("mean_quality", "linear")[pair] == pytest.approx(alone.figures.column("mean_quality", "linear")[0], rel=1e-4)


def test_ctrl_c_in_the_first_group_gives_paths_to_all(models):
    decoder, classifier = models
    calls = [0]

    def interrupted(z):
        calls[0] += 1
        if calls[0] == 150:
            signal.raise_signal(signal.SIGINT)
        return decoder(z)

    z = torch.tensor([[-1.2, 0.4], [0.3, 0.3]]), torch.tensor([[1.1, 0.9], [-1.0, 1.0]])
    path = lp.find_path(interrupted, *z, quality=lp.favor(classifier, [1, 0]))
    assert path.interrupted and path.nodes.shape[::2] == (2, 2) and torch.isfinite(path.nodes).all()
    assert torch.equal(path.nodes[:, 0], z[0]) and torch.equal(path.nodes[:, -1], z[1])


def test_a_judge_has_to_know_what_is_asked(models, ends):
    decoder, classifier = models
    for quality in (None, lp.quality(lambda x: torch.sigmoid(x.flatten(1).mean(1)), of="decoded") * lp.favor(classifier, 1)):
        with pytest.raises(ValueError, match="`judge` looks for what favor"):
            lp.find_path(decoder, *ends, quality=quality, judge=classifier, **QUICK)


def test_ends_as_people_have_them(models, ends):
    decoder = models[0]
    z0, z1 = ends
    both = lp.find_path(decoder, [z0, z1], [z1, z0], **QUICK)
    assert torch.equal(both.nodes[:, 0], torch.stack([z0, z1]))
    assert len(lp.find_path(decoder, numpy.zeros((3, 2))[::-1], z1, **QUICK)) == 3
    for first in (torch.zeros(5, 2), torch.zeros(1, 5, 2)):
        lp.find_path(decoder, z0, z1, first_paths=first, **QUICK)
    with pytest.raises(ValueError, match="`z0` has 3 points and `z1` 2"):
        lp.find_path(decoder, torch.zeros(3, 2), torch.zeros(2, 2), **QUICK)
    with pytest.raises(TypeError, match="`z1` must be numbers"):
        lp.find_path(decoder, z0, lp.quality(lambda z: z[:, 0]), **QUICK)


def test_results_are_copied_and_looked_at(models, ends):
    path = lp.find_path(models[0], *ends, quality=lp.favor(models[1], 1), keep=1, **QUICK)
    for copied in (pickle.loads(pickle.dumps(path.verdict)), copy.deepcopy(path.verdict)):
        assert copied == path.verdict and copied.reasons == path.verdict.reasons
    assert torch.equal(path.at([0.5], curve="ours"), path.at(torch.tensor([0.5])))
    assert path.strip(3, curves="linear").pixels.shape == path.strip(3, curves=["linear"]).pixels.shape
    with pytest.raises(ValueError, match="`curve` is one of path, linear, spherical, not 'line'"):
        path.at([0.5], curve="line")
    with pytest.raises(ValueError, match="between 0 and 1"):
        path.at([1.5])


def test_ctrl_c_is_heard_wherever_the_search_is(models):
    """As a terminal sends it: the signal may come while the core runs, or a backward pass."""
    decoder, classifier = models
    for delay in (0.01, 0.05, 0.1, 0.15):
        interrupt = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))

        def begun(*_, timer=interrupt):
            if timer.ident is None:
                timer.start()

        path = lp.find_path(decoder, torch.randn(6, 2), torch.randn(6, 2), quality=lp.favor(classifier, 1), segments=256,
                            max_iterations=100000, tolerance=1e-14, init="linear", progress=begun)
        interrupt.join()
        assert "interrupted" in path.termination
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
