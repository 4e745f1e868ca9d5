"""A network's file: Keras' own layers are taken from it, and nothing else is."""

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.models.model_file import described, read_model
from heatproof.run.errors import UserError


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    model = keras.Sequential([layers.Input((4, 4, 1)), layers.Flatten(), layers.Dense(2)])
    model.save(folder / "model.keras")
    model.save_weights(folder / "model.weights.h5")
    return folder


def changed(saved: Path, path: Path, change: Any, more: str | None = None) -> Path:
    """Copy a network's file, its description changed, or with one member more."""
    with zipfile.ZipFile(saved / "model.keras") as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                content = json.dumps(change(json.loads(content))).encode()
            new.writestr(name, content)
        if more:
            new.writestr(more, "x")
    return path


def with_layer(**layer: Any) -> Any:
    def change(description: dict) -> dict:
        description["config"]["layers"].insert(2, layer)
        return description

    return change


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ({"module": "os", "class_name": "system", "config": "touch ran"}, "it has system of os"),
        ({"module": "builtins", "class_name": "eval", "config": "1"}, "it has eval of builtins"),
        ({"module": "keras", "class_name": "layers.Lambda", "config": {}}, "it has layers.Lambda"),
        ({"module": "builtins", "class_name": "function", "config": "utils.get_file"},
         "it has utils.get_file"),
        ({"module": "builtins", "class_name": "function", "config": "exec"}, "it has exec"),
        ({"module": "keras.utils", "class_name": "get_file", "config": {}}, "it has get_file"),
        ({"module": "keras.layers", "class_name": "Lambda", "config": {}}, "it has Lambda"),
        ({"class_name": "__lambda__", "config": {"value": "x"}}, "it has __lambda__"),
        ({"module": "keras.layers", "class_name": "StringLookup",
          "config": {"vocabulary": "/etc/passwd"}}, "it has StringLookup"),
        ({"module": "builtins", "class_name": "Odd", "config": {},
          "registered_name": "mine>Odd"}, "it has Odd of builtins"),
    ],
)  # fmt: skip
def test_what_could_run_code_is_refused(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layer: dict, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message):
        read_model(changed(saved, tmp_path / "a.keras", with_layer(**layer)))
    assert not (tmp_path / "ran").exists()


def test_other_files_are_refused(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "pickle.keras").write_bytes(pickle.dumps({"a": 1}))
    (tmp_path / "pickle.h5").write_bytes(pickle.dumps({"a": 1}))
    (tmp_path / "model.pt").write_bytes(b"x")
    whole = (saved / "model.keras").read_bytes()
    (tmp_path / "cut.keras").write_bytes(whole[: len(whole) // 2])
    changed(saved, tmp_path / "up.keras", lambda description: description, "../up")
    changed(saved, tmp_path / "odd.keras", lambda description: {"class_name": "Flatten",
            "module": "keras.layers", "config": {}, "registered_name": None})  # fmt: skip
    for path, message in (
        (tmp_path / "pickle.keras", "no network that Keras has saved"),
        (tmp_path / "pickle.h5", "no network that Keras has saved"),
        (tmp_path / "model.pt", "expected a network: .keras"),
        (tmp_path / "cut.keras", "no network that Keras has saved"),
        (tmp_path / "up.keras", "leads outside it"),
        (tmp_path / "odd.keras", "expected a network"),
        (saved / "model.weights.h5", "it has weights alone"),
    ):
        with pytest.raises(UserError, match=message):
            read_model(path)


def test_what_a_model_was_trained_with_is_not_looked_at(saved: Path, tmp_path: Path) -> None:
    """Every trained model has an optimiser and a loss in its description, and maybe its own."""

    def compiled(description: dict) -> dict:
        loss = {"module": "mine", "class_name": "my_loss", "config": {}, "registered_name": None}
        return description | {"compile_config": {"optimizer": "adam", "loss": loss}}

    inner = keras.Sequential([layers.Input((4, 4, 1)), layers.Flatten()])
    inner.compile("adam", "mse")
    model = keras.Sequential([layers.Input((4, 4, 1)), inner, layers.Dense(2)])
    model.compile("sgd", "mse", metrics=["accuracy"])
    model.save(tmp_path / "compiled.keras")
    assert read_model(tmp_path / "compiled.keras").count_params() == model.count_params()
    assert not read_model(changed(saved, tmp_path / "own.keras", compiled)).compiled


def test_a_description_of_our_own_is_read_as_carefully(saved: Path, tmp_path: Path) -> None:
    model = read_model(saved / "model.keras")
    again = described(tmp_path, model.to_json())
    assert again.to_json() == model.to_json()
    planted = with_layer(module="builtins", class_name="eval", config="1")(
        json.loads(model.to_json())
    )
    for text, message in (
        (json.dumps(planted), "it has eval of builtins"),
        (json.dumps({"class_name": "Dense"}), "no description of a network"),
        ("[", "no description of a network"),
    ):
        with pytest.raises(UserError, match=message):
            described(tmp_path, text)


def test_a_member_that_unpacks_to_too_much_is_refused(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heatproof.models.model_file.MOST_BYTES", 100_000)
    with zipfile.ZipFile(saved / "model.keras") as old:
        content = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(tmp_path / "bomb.keras", "w", zipfile.ZIP_DEFLATED) as new:
        for name, each in (content | {"assets/zeros": bytes(200_000)}).items():
            new.writestr(name, each)
    assert (tmp_path / "bomb.keras").stat().st_size < 100_000
    with pytest.raises(UserError, match="unpacked it is larger than"):
        read_model(tmp_path / "bomb.keras")


def test_an_h5_of_keras_2_is_read(tmp_path: Path) -> None:
    """As Keras 2.4 wrote it: no modules, `groups`, and no layer for a sequential model's input."""
    import h5py

    model = keras.Sequential([
        layers.Input((6, 6, 3)), layers.Conv2D(4, 3, name="first"),
        layers.DepthwiseConv2D(3, name="depthwise"), layers.Flatten(name="flat"),
        layers.Dense(2, activation="softmax", name="last"),
    ])  # fmt: skip
    path = tmp_path / "old.h5"
    model.save(path)
    with h5py.File(path, "a") as file:
        description = plain(json.loads(file.attrs["model_config"]))
        _, *others = description["config"]["layers"]
        others[0]["config"]["batch_input_shape"] = [None, 6, 6, 3]
        others[1]["config"]["groups"] = 1
        whole = {"name": "old", "layers": others}
        for config in (whole, others):
            file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": config})
            file.attrs["keras_version"] = "2.4.0"
            file.flush()
            before = path.read_bytes()
            images = np.random.default_rng(0).random((2, 6, 6, 3), np.float32)
            found = read_model(path)
            np.testing.assert_allclose(found(images), model(images), atol=1e-6)
            assert path.read_bytes() == before, "the file is as it was"


def plain(part: Any) -> Any:
    """Return a description without the modules that Keras 3 writes."""
    if isinstance(part, list):
        return [plain(each) for each in part]
    if not isinstance(part, dict):
        return part
    if part.get("class_name") == "DTypePolicy":
        return part["config"]["name"]
    kept = {"class_name", "config", "name"} if "module" in part else part.keys()
    return {name: plain(each) for name, each in part.items() if name in kept}
