"""keep_features() and embedding_features: what should not change on the way, and lengths between features."""

import pytest
import torch

import latentpath as lp
from conftest import QUICK


class Half(torch.nn.Module):
    """The upper half of the picture, as features."""

    input_range = (-1, 1)

    def forward(self, x):
        return x[:, :, :4].flatten(1)


def distance(decoder, path):
    with torch.no_grad():
        f = Half()(decoder(path.nodes))
    return torch.minimum((f - f[0]).norm(dim=1), (f - f[-1]).norm(dim=1)).max()


def test_features_are_kept_by_a_factor(models, ends):
    decoder, classifier = models
    free = lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1), segments=16)
    kept = lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1) * lp.keep_features(Half(), 0.5), segments=16)
    assert distance(decoder, kept) < distance(decoder, free)
    assert kept.summary["kept"]["scale"] == 0.5
    # The figures say the same as the nodes, among which the worst frame may not be.
    figures = kept.figures[0]["path"]
    assert figures["largest_feature_distance"] * kept.summary["kept"]["typical_distance"] >= 0.9 * distance(decoder, kept)
    # What is favoured has its odds and its name as without.
    assert kept.figures[0]["path"]["mean_class_probability"] <= 1 and kept.summary["feature"] == free.summary["feature"]


def test_features_alone_and_in_labels(models, ends):
    decoder, classifier = models
    alone = lp.find_path(decoder, *ends, quality=lp.keep_features(lambda x: x.flatten(1)[:, :8]), **QUICK)
    assert "mean_feature_distance" in alone.figures[0]["path"] and "feature" not in alone.summary
    z0 = torch.stack([ends[0], ends[1]])
    two = lp.find_path(decoder, z0, z0.flip(0), quality=lp.favor(classifier, [0, 1]) * lp.keep_features(Half()), **QUICK)
    assert all("mean_feature_distance" in pair["path"] for pair in two.figures)


def test_lengths_between_features(models, ends):
    decoder, _ = models
    path = lp.find_path(decoder, *ends, embedding_features=Half(), segments=16)
    with torch.no_grad():
        fine = torch.tensor([[(1 - t) * a + t * b for a, b in zip(*ends)] for t in torch.linspace(0, 1, 400)])
        straight = (Half()(decoder(fine))[1:] - Half()(decoder(fine))[:-1]).norm(dim=1).sum()
    assert path.figures[0]["linear"]["embedding_length"] == pytest.approx(float(straight), rel=1e-2)
    assert path.figures[0]["path"]["embedding_length"] <= float(straight) * 1.001


def test_what_cannot_be_kept_is_refused(models, ends):
    decoder, classifier = models
    with pytest.raises(ValueError, match="above 0"):
        lp.keep_features(Half(), -1)
    with pytest.raises(TypeError, match="module"):
        lp.keep_features(3)
    with pytest.raises(ValueError, match="one network"):
        lp.find_path(decoder, *ends, quality=lp.keep_features(Half()) * lp.keep_features(Half()), **QUICK)
    with pytest.raises(ValueError, match="factor of the whole"):
        lp.find_path(decoder, *ends, quality=1 - lp.keep_features(Half()), **QUICK)
    with pytest.raises(lp.ModelError, match="same features"):
        lp.find_path(decoder, *ends, quality=lp.keep_features(lambda x: 0 * x.flatten(1)), **QUICK)
