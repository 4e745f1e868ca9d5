"""The entropy of a map's histogram, and its rise when the network forgets."""

import numpy as np
import pytest
from scipy.stats import entropy

from heatproof.trust.measures.randomised_entropy import entropy_rise, histogram_entropy


def noise(seed: int, count: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 12, 10)).astype(np.float32)


def in_parts(*values: float) -> np.ndarray:
    """Return one map, 4 x 4, whose quarters have these values in turn."""
    return np.repeat(np.resize(values, 4), 4).reshape(1, 4, 4)


def test_by_hand() -> None:
    assert histogram_entropy(in_parts(3.0))[0] == 0  # one bin
    assert histogram_entropy(in_parts(0.0, 1.0))[0] == pytest.approx(np.log(2))
    assert histogram_entropy(in_parts(-2.0, 0.0, 1.0, 7.0))[0] == pytest.approx(np.log(4))
    assert histogram_entropy(in_parts(0.0, 0.2, 0.4, 1.0), bins=2)[0] == pytest.approx(
        -0.75 * np.log(0.75) - 0.25 * np.log(0.25)
    )
    ramp = np.arange(100.0).reshape(1, 10, 10)  # a pixel for each bin
    assert histogram_entropy(ramp, bins=100)[0] == pytest.approx(np.log(100))


def test_it_is_that_of_numpys_histogram() -> None:
    maps = noise(0)
    expected = [entropy(np.histogram(each.astype(float), bins=100)[0]) for each in maps]
    np.testing.assert_allclose(histogram_entropy(maps), expected, rtol=1e-12)


def test_neither_scale_nor_offset_nor_the_others_count() -> None:
    maps = noise(0)
    together = histogram_entropy(maps)
    # Powers of two keep every bit, so that no value crosses the edge of its bin.
    np.testing.assert_array_equal(histogram_entropy(maps * 2.0**-40), together)
    np.testing.assert_array_equal([histogram_entropy(m[None])[0] for m in maps], together)


def test_the_rise() -> None:
    clear, noisy = in_parts(0.0, 1.0), in_parts(0.0, 1.0, 2.0, 3.0)
    assert entropy_rise(clear, noisy) == pytest.approx(1.0)  # log 4 is twice log 2
    assert entropy_rise(noisy, clear) == pytest.approx(-0.5)
    assert entropy_rise(clear, 1 - clear) == 0


def test_a_patch_rises_and_noise_does_not() -> None:
    patch = np.zeros((5, 12, 10))
    patch[:, 2:5, 2:5] = 1
    assert (entropy_rise(patch, noise(1)) > 5).all()
    assert (np.abs(entropy_rise(noise(0), noise(1))) < 0.15).all()


def test_a_constant_map_has_no_rise_and_nothing_is_changed() -> None:
    maps, random = noise(0), noise(1)
    maps[1] = 0.5
    before = maps.copy(), random.copy()
    rise = entropy_rise(maps, random)
    assert np.isnan(rise).tolist() == [False, True, False, False, False]
    np.testing.assert_array_equal((maps, random), before)


def test_no_maps() -> None:
    assert histogram_entropy(np.zeros((0, 4, 4))).shape == (0,)
