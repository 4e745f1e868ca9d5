"""Which places of the image a transformer's tokens are."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution.core.feature_maps import feature_layer
from heatproof.attribution.core.folding import folded
from heatproof.attribution.core.geometry import Axis, feature_axes
from heatproof.attribution.core.token_grids import TokenGrid, token_grids, token_maps

WIDTH = 4


def network(end: str, before: int = 0, after: int = 0) -> keras.Model:
    """Return a transformer of 12×8 pixels, of 3×2 patches and other tokens, by how it ends."""
    image = keras.Input((12, 8, 3), name="image")
    x: Any = layers.Conv2D(WIDTH, 4, strides=4, name="patches")(image)
    x = layers.Reshape((6, WIDTH), name="tokens")(x)
    if before or after:
        x = layers.ZeroPadding1D((before, after), name="more")(x)
    for number in (1, 2):
        y = layers.LayerNormalization(name=f"norm{number}")(x)
        y = layers.MultiHeadAttention(2, 2, name=f"attention{number}")(y, y)
        x = layers.Add(name=f"add{number}")([x, y])
        y = layers.Dense(2 * WIDTH, "relu", name=f"wide{number}")(x)
        x = layers.Add(name=f"sum{number}")([x, layers.Dense(WIDTH, name=f"narrow{number}")(y)])
    if end == "first":
        x = layers.Flatten(name="pooled")(layers.Cropping1D((0, 6 + after), name="first")(x))
    elif end == "places":
        x = layers.Cropping1D((before, after), name="cut")(x)
        x = layers.GlobalAveragePooling1D(name="pooled")(x)
    else:
        x = layers.GlobalAveragePooling1D(name="pooled")(x)
    return keras.Model(image, layers.Dense(5, name="logits")(x), name="transformer")


@pytest.mark.parametrize("prepared", [lambda model: model, folded])
@pytest.mark.parametrize(
    ("end", "before", "after", "last"),
    [
        ("mean", 0, 0, "sum2"),  # every token counts until they are averaged
        ("first", 1, 0, "norm2"),  # the class token counts alone after the last attention
        ("places", 1, 2, "cut"),
    ],
)
def test_the_last_tokens_that_count(prepared, end, before, after, last) -> None:
    model = prepared(network(end, before, after))
    assert feature_layer(model) == last
    # Patches of 4×4 pixels, the middle of the first between its second and third pixel.
    assert feature_axes(model, last) == (Axis(1.5, 4.0, 3), Axis(1.5, 4.0, 2))
    maps = token_maps(model)
    assert maps["norm1"] == TokenGrid(3, 2, before, after)
    assert "wide1" not in maps and "attention1_query" not in maps


def test_places_are_the_tokens_row_by_row() -> None:
    grid = TokenGrid(3, 2, before=1, after=1)
    assert grid.tokens == 8
    tokens = np.arange(2 * 8 * 1).reshape(2, 8, 1)
    expected = [[[[1], [2]], [[3], [4]], [[5], [6]]], [[[9], [10]], [[11], [12]], [[13], [14]]]]
    np.testing.assert_array_equal(grid.places(tokens), expected)
    np.testing.assert_array_equal(grid.places(keras.ops.convert_to_tensor(tokens)), expected)


def test_grids_within_attention() -> None:
    model = folded(network("first", 1, 0))
    grids, grid = token_grids(model), TokenGrid(3, 2, 1, 0)
    parts = ("query", "key", "value", "scores", "weights", "values")
    assert all(grids[id(model.get_layer(f"attention2_{part}").output)] == grid for part in parts)


def test_class_tokens_may_be_joined() -> None:
    image = keras.Input((4, 6, 3))
    x = layers.Reshape((24, 3), name="tokens")(image)
    first = layers.Reshape((1, 3), name="first")(layers.GlobalAveragePooling2D()(image))
    x = layers.Concatenate(axis=1, name="joined")([first, x, first])
    model = keras.Model(image, layers.Dense(2)(layers.Flatten()(layers.Dense(3, name="of")(x))))
    grids = token_grids(model)
    assert grids[id(model.get_layer("of").output)] == TokenGrid(4, 6, 1, 1)
    assert id(model.get_layer("first").output) not in grids


def test_what_is_no_grid() -> None:
    image = keras.Input((4, 6, 3))
    rows = layers.Reshape((4, 18), name="rows")(image)  # a row of the image is no place
    x = layers.MultiHeadAttention(1, 2, name="attention")(rows, rows)
    model = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))
    assert token_grids(model) == {} and token_maps(model) == {}
