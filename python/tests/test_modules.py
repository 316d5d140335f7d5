"""What modules do to a search, and a search to modules."""

import functools
import gc
import signal
import threading
import time

import numpy
import pytest
import torch

import latentpath as lp
from conftest import QUICK, Decoder
from latentpath import _calls


class Raising(torch.nn.Module):
    """Raises from the n-th call on."""

    def __init__(self, at):
        super().__init__()
        self.at, self.calls = at, 0

    def forward(self, z):
        self.calls += 1
        if self.calls >= self.at:
            raise ValueError("the weights of layer 3 are missing")
        return torch.sin(z)


@pytest.mark.parametrize("at", [1, 20])
def test_what_a_module_raises_is_raised(ends, at):
    with pytest.raises(ValueError, match="the weights of layer 3 are missing") as raised:
        lp.find_path(Raising(at), *ends)
    assert not isinstance(raised.value, lp.LatentPathError)
    assert any(entry.name == "forward" for entry in raised.traceback)
    # The interpreter and the next search are none the worse for it.
    assert lp.find_path(torch.sin, *ends, **QUICK).nodes.shape == (9, 2)


def test_a_failing_backward_pass_keeps_its_text(ends):
    class Broken(torch.autograd.Function):
        @staticmethod
        def forward(context, z):
            return z.clone()

        @staticmethod
        def backward(context, gradient):
            raise RuntimeError("no backward pass was written")

    with pytest.raises(Exception, match="no backward pass was written"):
        lp.find_path(Broken.apply, *ends)


def test_nan_is_a_numerical_error(ends):
    with pytest.raises(lp.NumericalError, match="NaN"):
        lp.find_path(lambda z: z * float("nan"), *ends)


def test_training_mode_is_restored_and_statistics_are_kept(ends):
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 4))
    module[2].eval()
    mean = module[1].running_mean.clone()
    lp.find_path(module, *ends, **QUICK)
    assert module.training and module[1].training and not module[2].training
    assert torch.equal(module[1].running_mean, mean)
    assert all(p.requires_grad and p.grad is None for p in module.parameters())
    # Behind a function, too.
    lp.find_path(lambda z: module(z), *ends, **QUICK)
    assert module.training and torch.equal(module[1].running_mean, mean)


def test_a_module_that_raises_is_restored_too(ends):
    module = Raising(1).train()
    with pytest.raises(ValueError):
        lp.find_path(module, *ends)
    assert module.training


def test_hooks_and_custom_functions(ends):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(context, z):
            return 2 * z

        @staticmethod
        def backward(context, gradient):
            return 2 * gradient

    class Module(torch.nn.Module):
        def forward(self, z):
            return Double.apply(torch.sin(z))

    module, seen = Module(), []
    module.register_forward_hook(lambda *_: seen.append("forward"))
    module.register_full_backward_hook(lambda *_: seen.append("backward"))
    path = lp.find_path(module, *ends, segments=16)
    plain = lp.find_path(lambda z: 2 * torch.sin(z), *ends, segments=16)
    assert "forward" in seen and "backward" in seen
    assert path.figures.column("cost_refined") == pytest.approx(plain.figures.column("cost_refined"), rel=1e-4)


@pytest.mark.skipif(not hasattr(torch, "compile"), reason="torch.compile came with torch 2")
def test_compiled_modules(models, ends):
    decoder, classifier = models
    eager = lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1), segments=16)
    # What stands behind makes no difference to who calls; this one needs no compiler.
    path = lp.find_path(torch.compile(decoder, backend="aot_eager"), *ends, quality=lp.favor(torch.compile(classifier, backend="aot_eager"), 1),
                        segments=16)
    assert path.figures.column("cost_refined") == pytest.approx(eager.figures.column("cost_refined"), rel=2e-3)


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this torch has no torch.distributed")
def test_a_module_wrapped_for_several_processes(models, ends, tmp_path):
    decoder, _ = models
    alone = lp.find_path(decoder, *ends, segments=16)
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1)
    try:
        wrapped = torch.nn.parallel.DistributedDataParallel(decoder.train())
        path = lp.find_path(wrapped, *ends, segments=16)
        assert wrapped.training and decoder.training and all(p.requires_grad for p in wrapped.parameters())
    finally:
        torch.distributed.destroy_process_group()
    assert path.figures.column("cost_refined") == pytest.approx(alone.figures.column("cost_refined"), rel=1e-4)


def test_inside_no_grad_and_inference_mode(models, ends):
    decoder, _ = models
    outside = lp.find_path(decoder, *ends, segments=16).figures.column("cost_refined")
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            z0, z1 = ends[0] + 0, ends[1] + 0
            assert lp.find_path(decoder, z0, z1, segments=16).figures.column("cost_refined") == outside


def test_two_searches_in_two_threads(models, ends):
    decoder, classifier = models
    decoder.train()
    alone = lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1), segments=16).nodes
    found = {}

    def search(name):
        found[name] = lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1), segments=16).nodes

    threads = [threading.Thread(target=search, args=(name,)) for name in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert torch.equal(found[0], alone) and torch.equal(found[1], alone)
    assert decoder.training


def test_other_threads_run_meanwhile(models, ends):
    decoder, classifier = models
    ticks, done = [0], threading.Event()

    def tick():
        while not done.is_set():
            ticks[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    before = ticks[0]
    try:
        lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1), segments=16)
        counted = ticks[0] - before
    finally:  # the process waits for no thread that nobody ends
        done.set()
    thread.join()
    assert counted > 5


def test_ctrl_c_gives_the_best_path_so_far(models, ends):
    decoder, classifier = models
    calls = [0]

    def interrupted(z):
        calls[0] += 1
        if calls[0] == 60:
            signal.raise_signal(signal.SIGINT)
        return decoder(z)

    path = lp.find_path(interrupted, *ends, quality=lp.favor(classifier, 1))
    assert path.interrupted and path.nodes.shape[1] == 2

    def twice(z):
        calls[0] += 1
        if calls[0] > 60:
            signal.raise_signal(signal.SIGINT)
        return decoder(z)

    calls[0] = 0
    with pytest.raises(KeyboardInterrupt):
        lp.find_path(twice, *ends, quality=lp.favor(classifier, 1))


def test_progress_is_told(models, ends):
    heard = []
    lp.find_path(models[0], *ends, progress=lambda *what: heard.append(what), segments=16)
    assert heard and isinstance(heard[0][0], str)


def test_a_call_costs_less_than_a_fifth_of_a_millisecond():
    with _calls.Search() as search:
        number = search.register(_calls.Function(lambda z: z, "decoder", "identity", torch.device("cpu")))
        z = torch.zeros(65, 8)
        times = []
        for _ in range(20):  # the least of some: the machine does other work
            begin = time.perf_counter()
            for _ in range(50):
                torch.ops.latentpath.call(number, [z])
            times.append((time.perf_counter() - begin) / 50)
    print(f"\none call: {1e6 * min(times):.0f} µs")
    assert min(times) < 2e-4


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def test_200_searches_do_not_grow_memory(models, ends):
    decoder, classifier = models

    def near_zero(z):
        return torch.exp(-z.square().sum(1))

    def some(count):
        for i in range(count):  # every tenth is a dearer one
            quality = near_zero if i % 10 else lp.favor(classifier, 1) * lp.normal_prior()
            lp.find_path(decoder, *ends, quality=quality, **QUICK)
        gc.collect()
        return resident_bytes()

    before = some(30)
    grown = some(200) - before
    # A search of this size touches some MB; a leak of a hundredth of that would be 200 times as much.
    assert grown < 8e6
    assert not _calls._functions and not _calls._searches and not _calls._evaluated


def test_decoders_of_half_precision_are_evaluated_as_they_are(ends):
    module = Decoder().to(torch.bfloat16)
    with pytest.raises(lp.ModelError, match="steps"):
        lp.find_path(module, *ends)


def test_build_facts_name_what_is_at_work():
    facts = lp.build_facts()
    assert facts["version"] == lp.__version__
    assert torch.__version__.startswith(facts["libtorch"].split("+")[0])
    assert facts["openmp"] == "none" or "omp" in facts["openmp"]
    assert {"blas", "blas_kernels", "compiler"} <= set(facts)


class Holder:
    """An object that holds a module, and is none."""

    def __init__(self, net):
        self.net = net

    def __call__(self, z):
        return self.net(z)

    def decode(self, z):
        return self.net(z)


def test_modules_behind_what_people_write_are_seen(models, ends):
    net = models[0]
    holder, named = Holder(net), {"a": net}
    for call in (holder, holder.decode, lambda z, m=net: m(z), lambda z: named["a"](z), lambda z: holder.net(z),
                 functools.partial(lambda m, z: m(z), net), lambda z: torch.cat([net(row) for row in z.split(1)])):
        net.train()
        assert _calls.modules_of(call) == [net]
        lp.find_path(call, *ends, **QUICK)
        assert net.training and all(p.requires_grad for p in net.parameters())
    # An attribute is no global of the same name.
    assert _calls.modules_of(eval("lambda z: z.net", {"net": net})) == []


def test_scripts_that_have_no_mode(models, ends):
    frozen = torch.jit.freeze(torch.jit.script(models[0]))
    assert lp.find_path(frozen, *ends, **QUICK).nodes.shape == (9, 2)


def test_what_modules_state_in_numpy_is_read(models, ends):
    decoder, classifier = models
    classifier.input_mean, classifier.input_std = numpy.array([0.5]), numpy.array([0.25])
    path = lp.find_path(decoder, *ends, quality=lp.favor(classifier, torch.tensor(1)), **QUICK)
    assert "minus mean 0.5, over std 0.25" in path.summary["classifier"]["adapted"]
