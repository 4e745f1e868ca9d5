"""LIME's local model, against its makers' and by hand."""

import numpy as np
import pytest
from lime.lime_base import LimeBase
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise_distances

from heatproof.attribution.perturbation.lime import LimeOptions
from heatproof.attribution.perturbation.surrogate import Regression, draw, proximity


def test_draws_are_those_of_the_lime_package() -> None:
    expected = np.random.RandomState(7).randint(0, 2, 50 * 9).reshape(50, 9)
    drawn = draw(50, 9, 7)
    assert (drawn[0] == 1).all() and (expected[0] == 0).any()
    np.testing.assert_array_equal(drawn[1:], expected[1:])


def test_proximity_is_the_kernel_of_the_cosine_distance() -> None:
    samples = np.concatenate([draw(200, 5, 0), np.zeros((1, 5))])  # nothing on is as far as it goes
    distances = pairwise_distances(samples, samples[:1], metric="cosine").ravel()
    expected = np.sqrt(np.exp(-(distances**2) / 0.25**2))
    weights = proximity(samples, 0.25)
    np.testing.assert_allclose(weights, expected, rtol=1e-7)
    assert weights[0] == 1 and weights[-1] == pytest.approx(np.exp(-8))


@pytest.mark.parametrize("ridge", [1.0, 1e-3, 50.0])
@pytest.mark.parametrize("samples", [300, 12])  # also fewer samples than segments
def test_fit_is_sklearns_ridge(ridge: float, samples: int) -> None:
    on = draw(samples, 20, 0).astype(np.float64)  # of float32, sklearn would make a float32 fit
    random = np.random.default_rng(0)
    values = on @ random.normal(size=(20, 3)) + random.normal(size=(samples, 3)) + 5
    weights = proximity(on, 0.25)
    coefficients, r2 = Regression(on, weights, ridge).fit(values)
    for target in range(3):
        model = Ridge(alpha=ridge).fit(on, values[:, target], sample_weight=weights)
        np.testing.assert_allclose(coefficients[:, target], model.coef_, rtol=1e-6, atol=1e-9)
        score = model.score(on, values[:, target], sample_weight=weights)
        assert r2[target] == pytest.approx(score, rel=1e-8) and score > 0


def test_fit_is_the_lime_packages() -> None:
    on = draw(200, 8, 3).astype(np.float64)
    values = np.random.default_rng(0).normal(size=(200, 4)) + on[:, :4]
    distances = pairwise_distances(on, on[:1], metric="cosine").ravel()
    base = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / 0.25**2)), random_state=0)
    coefficients, r2 = Regression(on, proximity(on, 0.25), ridge=1.0).fit(values)
    for target in range(4):
        _, weights, score, _ = base.explain_instance_with_data(on, values, distances, target, 100)
        expected = [weight for _, weight in sorted(weights)]
        np.testing.assert_allclose(coefficients[:, target], expected, rtol=1e-6)
        assert r2[target] == pytest.approx(score, rel=1e-8)


def test_what_is_linear_is_recovered() -> None:
    on, expected = draw(100, 6, 0), np.arange(12.0).reshape(6, 2) - 5
    coefficients, r2 = Regression(on, proximity(on, 0.25), ridge=1e-9).fit(on @ expected + 100)
    np.testing.assert_allclose(coefficients, expected, atol=1e-7)
    np.testing.assert_allclose(r2, 1, atol=1e-12)


def test_values_that_do_not_vary_have_no_share_explained() -> None:
    on = draw(100, 6, 0)
    values = np.stack([np.full(100, 0.1, np.float32), on[:, 0]], axis=1)
    coefficients, r2 = Regression(on, proximity(on, 0.25), ridge=1.0).fit(values)
    assert not coefficients[:, 0].any() and coefficients[0, 1] > 0.9
    assert np.isnan(r2[0]) and r2[1] > 0.99


def test_a_regression_serves_any_values_and_keeps_none() -> None:
    on = draw(100, 6, 0)
    regression = Regression(on, proximity(on, 0.25), ridge=1.0)
    first = np.random.default_rng(0).normal(size=(100, 2))
    alone = regression.fit(first)
    regression.fit(first + on[:, :2])
    for again, before in zip(regression.fit(first), alone, strict=True):
        np.testing.assert_array_equal(again, before)


@pytest.mark.parametrize(("samples", "segments"), [(10, 2), (10, 1000), (300, 2), (300, 1000)])
def test_the_smallest_width_and_ridge_that_params_yaml_may_have_compute(
    samples: int, segments: int
) -> None:
    width, ridge = (
        next(bound.ge for bound in LimeOptions.model_fields[name].metadata if hasattr(bound, "ge"))
        for name in ("kernel_width", "ridge")
    )
    on = draw(samples, segments, seed=0)
    coefficients, r2 = Regression(on, proximity(on, width), ridge).fit(on[:, :2] + 1.0)
    assert np.isfinite(coefficients).all() and coefficients.any() and np.isfinite(r2).all()
