"""Batching: every image once, in order, in batches of one size; and time by a made clock."""

import numpy as np
import pytest

from heatproof.evaluation import inference
from heatproof.models import memory

SEEN = []


def mean_and_shape(batch: np.ndarray) -> np.ndarray:
    """Stand for a network: the first pixel and a half of it."""
    SEEN.append(batch)
    return np.stack([batch[:, 0, 0, 0], batch[:, 0, 0, 0] / 2], axis=1)


@pytest.mark.parametrize("n", [1, 3, 4, 9])
def test_every_image_once_in_order_scaled_to_1(n: int) -> None:
    SEEN.clear()
    images = np.full((n, 2, 2, 1), 255, np.uint8)
    images[:, 0, 0, 0] = np.arange(n) * 25
    logits = inference.logits(inference.Forward(mean_and_shape, 4), images)
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits[:, 0], np.arange(n) * 25 / 255, rtol=1e-6)
    np.testing.assert_allclose(logits[:, 1], np.arange(n) * 25 / 510, rtol=1e-6)
    assert {batch.shape for batch in SEEN} == {(4, 2, 2, 1)}
    assert {batch.dtype for batch in SEEN} == {np.dtype(np.float32)}
    assert all(batch.max() == 1 and batch.min() >= 0 for batch in SEEN)


def test_the_time_is_the_median_round_after_a_warm_up() -> None:
    now = iter([0.0, 1.0, 10.0, 12.0, 20.0, 25.0])  # rounds of 1, 2 and 5 s
    calls = []

    def forward(batch: np.ndarray) -> np.ndarray:
        calls.append(len(batch))
        return batch

    images = np.zeros((5, 1, 1, 1), np.uint8)
    milliseconds = inference.milliseconds_per_image(
        inference.Forward(forward, 10), images, rounds=3, clock=lambda: next(now)
    )
    assert milliseconds == 200.0
    assert calls == [10, 10, 10, 10]


def test_the_compiled_forward_gives_the_network_s_own_logits_without_xla() -> None:
    import keras

    from heatproof.run.runtime import compiles

    inputs = keras.Input((4, 4, 1))
    outputs = keras.layers.Dense(3)(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, outputs)
    images = np.random.default_rng(0).integers(0, 256, (6, 4, 4, 1), dtype=np.uint8)
    found = inference.logits(inference.compiled_forward(model), images)
    kernel, bias = model.get_weights()
    expected = (images.reshape(6, 16) / 255).astype(np.float32) @ kernel + bias
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert model.jit_compile == compiles()


def test_batches_fit_into_memory_and_are_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, keras.layers.Flatten()(inputs))  # 128 bytes an image
    for images, size in ((1, 1), (256, 256), (257, 129), (1000, 250)):
        assert inference.compiled_forward(model, images).batch_size == size
    for room, size in ((128 * 100, 92), (128 * 366, 183), (128, 1), (1, 1)):
        monkeypatch.setattr(memory, "PREDICTION_BYTES", room)
        assert inference.compiled_forward(model, 366).batch_size == size
