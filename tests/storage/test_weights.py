"""Weights in files: the same bytes for the same network, sealed, refused where they do not fit."""

from pathlib import Path

import numpy as np
import pytest

from heatproof.run.errors import UserError
from heatproof.storage import paths, weights


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_weights_round_trip_and_do_not_fit_another_network():
    import keras

    def model(units: int) -> keras.Model:
        inputs = keras.Input((3,))
        return keras.Model(inputs, keras.layers.Dense(units)(inputs))

    first = model(2)
    weights.save("m-d", first)
    second = model(2)
    weights.load("m-d", second)
    np.testing.assert_array_equal(first.get_weights()[0], second.get_weights()[0])
    with pytest.raises(UserError, match=r"do not fit .*dvc repro -f train@m-d"):
        weights.load("m-d", model(5))
    path = paths.weights("m-d")
    content = path.read_bytes()
    weights.save("m-d", first)
    assert path.read_bytes() == content
    paths.weights("other-d").write_bytes(content)
    with pytest.raises(UserError, match=r"checksum .*dvc repro -f train@other-d"):
        weights.load("other-d", second)
    # As Keras itself writes and reads them, which knows of no checksum.
    model(2).load_weights(path)
    first.save_weights(path)
    weights.load("m-d", second)
    for kernel in (np.nan, np.inf):
        first.set_weights([np.full((3, 2), kernel), np.zeros(2)])
        weights.save("m-d", first)
        with pytest.raises(UserError, match=r"NaN or infinity .*dvc repro -f train@m-d"):
            weights.load("m-d", second)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UserError, match="do not fit"):
        weights.load("m-d", second)
    path.unlink()
    with pytest.raises(UserError, match="dvc repro train@m-d"):
        weights.load("m-d", second)


def test_weights_with_a_description_are_sealed_with_it() -> None:
    import h5py
    import keras

    inputs = keras.Input((3,), name="image")
    network = keras.Model(inputs, keras.layers.Dense(2, name="logits")(inputs), name="n")
    weights.save("m-d", network, whole=True)
    assert weights.describe("m-d") == network.to_json()
    weights.load("m-d", network)
    path = paths.weights("m-d")
    content = path.read_bytes()
    weights.save("m-d", network, whole=True)
    assert path.read_bytes() == content
    with h5py.File(path, "a") as file:
        file[weights.DESCRIPTION][5] = ord("x")
    with pytest.raises(UserError, match="checksum"):
        weights.load("m-d", network)
    weights.save("m-d", network)
    for damage in (lambda: None, lambda: path.write_bytes(content[:200]), path.unlink):
        damage()
        with pytest.raises(UserError, match=r"dvc repro (-f )?train@m-d"):
            weights.describe("m-d")
