"""Qualities: how good a point is, in [0, 1], as expressions that the core evaluates.

    lp.favor(classifier, 8) * (1 - lp.class_probability(classifier, 3)) ** 2 * lp.normal_prior()
"""

import numbers
import os

import torch

from ._calls import describe_model, describe_points_function, identity_of, in_python, is_file, name_of


class Quality:
    """How good a point is: Q(z) in [0, 1], with a derivative (paper A, Sec. 2).

    `q1 * q2` is the product, `1 - q` the complement, `q ** p` a power. For a quality of your own, pass a function
    (quality()), or derive from this class and write `evaluate(self, z)`: z [n, D] → [n].
    """

    def __mul__(self, other):
        return _Product([self, as_quality(other)])

    def __rmul__(self, other):
        return _Product([as_quality(other), self])

    def __rsub__(self, one):
        if one != 1:
            raise ValueError(f"1 - q is the complement of a quality; {one} - q is none")
        return _Complement(self)

    def __pow__(self, exponent):
        if not isinstance(exponent, numbers.Real) or not exponent > 0:
            raise ValueError(f"a quality's power must be above 0, not {exponent}")
        return _Power(self, float(exponent))

    def evaluate(self, z):
        raise NotImplementedError("a quality of your own has evaluate(self, z): z [n, D] → [n], in [0, 1]")

    def _factors(self):
        return [self]

    def _callables(self):
        return [self.evaluate]

    def _pairs(self):
        """How many pairs this asks different things of; None: the same of all."""
        return None

    def _of(self, pair):
        """What it asks of one pair."""
        return self

    def _key(self):
        """Equal where the same is asked."""
        return id(self)

    def _expression(self, scope):
        described = describe_points_function(scope.search, self.evaluate, "quality", scope.device, scope.dtype, scope.shape)
        return {"kind": "function", "of": "latent", **described, "name": type(self).__name__}


class _Product(Quality):
    def __init__(self, factors):
        self.factors = [inner for factor in factors for inner in factor._factors()]

    def _factors(self):
        return self.factors

    def _callables(self):
        return [call for factor in self.factors for call in factor._callables()]

    def _pairs(self):
        return _one_number(factor._pairs() for factor in self.factors)

    def _of(self, pair):
        own = [part for part in (factor._of(pair) for factor in self.factors) if part is not None]
        return product_of(own) if own else None

    def _key(self):
        return ("product", *(factor._key() for factor in self.factors))

    def _expression(self, scope):
        return {"kind": "product", "of": [factor._expression(scope) for factor in self.factors]}


def product_of(factors):
    return factors[0] if len(factors) == 1 else _Product(factors)


def _one_number(numbers):
    """How many pairs the parts of a quality are for; None: any."""
    given = {number for number in numbers if number is not None}
    if len(given) > 1:
        raise ValueError(f"the parts of `quality` are for {' and '.join(map(str, sorted(given)))} pairs: as many are needed in each")
    return given.pop() if given else None


class _PerPair(Quality):
    """A quality for each pair, or None for one of which nothing is asked."""

    def __init__(self, qualities):
        self.qualities = qualities

    def _callables(self):
        return [call for quality in self.qualities if quality is not None for call in quality._callables()]

    def _pairs(self):
        return len(self.qualities)

    def _of(self, pair):
        return self.qualities[pair]

    def _expression(self, scope):
        raise ValueError("a quality for each pair is for the pairs of find_path(); here one is needed for all")


class _OfOne(Quality):
    """A quality made of one other, and of numbers."""

    def __init__(self, inner, *numbers):
        self.inner, self.numbers = inner, numbers

    def _callables(self):
        return self.inner._callables()

    def _pairs(self):
        return self.inner._pairs()

    def _of(self, pair):
        own = self.inner._of(pair)
        return None if own is None else type(self)(own, *self.numbers)

    def _key(self):
        return (type(self).__name__, *self.numbers, self.inner._key())


class _Complement(_OfOne):
    def _of(self, pair):
        own = super()._of(pair)
        if own is None:
            raise ValueError(f"`quality` asks nothing of pair {pair}, and the complement of nothing is none")
        return own

    def _expression(self, scope):
        return {"kind": "complement", "of": self.inner._expression(scope)}


class _Power(_OfOne):
    def _expression(self, scope):
        return {"kind": "power", "of": self.inner._expression(scope), "exponent": self.numbers[0]}


class _ShiftedOdds(_OfOne):
    def _expression(self, scope):
        return {"kind": "odds", "of": self.inner._expression(scope), "odds": self.numbers[0]}


class _Constant(Quality):
    def __init__(self, value):
        self.value = float(value)

    def _callables(self):
        return []

    def _key(self):
        return ("constant", self.value)

    def _expression(self, scope):
        return {"kind": "constant", "value": self.value}


class _Function(Quality):
    def __init__(self, function, of):
        self.function, self.of = function, of

    def _callables(self):
        return [self.function]

    def _key(self):
        return ("function", id(self.function), self.of)

    def _expression(self, scope):
        shape = scope.shape if self.of == "latent" else None
        described = describe_points_function(scope.search, self.function, "quality", scope.device, scope.dtype, shape)
        return {"kind": "function", "of": self.of, **described}


class _Classified(Quality):
    def __init__(self, classifier, favored, avoided):
        self.classifier = classifier
        self.identity = os.fspath(classifier) if is_file(classifier) else identity_of(classifier)
        self.favored, self.avoided = favored, avoided

    def _callables(self):
        return [self.classifier]

    def _key(self):
        return ("classifier", self.identity, *self.favored, None, *self.avoided)

    def _expression(self, scope):
        return {"kind": "classifier", "classifier": scope.classifier(self), "favor": self.favored,
                "avoid": self.avoided}


class Prior(Quality):
    """What a decoder's latents are drawn from, as a factor of a quality or as the argument `prior`: paths keep within
    it (Q(z) is the share of the density in places that are no likelier; paper A, Sec. 5), and via points are drawn
    from it."""

    def __init__(self, name, samples=None):
        self.name, self.samples = name, samples

    def _callables(self):
        return []

    def _key(self):
        return ("prior", self.name, id(self.samples))

    def _expression(self, scope):
        if self.name == "normal":
            return {"kind": "normal_prior"}
        raise ValueError(f"a prior ({self.name}) is a factor of the whole quality: q * prior, or the argument prior")


class _KeptFeatures(Quality):
    """Features that stay near those of the nearer end."""

    def __init__(self, features, scale):
        self.features, self.scale = features, scale
        self.identity = os.fspath(features) if is_file(features) else id(features)

    def _callables(self):
        return [self.features]

    def _key(self):
        return ("keep", self.identity, self.scale)

    def _expression(self, scope):
        raise ValueError("keep_features() is a factor of the whole quality of find_path(): q * keep_features(network)")


class Scope:
    """What an expression's functions are registered with."""

    def __init__(self, search, device, dtype, shape):
        self.search, self.device, self.dtype, self.shape = search, device, dtype, shape
        self._classifiers = {}

    def features(self, call):
        """A model of features."""
        return describe_model(self.search, call, "features", self.device, self.dtype)[0]

    def classifier(self, quality):
        """The classifier of favor() or avoid(), registered once."""
        if quality.identity not in self._classifiers:
            described, _ = describe_model(self.search, quality.classifier, "classifier", self.device, self.dtype)
            self._classifiers[quality.identity] = described
        return self._classifiers[quality.identity]


def as_quality(value):
    """A quality, a function of latents, or a number between 0 and 1."""
    if isinstance(value, Quality):
        return value
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        if not 0 < value < 1:
            raise ValueError(f"a constant quality lies above 0 and below 1, and is not {value}")
        return _Constant(value)
    if isinstance(value, torch.nn.Module) or not callable(value):
        raise TypeError(
            f"a quality is made by favor(), quality() and others, or is a function z [n, D] → [n], not {name_of(value)}; "
            "favor(classifier, class) makes one of a classifier"
        )
    return _Function(value, "latent")


def quality(function, of="latent"):
    """A quality of your own: a differentiable function with values in [0, 1].

    function: z [n, D] → [n]; with of="decoded", of what the decoder gives, [n, …] → [n]
    """
    if of not in ("latent", "decoded"):
        raise ValueError(f"`of` is latent or decoded, not {of!r}")
    return _Function(function, of)


def _classes(classes):
    if not classes:
        raise ValueError("name a class, by number or by one of the classifier's class_names")
    return [str(name) for name in classes]


def _by_label(make, classes):
    """A list in the place of the classes is a label for each pair."""
    classes = in_python(classes)
    labels = classes[0] if len(classes) == 1 else None
    if isinstance(labels, (list, tuple, range)):
        if not labels:
            raise ValueError("name a class for each pair, by number or by one of the classifier's class_names")
        return _PerPair([make(label) for label in labels])
    if any(hasattr(name, "__len__") and not isinstance(name, str) for name in classes):
        raise ValueError("classes are given one by one, or as one list of a label for each pair")
    return make(*classes)


def as_qualities(value):
    """The argument `quality` of a job for pairs: one for all, a list of one for each pair, or None."""
    if isinstance(value, (list, tuple)):
        if not value:
            raise ValueError("`quality` is an empty list: a quality for each pair is needed")
        parts = [None if each is None else as_quality(each) for each in value]
        if any(part is not None and part._pairs() is not None for part in parts):
            raise ValueError("`quality` is a list of one quality for each pair: none of these may have labels of its own")
        return _PerPair(parts)
    return None if value is None else as_quality(value)


def favor(classifier, *classes):
    """Q = P(class | Φ(z)): paths pass through places of these classes, each by number or by name; favor(classifier,
    [8, 3, 8]) has a label for each pair of a batch.

    classifier: a module, function or model's file, [n, …] → [n, C], probabilities or logits (found out by looking; options
    classifier_output, input_range, input_mean, input_std and input_shape of find_path() say otherwise). Among classes
    that exclude each other, several are "any of them".
    """
    return _by_label(lambda *names: _Classified(classifier, _classes(names), []), classes)


def avoid(classifier, *classes):
    """Q = 1 − P(class | Φ(z)): paths keep away from these classes; [8, 3, 8] is a label for each pair."""
    return _by_label(lambda *names: _Classified(classifier, [], _classes(names)), classes)


def class_probability(classifier, index):
    """Q = P(class | Φ(z)), of one class, or of a list of one for each pair."""
    return favor(classifier, index)


class Nearest:
    """An end that is wherever a quality is high enough: see nearest()."""

    def __init__(self, quality, certainty):
        self.quality, self.certainty = quality, certainty

    def _callables(self):
        return self.quality._callables()

    def _request(self, scope):
        return {"nearest": self.quality._expression(scope), "certainty": self.certainty}


class LevelSet:
    """An end that is wherever a function is 0: see level_set()."""

    def __init__(self, function):
        self.function = function

    def _callables(self):
        return [self.function]

    def _request(self, scope):
        return {"level_set": describe_points_function(scope.search, self.function, "level set", scope.device, scope.dtype,
                                                      scope.shape)}


def nearest(quality, certainty=0.99):
    """In the place of `z1`: the path ends wherever the quality is at least `certainty`, and is the shortest that leads
    there (docs/algorithms/nearest_end.md).

        path = lp.find_path(decoder, z0, lp.nearest(lp.favor(classifier, 8)))
        path.nodes[-1]

    quality: one that does not depend on time, has no prior, and is the same for all pairs
    certainty: above 0 and below 1
    """
    quality = as_quality(quality)
    if quality._pairs() is not None:
        raise ValueError("nearest() takes one quality for all pairs: ask for each label by itself")
    if any(isinstance(factor, (Prior, _KeptFeatures)) for factor in quality._factors()):
        raise ValueError("nearest() says what the end is to have: a prior or kept features are of the path, in `quality`")
    if isinstance(certainty, bool) or not isinstance(certainty, numbers.Real) or not 0 < certainty < 1:
        raise ValueError(f"`certainty` of nearest() lies above 0 and below 1, and is not {certainty}")
    return Nearest(quality, float(certainty))


def level_set(function):
    """In the place of `z1`: the path ends wherever the function is 0, and is the shortest that leads there, from either
    side (docs/algorithms/nearest_end.md).

        path = lp.find_path(decoder, z0, lp.level_set(lambda z: z.norm(dim=1) - 2))

    function: z [n, D] → [n], differentiable, of different signs among samples of the prior
    """
    if isinstance(function, Quality) or not callable(function):
        raise TypeError(f"level_set() takes a function z [n, D] → [n], not {name_of(function)}; nearest() takes a quality")
    return LevelSet(function)


def shift_odds(quality, odds):
    """Q/(Q + s (1 − Q)): the probability Q with its odds divided by s. Odds of s to 1 count as half good, so that surer
    places are worth a detour. What favor() and avoid() ask for alone has the odds of the option `odds`; in an expression
    they are yours to say."""
    if not isinstance(odds, numbers.Real) or not odds > 0:
        raise ValueError(f"the odds of a quality must be above 0, not {odds}")
    return _ShiftedOdds(as_quality(quality), float(odds))


def keep_features(features, scale=None):
    """What should not change on the way, such as who somebody is: Q = 1/(1 + (d/scale)²), d the distance between a place's
    features and those of the nearer end, as a factor of the whole quality, or alone.

        path = lp.find_path(decoder, z0, z1, quality=lp.favor(classifier, "glasses") * lp.keep_features(network))
        path.figures[0]["path"]["mean_feature_distance"]

    features: a module, function or model's file, images [n, …] → [n, F]; of a file with a method `features` that is called
    scale: the distance that counts as half good; None: what two samples of the prior are apart
    """
    if scale is not None and (not isinstance(scale, numbers.Real) or not 0 < scale < float("inf")):
        raise ValueError(f"`scale` must be a number above 0, not {scale}")
    if not is_file(features) and not callable(features):
        raise TypeError(f"features are a torch module, a function or a model's file, not {type(features).__name__}")
    return _KeptFeatures(features, None if scale is None else float(scale))


def normal_prior():
    """N(0, I): Q(z) = P(‖w‖ ≥ ‖z‖), w ~ N(0, I) (paper A, Sec. 5)."""
    return Prior("normal")


def prior(name):
    """A prior by its name in the option `prior`: normal, normal-asymptotic, semicircle, uniform, uniform:LOW,HIGH,
    mixture:FILE, samples:FILE.npy."""
    return Prior(name)


def prior_samples(samples):
    """A density fitted to latents [n, D], such as the codes that an encoder gives for a data set."""
    samples = torch.as_tensor(samples).detach().cpu()
    if samples.dim() < 2 or not samples.is_floating_point():
        raise ValueError(f"prior_samples takes latents [n, D] of a floating type, not {list(samples.shape)} of {samples.dtype}")
    return Prior("samples", samples.flatten(1))


def as_prior(value):
    if value is None or isinstance(value, Prior):
        return value
    return Prior(value) if isinstance(value, str) else prior_samples(value)
