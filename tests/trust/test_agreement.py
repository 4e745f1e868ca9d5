"""Agreement of methods: rank correlation and overlap, of pixels and of the grid's cells."""

import numpy as np
import pytest

from heatproof.statistics.correlation import magnitude_correlation as spearman
from heatproof.trust.agreement import agreement, mean_matrix, pooled
from heatproof.trust.summary import agreements


def some_maps(*names: str, count: int = 3, side: int = 28) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {name: random.normal(size=(count, side, side)).astype(np.float32) for name in names}


def test_every_pair_and_image_is_spearmans() -> None:
    maps = some_maps("a", "b", "c")
    maps["c"] = np.maximum(maps["c"], 0)  # half of it ties, as in Grad-CAM
    result = agreement(maps)["full"]
    assert result["spearman"].shape == result["overlap"].shape == (3, 3, 3)
    for i, first in enumerate(maps.values()):
        for j, second in enumerate(maps.values()):
            np.testing.assert_allclose(
                result["spearman"][:, i, j], spearman(first, second), rtol=1e-9, atol=1e-12
            )


def test_the_grids_pair_is_spearmans_of_pooled_magnitudes() -> None:
    maps = some_maps("a", "b")
    result = agreement(maps)["grid"]
    blocks = [np.abs(m).reshape(3, 7, 4, 7, 4).mean(axis=(2, 4)) for m in maps.values()]
    np.testing.assert_allclose(result["spearman"][:, 0, 1], spearman(*blocks), rtol=1e-6)


def test_the_top_tenth_by_hand() -> None:
    # 100 pixels, of which ten are the top: a's are 0 to 9, b's are 6 to 15.
    first = np.zeros(100)
    first[:10] = -np.arange(1, 11)  # magnitudes count
    second = np.zeros(100)
    second[6:16] = np.arange(11, 1, -1)
    maps = {"a": first.reshape(1, 10, 10), "b": second.reshape(1, 10, 10)}
    result = agreement(maps)["full"]["overlap"]
    np.testing.assert_allclose(result, [[[1, 0.4], [0.4, 1]]])


def test_ties_count_as_drawn_for_each_method_apart() -> None:
    # One pixel each, another one: the other nine top places are among 99 zeros.
    maps = {name: np.zeros((1, 10, 10)) for name in ("a", "b")}
    maps["a"][0, 0, 0] = maps["b"][0, 9, 9] = 1
    overlap = agreement(maps)["full"]["overlap"][0, 0, 1]
    # The two pixels 9/99 each; 98 common zeros (9/99)² each; of ten.
    assert overlap == pytest.approx((2 * 9 / 99 + 98 * (9 / 99) ** 2) / 10)


def test_equal_maps_agree_and_their_negatives_and_rescaled() -> None:
    maps = some_maps("a")
    positive = {"a": maps["a"], "negative": -maps["a"], "scaled": 8 * maps["a"]}
    for result in agreement(positive).values():
        np.testing.assert_allclose(result["spearman"], 1)
        np.testing.assert_allclose(result["overlap"], 1)
    cubed = agreement({"a": maps["a"], "cubed": maps["a"] ** 3})["full"]
    np.testing.assert_allclose(cubed["spearman"], 1)
    np.testing.assert_allclose(cubed["overlap"], 1)


def test_noise_agrees_by_chance_only() -> None:
    for result in agreement(some_maps("a", "b", count=200)).values():
        for values, chance in ((result["spearman"], 0), (result["overlap"], 0.1)):
            between = values[:, 0, 1]
            error = between.std() / np.sqrt(200)
            assert between.mean() == pytest.approx(chance, abs=max(4 * error, 0.005))


def test_blocks_and_speckle_of_the_same_place_agree_on_the_grid_only() -> None:
    coarse = np.random.default_rng(1).random((5, 7, 7))
    blocks = coarse.repeat(4, axis=1).repeat(4, axis=2)
    speckle = np.zeros_like(blocks)
    speckle[:, ::2, ::2] = blocks[:, ::2, ::2]
    result = agreement({"blocks": blocks, "speckle": speckle})
    np.testing.assert_allclose(result["grid"]["spearman"][:, 0, 1], 1)
    np.testing.assert_allclose(result["grid"]["overlap"][:, 0, 1], 1)
    assert (result["full"]["spearman"][:, 0, 1] < 0.7).all()
    assert (result["full"]["overlap"][:, 0, 1] < 0.5).all()


def test_a_constant_map_has_no_order_and_overlaps_by_chance() -> None:
    maps = some_maps("a", "b")
    maps["b"][1] = 0.3
    for result in agreement(maps).values():
        assert np.isnan(result["spearman"][:, 0, 1]).tolist() == [False, True, False]
        assert np.isnan(result["spearman"][:, 1, 1]).tolist() == [False, True, False]
    assert agreement(maps)["full"]["overlap"][1, 0, 1] == pytest.approx(0.1, abs=0.001)


def test_an_image_is_measured_alone_and_left_as_it_is() -> None:
    maps = some_maps("a", "b")
    maps["a"][1] *= 1000
    before = {name: each.copy() for name, each in maps.items()}
    together = agreement(maps)
    for i in range(3):
        alone = agreement({name: each[i : i + 1] for name, each in maps.items()})
        for resolution, result in alone.items():
            for name, values in result.items():
                np.testing.assert_array_equal(values[0], together[resolution][name][i])
    for name, each in maps.items():
        np.testing.assert_array_equal(each, before[name])


@pytest.mark.parametrize(
    ("size", "grid"), [((28, 28), (7, 7)), ((32, 32), (8, 8)), ((16, 14), (8, 7)), ((8, 9), (8, 8))]
)
def test_the_grid_fits_the_image(size: tuple[int, int], grid: tuple[int, int]) -> None:
    flat = np.full((2, *size), 0.3, dtype=np.float32).astype(np.float64)
    assert pooled(flat).shape == (2, *grid)
    assert (pooled(flat) == flat[0, 0, 0]).all()  # exactly, or a constant map would get an order


def test_pooling_by_hand() -> None:
    # Nine rows in eight cells: the edges 0, 1.125, … round to 0 1 2 3 4 6 7 8 9.
    rows = np.arange(9.0).reshape(1, 9, 1) * np.ones((1, 1, 8))
    assert pooled(rows)[0, :, 0].tolist() == [0, 1, 2, 3, 4.5, 6, 7, 8]
    image = np.arange(14 * 14, dtype=float).reshape(1, 14, 14)
    assert pooled(image)[0, 0, :2].tolist() == [(0 + 1 + 14 + 15) / 4, (2 + 3 + 16 + 17) / 4]


def test_the_mean_leaves_out_images_without_a_value() -> None:
    values = np.array([[[1.0, np.nan]], [[0.5, np.nan]], [[np.nan, np.nan]]])
    means = mean_matrix(values)
    assert means[0, 0] == 0.75
    assert np.isnan(means[0, 1])


def test_maps_of_other_images_are_refused() -> None:
    maps = some_maps("a", "b")
    maps["b"] = maps["b"][:2]
    with pytest.raises(ValueError, match=r"'b': \(2, 28, 28\)"):
        agreement(maps)


def test_no_images_and_no_methods() -> None:
    assert agreement(some_maps("a", "b", count=0))["grid"]["overlap"].shape == (0, 2, 2)
    assert agreement({})["full"]["spearman"].shape == (0, 0, 0)


def test_the_mean_over_images_is_written_by_resolution_with_the_methods_names() -> None:
    maps = some_maps("a", "b")
    found = agreements(maps)
    assert found["methods"] == ["a", "b"]
    for resolution, of_images in agreement(maps).items():
        np.testing.assert_allclose(
            found[resolution]["spearman"][0][1], of_images["spearman"][:, 0, 1].mean()
        )
