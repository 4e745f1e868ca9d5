"""How many images at a time: by hand, of networks whose activations are easily counted."""

import keras
import pytest

from heatproof.models import memory
from heatproof.run.errors import UserError


def network(frozen: bool = False) -> keras.Model:
    """Return a network of 4×4 pixels: 16 values, 32 of a convolution, 32 flat, 2 logits."""
    inputs = keras.Input((4, 4, 1))
    x = keras.layers.Conv2D(2, 1, trainable=not frozen)(inputs)
    return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(x)), name="small")


def test_activations() -> None:
    assert memory.activation_bytes(network()) == 4 * (16 + 32 + 32 + 2)
    assert memory.kept_bytes(network()) == 4 * (16 + 32 + 32 + 2)
    # What comes before the first layer that is trained is not kept, but for what that one is given.
    assert memory.kept_bytes(network(frozen=True)) == 4 * (32 + 2)
    everything_frozen = network()
    everything_frozen.trainable = False
    assert memory.kept_bytes(everything_frozen) == 4 * 2


def test_activations_within_attention() -> None:
    tokens = keras.Input((5, 4))
    attended = keras.layers.MultiHeadAttention(2, 3, value_dim=6)(tokens, tokens)
    projected = 2 * (5 * 3 + 5 * 3 + 5 * 6 + 5 * 6)  # queries, keys, values, and what is attended
    weights = 2 * 2 * 5 * 5  # of two heads, before the softmax and after it
    found = memory.activation_bytes(keras.Model(tokens, attended))
    assert found == 4 * (5 * 4 + projected + weights + 5 * 4)


def test_images_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "PREDICTION_BYTES", 4 * 82 * 10)
    monkeypatch.setattr(memory, "TRAINING_BYTES", 4 * 82 * 3 + 16 * 70)  # 70 weights
    assert memory.images_at_once(network()) == 10
    small = network()
    assert memory.rows_behind(small, small.layers[2].name) == 4 * 820 // (4 * (32 + 2))
    assert memory.images_per_step(network()) == 3
    assert memory.images_per_step(network(frozen=True)) == 7
    monkeypatch.setattr(memory, "PREDICTION_BYTES", 1)
    assert memory.images_at_once(network()) == memory.images_per_step(network()) == 1


def test_a_step_that_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 4 * 82 * 8 + 1)
    memory.require_room(network(), 10)
    with pytest.raises(UserError) as mistake:
        memory.require_room(network(), 11)
    assert "small: a training step of 11 images of 4×4 pixels" in str(mistake.value)
    assert "lower batch_size of its schedule in params.yaml, to 4 say" in str(mistake.value)


def test_free_memory_is_the_container_s_where_it_has_a_limit(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    whole = memory.free_bytes()
    assert whole > 2**20
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 300\nfile 400\n")
    assert memory.free_bytes() == 700
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_bytes() > 2**20
