"""Controls: what explains nothing, and how a measure that prefers it is found out."""

import numpy as np
import pytest

from heatproof.trust.controls import CONTROLS, above_most, controls

NAN = float("nan")


def images(count: int = 4, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).random((count, 9, 8, channels)).astype(np.float32)


def test_every_control_is_a_map_for_each_image() -> None:
    batch = images()
    before = batch.copy()
    made = controls(batch, seed=0)
    assert made.keys() == CONTROLS.keys()
    for maps in made.values():
        assert maps.shape == (4, 9, 8)
        assert maps.dtype == np.float32
        assert (maps >= 0).all()
    np.testing.assert_array_equal(batch, before)


def test_a_map_depends_on_its_image_and_not_on_its_neighbours() -> None:
    batch = images()
    together = controls(batch, seed=5)
    order = [2, 0, 3]
    for name, maps in controls(batch[order], seed=5).items():
        np.testing.assert_array_equal(maps, together[name][order])


def test_noise_is_uniform_and_another_for_each_image_and_seed() -> None:
    batch = np.random.default_rng(0).random((50, 28, 28, 1)).astype(np.float32)
    noise = controls(batch, seed=0)["random"]
    assert noise.mean() == pytest.approx(0.5, abs=0.01)
    assert noise.std() == pytest.approx(1 / np.sqrt(12), abs=0.01)
    assert len(np.unique(noise[:, 0, 0])) == 50
    other = controls(batch, seed=1)["random"]
    assert abs(np.corrcoef(noise.ravel(), other.ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(noise.ravel(), batch.ravel())[0, 1]) < 0.02


def test_edges_by_hand() -> None:
    step = np.zeros((1, 5, 6, 3), dtype=np.float32)
    step[:, :, 3:] = 0.5
    edges = controls(step, seed=0)["edges"][0]
    # Sobel's columns weigh 1 2 1: a step of 0.5 gives 2 on either side of it, in every row.
    np.testing.assert_allclose(edges, np.tile([0, 0, 2, 2, 0, 0], (5, 1)))
    corner = np.zeros((1, 5, 5, 1), dtype=np.float32)
    corner[0, 2:, 2:] = 1
    # At the corner's pixel both directions see 1 · 1 + 2 · 1 of four.
    assert controls(corner, seed=0)["edges"][0, 2, 2] == pytest.approx(np.hypot(3, 3))


def test_edges_are_of_the_grey_image() -> None:
    coloured = np.zeros((1, 6, 6, 3), dtype=np.float32)
    coloured[:, :3, :, 0] = coloured[:, 3:, :, 2] = 0.6  # red above blue: equal grey
    np.testing.assert_allclose(controls(coloured, seed=0)["edges"], 0, atol=1e-6)


def test_the_centre_is_a_gaussian_of_a_quarter_of_the_side() -> None:
    centre = controls(np.zeros((1, 28, 28, 1), dtype=np.float32), seed=0)["centre"][0]
    np.testing.assert_array_equal(centre, centre[::-1])
    np.testing.assert_array_equal(centre, centre.T)
    # From the middle (13.5) to the outermost pixel it is 13.5 of a width of 7.
    assert centre[0, 13] / centre[13, 13] == pytest.approx(
        np.exp(-(13.5**2 - 0.5**2) / (2 * 49)), rel=1e-5
    )
    wide = controls(np.zeros((1, 8, 16, 1), dtype=np.float32), seed=0)["centre"][0]
    np.testing.assert_allclose(wide[:, 0], wide[:, 15])
    assert wide.argmax() in {3 * 16 + 7, 3 * 16 + 8, 4 * 16 + 7, 4 * 16 + 8}


def test_the_constant_is_one() -> None:
    assert (controls(images(), seed=0)["constant"] == 1).all()


def test_no_images() -> None:
    assert {maps.shape for maps in controls(images(0), seed=0).values()} == {(0, 9, 8)}


METHODS = {"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.4}


@pytest.mark.parametrize(
    ("merit", "named"),
    [
        (0.25, []),  # above two of four: half is not most
        (0.3, []),  # equal is not above
        (0.35, ["edges"]),
        (NAN, []),
    ],
)
def test_a_control_above_most_methods_is_named(merit: float, named: list[str]) -> None:
    assert above_most(METHODS | {"edges": merit}) == named


def test_methods_without_a_value_are_not_counted() -> None:
    controls_ = {"random": 0.15, "centre": 0.3, "constant": 0.9}
    merits = {"a": 0.1, "b": NAN, "c": 0.5, "d": 0.2} | controls_
    assert above_most(merits) == ["centre", "constant"]
    assert above_most({"a": NAN} | controls_) == []
    assert above_most(controls_) == []
