"""Functions of Python that the core calls, and the modules behind them while a search runs."""

import contextlib
import dis
import functools
import itertools
import math
import numbers
import os
import signal
import threading
import types

import torch

from ._core import ops

# Of a container or an object: what holds more is data.
_MOST_PARTS = 100

_library = torch.library.Library("latentpath", "IMPL", "CompositeImplicitAutograd")
_functions = {}
_searches = {}
_numbers = itertools.count(1)


class Function:
    """A function of a batch as the core calls it: points come on the CPU, in the search's precision, and are given to
    the function on its device, in its precision; what it returns goes back to the CPU, or stays where it is.

    shape: of one point, where the function does not take [n, D].
    """

    def __init__(self, call, role, name, device, dtype=None, shape=None, stays=False):
        self.call, self.role, self.name = call, role, name
        self.device, self.dtype, self.shape, self.stays = device, dtype, shape, stays

    def __call__(self, points):
        points = points.to(device=self.device, dtype=self.dtype or points.dtype)
        if self.shape is not None:
            points = points.reshape(points.shape[0], *self.shape)
        result = self.call(points)
        if not isinstance(result, torch.Tensor):
            raise TypeError(
                f"the {self.role} {self.name} must return a tensor, not {type(result).__name__}: give a function that "
                "returns the one that is meant, like lambda z: model(z)[0]"
            )
        if result.dtype in (torch.float16, torch.bfloat16):
            result = result.float()
        return result if self.stays else result.cpu()


class Search:
    """One call of the core: its number, its functions, what they raised, and who hears of its progress."""

    def __init__(self, progress=None):
        self.number = next(_numbers)
        self.failure = None
        self.observer_failure = None
        self.interrupted = False
        self.progress = progress
        self._registered = []

    def register(self, function):
        """The number by which the core calls a function."""
        number = next(_numbers)
        _functions[number] = (function, self)
        self._registered.append(number)
        return number

    def __enter__(self):
        _searches[self.number] = self
        return self

    def __exit__(self, *_):
        _searches.pop(self.number, None)
        for number in self._registered:
            _functions.pop(number, None)

    def interrupt(self):
        """Ctrl-C: the first one asks for the best path so far, and the call goes on; the second one ends it."""
        first = not self.interrupted
        self.interrupted = True
        ops.cancel(self.number)
        return first

    @contextlib.contextmanager
    def interruptible(self):
        """While the core runs: Ctrl-C asks it to stop, wherever it is, and is no exception in whatever Python comes next."""
        mine = threading.current_thread() is threading.main_thread()
        if not mine or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            yield
            return

        def stop(*_):
            if not self.interrupt():
                raise KeyboardInterrupt

        signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def fail(self, error):
        self.failure = error
        return f"{type(error).__name__}: {error}"


def _call(number, inputs):
    function, search = _functions[number]
    while True:
        try:
            return function(*inputs), ""
        except KeyboardInterrupt as stop:
            if not search.interrupt():
                return torch.empty(0), search.fail(stop)
        except BaseException as error:  # whatever it is, it must not unwind the core's C++  # noqa: BLE001
            return torch.empty(0), search.fail(error)


def _report(number, stage, done, total, value):
    search = _searches.get(number)
    if search is None or search.progress is None:
        return
    try:
        search.progress(stage, done, total, value)
    except KeyboardInterrupt:
        search.interrupt()
    except Exception as error:  # noqa: BLE001
        search.progress, search.observer_failure = None, error
        ops.cancel(number)


_library.impl("call", _call)
_library.impl("report", _report)


def _globals_named(code):
    """The names of globals that a function's code, and that of functions in it, reads."""
    names = {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _globals_named(constant)
    return names


def _parts(call):
    """What a callable, a container or an object is made of."""
    if isinstance(call, functools.partial):
        return [call.func, *call.args, *call.keywords.values()]
    if isinstance(call, types.MethodType):
        return [call.__self__, call.__func__]
    if isinstance(call, torch.ScriptMethod):
        return [call.owner]
    if isinstance(call, types.FunctionType):
        parts = [call.__globals__.get(name) for name in sorted(_globals_named(call.__code__))]
        parts += [*(call.__defaults__ or ()), *(call.__kwdefaults__ or {}).values()]
        for cell in call.__closure__ or ():
            with contextlib.suppress(ValueError):  # not filled yet
                parts.append(cell.cell_contents)
        return parts
    if isinstance(call, dict):
        return list(call.values())
    if isinstance(call, (list, tuple)):
        return list(call)
    return [getattr(type(call), "__call__", None), *getattr(call, "__dict__", {}).values()]


def modules_of(call, depth=3):
    """The modules that a callable runs, as far as can be seen: itself, a method's owner, what a partial or an object
    holds, and what a function, and the functions that it calls, close over, name or have as defaults."""
    found, seen = {}, set()

    def collect(part, depth):
        if part is None or isinstance(part, (str, bytes, numbers.Number, torch.Tensor, types.ModuleType, type)) or id(part) in seen:
            return
        seen.add(id(part))
        if isinstance(part, torch.nn.Module):
            found[id(part)] = part
        elif depth > 0:
            for inner in _parts(part)[:_MOST_PARTS]:
                collect(inner, depth - 1)

    collect(call, depth)
    return list(found.values())


_evaluated = {}
_evaluated_lock = threading.Lock()


def _enter(module):
    with _evaluated_lock:
        count, modes, parameters = _evaluated.get(id(module), (0, None, None))
        if count == 0:
            modes = [(part, part.training) for part in module.modules() if hasattr(part, "training")]
            parameters = [p for p in module.parameters() if p.requires_grad and p.is_leaf]
            try:
                module.eval()
            except (NotImplementedError, AttributeError):  # of an exported program, of a frozen script
                for part, _ in modes:
                    part.training = False
            for parameter in parameters:
                parameter.requires_grad_(False)
        _evaluated[id(module)] = (count + 1, modes, parameters)


def _leave(module):
    with _evaluated_lock:
        count, modes, parameters = _evaluated.pop(id(module))
        if count > 1:
            _evaluated[id(module)] = (count - 1, modes, parameters)
            return
        for part, training in modes:
            part.training = training
        for parameter in parameters:
            parameter.requires_grad_(True)


class _ExactConvolutions:
    """cuDNN without TensorFloat-32 while any search runs: it keeps ten bits, and the fine grids of a path see its steps."""

    def __init__(self):
        self.lock, self.count, self.before = threading.Lock(), 0, True

    def __enter__(self):
        with self.lock:
            self.count += 1
            if self.count == 1:
                self.before = torch.backends.cudnn.allow_tf32
                torch.backends.cudnn.allow_tf32 = False

    def __exit__(self, *_):
        with self.lock:
            self.count -= 1
            if self.count == 0:
                torch.backends.cudnn.allow_tf32 = self.before


_exact_convolutions = _ExactConvolutions()


@contextlib.contextmanager
def evaluated(calls):
    """The modules behind some callables in eval mode, their parameters frozen; restored at the end, when no other search
    in another thread uses them any more."""
    with contextlib.ExitStack() as stack:
        if torch.cuda.is_available():
            stack.enter_context(_exact_convolutions)
        for module in {id(m): m for call in calls for m in modules_of(call)}.values():
            _enter(module)
            stack.callback(_leave, module)
        yield


def _unwrapped(call):
    """What is inside of a wrapper that gathers gradients of parameters, of which there are none here."""
    parallel = (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)
    return call.module if isinstance(call, parallel) else call


def in_python(value):
    """Numbers and texts of NumPy and torch as Python has them, in lists too."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return [in_python(item) for item in value] if isinstance(value, (list, tuple)) else value


def _plain(value):
    """An attribute as JSON holds it, or None."""
    if hasattr(value, "tolist"):  # of torch, of NumPy
        return value.tolist() if math.prod(getattr(value, "shape", ())) <= 64 else None
    if isinstance(value, (list, tuple, range)):
        items = [_plain(item) for item in value]
        return None if any(item is None for item in items) else items
    return value if isinstance(value, (bool, int, float, str)) else None


_STATED = ("latent_dim", "output_range", "prior", "input_range", "input_mean", "input_std", "input_shape",
           "class_names", "output_kind")


def name_of(call):
    if isinstance(call, torch.nn.Module):
        return type(call).__name__
    name = getattr(call, "__name__", type(call).__name__)
    return "function" if name == "<lambda>" else name


def identity_of(call):
    """Equal for callables that are the same: a bound method is another object each time that it is named."""
    return (id(call.__self__), call.__func__) if isinstance(call, types.MethodType) else id(call)


def is_file(model):
    """Whether a model is given as a file, which the core reads itself, as the program does."""
    return isinstance(model, (str, os.PathLike))


def read_model(model):
    """A model for Python to call: a file read by torch, anything else as it is."""
    if not is_file(model):
        return model
    if str(model).endswith(".pt2"):
        return torch.export.load(model).module()
    return torch.jit.load(model, map_location="cpu").eval()


def describe_model(search, call, role, device, dtype, shape=None):
    """A model as the core's ModelFunction, as JSON; also the device that it lives on. Where no parameters are to be seen
    that say a device and a precision, they are those of the ends."""
    if is_file(call):
        return {"file": os.fspath(call)}, torch.device("cpu")
    if not callable(call):
        raise TypeError(
            f"the {role} must be a torch module, a function of tensors or a model's file, not {type(call).__name__}"
        )
    call = _unwrapped(call)
    modules = modules_of(call)
    tensors = [t for m in modules for t in (*m.parameters(), *m.buffers())]
    floating = [t for t in tensors if t.is_floating_point()]
    device = tensors[0].device if tensors else device
    dtype = floating[0].dtype if floating else dtype
    convolutions = [p.shape[1] for m in modules for p in m.parameters() if p.dim() == 4]
    stated = {name: _plain(getattr(m, name, None)) for m in modules[:1] for name in _STATED}
    if isinstance(call, types.FunctionType):
        stated["latent_dim"] = None  # its latent need not be its module's
    # The core computes with what stays in double precision, which Apple's and Intel's GPUs may not have.
    stays = device.type not in ("mps", "xpu")
    function = Function(call, role, name_of(call), device, dtype, shape, stays)
    return {
        "function": search.register(function),
        "name": function.name,
        "dtype": "float64" if dtype == torch.float64 else "float32",
        "dtype_known": bool(floating),
        "weights": sum(p.numel() for m in modules for p in m.parameters()),
        "convolution_channels": convolutions[0] if convolutions else None,
        "attributes": {name: value for name, value in stated.items() if value is not None},
    }, device


def function_of(call, role, device, dtype=None, shape=None):
    """A callable on the device and in the precision of its parameters, where such are to be seen, else as given."""
    floating = [t for m in modules_of(call) for t in (*m.parameters(), *m.buffers()) if t.is_floating_point()]
    return Function(call, role, name_of(call), floating[0].device if floating else device,
                    floating[0].dtype if floating else dtype, shape)


def describe_points_function(search, call, role, device, dtype=None, shape=None):
    """A function of points, [n, D] → …, as JSON: a chart, a metric, a quality. Points come in the precision of its
    parameters, where such are to be seen, else in `dtype`; None: as the search has them."""
    function = function_of(call, role, device, dtype, shape)
    return {"function": search.register(function), "name": function.name}
