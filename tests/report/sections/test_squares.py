"""The images behind a confusion matrix."""

import io

import numpy as np
import pytest
from PIL import Image

from heatproof.report.sections import squares as module
from heatproof.report.sections.squares import squares
from heatproof.storage.records import Predictions

NAMES = ("cat", "dog", "owl")


def predictions(labels: list[int], predicted: list[int], confidence: list[float]) -> Predictions:
    """Return predictions of these classes, the more confident the larger `confidence`."""
    logits = np.zeros((len(labels), len(NAMES)), np.float32)
    logits[np.arange(len(labels)), predicted] = confidence
    return Predictions(np.array(labels, np.int64), logits, NAMES)


def pictures(count: int, side: int = 4, channels: int = 3) -> np.ndarray:
    values = np.arange(count, dtype=np.uint8)[:, None, None, None]
    return np.broadcast_to(values, (count, side, side, channels)).copy()


def test_mistakes_are_the_most_confident_and_right_answers_the_least() -> None:
    made = squares(
        pictures(6), predictions([0, 0, 0, 1, 1, 1], [1, 1, 1, 1, 1, 1], [1, 3, 2, 3, 1, 2])
    )
    assert set(made.shown) == {(0, 1), (1, 1)}
    assert [t[0] for t in made.shown[0, 1].thumbnails] == [1, 2, 0]
    assert [t[0] for t in made.shown[1, 1].thumbnails] == [4, 5, 3]
    assert (made.shown[0, 1].true, made.shown[0, 1].predicted) == ("cat", "dog")


def test_each_thumbnail_is_its_test_image() -> None:
    made = squares(pictures(5), predictions([0, 1, 2, 0, 1], [0, 1, 2, 2, 0], [1, 1, 1, 1, 1]))
    sheet = np.asarray(Image.open(io.BytesIO(made.sprite.png())))
    for shown in made.shown.values():
        for index, _, picture in shown.thumbnails:
            tile = picture.tile
            found = sheet[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width]
            assert (found == index).all()


def test_no_more_than_a_few_of_each_and_the_count_is_of_all() -> None:
    made = squares(pictures(40), predictions([0] * 40, [1] * 40, [1.0] * 40))
    (shown,) = made.shown.values()
    assert (len(shown.thumbnails), shown.count, made.left_out) == (module.MAX_PER_SQUARE, 40, 0)


def test_a_full_page_keeps_the_most_frequent_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_IMAGES", 3)
    labels, predicted = [0, 0, 1, 1, 1, 2, 2], [0, 0, 2, 2, 2, 0, 0]
    made = squares(pictures(7), predictions(labels, predicted, [1.0] * 7))
    assert {pair: len(s.thumbnails) for pair, s in made.shown.items()} == {
        (1, 2): 1, (2, 0): 1, (0, 0): 1
    }  # fmt: skip
    monkeypatch.setattr(module, "MAX_IMAGES", 6)
    made = squares(pictures(7), predictions(labels, predicted, [1.0] * 7))
    assert {pair: len(s.thumbnails) for pair, s in made.shown.items()} == {
        (1, 2): 3, (2, 0): 2, (0, 0): 1
    }  # fmt: skip
    monkeypatch.setattr(module, "MAX_IMAGES", 1)
    made = squares(pictures(7), predictions(labels, predicted, [1.0] * 7))
    assert (set(made.shown), made.left_out) == ({(1, 2)}, 2)


def test_large_images_are_reduced_and_all_stay_within_the_budget() -> None:
    made = squares(pictures(30, side=200), predictions([0] * 30, [1] * 30, [1.0] * 30))
    tile = made.shown[0, 1].thumbnails[0][2].tile
    assert (tile.width, tile.height) == (module.SIDE, module.SIDE)
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (2000, 32, 32, 3), dtype=np.uint8)
    labels, predicted = rng.integers(0, 3, (2, 2000)).tolist()
    full = squares(noise, predictions(labels, predicted, [1.0] * 2000))
    assert len(full.sprite.png()) < 1.4 * module.MAX_BYTES


def test_no_images_make_no_squares() -> None:
    assert squares(pictures(0), predictions([], [], [])) is None
