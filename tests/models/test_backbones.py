"""Published networks: flat, normalised as their weights want, and started from them."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from heatproof.models import backbones, efficientnet_lite0, lite0_weights
from heatproof.models.architectures import pretrained
from heatproof.models.flattening import flat_copy
from heatproof.models.torch_file import read_tensors
from heatproof.run.errors import UserError


def network(
    backbone: str, channels: int = 3, **more: object
) -> tuple[pretrained.Network, keras.Model]:
    options = pretrained.Network.model_validate(
        {"architecture": "pretrained", "backbone": backbone, **more}
    )
    image = keras.Input((32, 32, channels), name="image")
    return options, flat_copy(keras.Model(image, pretrained.logits(options, image, 4)))


@pytest.fixture(scope="module")
def lite() -> tuple[pretrained.Network, keras.Model]:
    return network(backbones.LITE, pooling="max", dense=8)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(backbones.MIRROR, raising=False)


def test_lite0_has_the_published_size_and_the_published_weights(lite, package) -> None:
    options, model = lite
    backbone = efficientnet_lite0.backbone((32, 32, 3))
    assert backbone.count_params() + 1280 * 1000 + 1000 == 4_694_024  # with its classifier
    pretrained.start(options, model)
    tensors = read_tensors(lite0_weights.file())
    stem, head = model.get_layer("stem_conv"), model.get_layer("head_conv_bn")
    np.testing.assert_array_equal(
        stem.get_weights()[0], tensors["_conv_stem.weight"].transpose(2, 3, 1, 0)
    )
    np.testing.assert_array_equal(head.get_weights()[3], tensors["_bn1.running_var"])
    images = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    # What goes in is what the weights were trained on: (x - 127) / 128 of 0 to 255.
    efficientnet_lite0.load_imagenet(backbone)
    maps = backbone(np.rint(images * 255) / 128 - 127 / 128, training=False)
    view = keras.Model(model.inputs[0], model.get_layer("head_conv_relu").output)
    given = view(np.rint(images * 255) / np.float32(255), training=False)
    np.testing.assert_allclose(given, maps, atol=1e-4)


def test_a_backbone_of_keras_is_read_from_a_mirror(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = backbones.build("VGG16", (32, 32, 3))
    record = backbones.BACKBONES["VGG16"]
    monkeypatch.setenv(backbones.MIRROR, str(tmp_path))
    options, model = network("VGG16", channels=1)
    with pytest.raises(UserError, match=f"it has no {record.file}"):
        pretrained.start(options, model)
    file = record.file.replace(".h5", ".weights.h5")  # Keras writes its newer format only
    source.save_weights(tmp_path / file)
    monkeypatch.setitem(backbones.BACKBONES, "VGG16", replace(record, file=file))
    pretrained.start(options, model)
    images = np.random.default_rng(0).random((2, 32, 32, 1), np.float32)
    blue_first = 255 * np.repeat(images, 3, axis=-1) - [103.939, 116.779, 123.68]
    maps = keras.Model(model.inputs[0], model.get_layer("block5_pool").output)
    np.testing.assert_allclose(
        maps(images, training=False), source(blue_first, training=False), rtol=1e-3, atol=1e-3
    )


def test_a_file_is_checked(lite, tmp_path: Path) -> None:
    for wrong, message in (
        ({"weights": "mine.weights.h5"}, "a file needs its `sha256`"),
        ({"sha256": "0" * 64}, "sha256 is of a file"),
        ({"backbone": "MobilNetV2"}, "did you mean 'MobileNetV2'"),
    ):
        with pytest.raises(ValidationError, match=message):
            pretrained.Network.model_validate(
                {"architecture": "pretrained", "backbone": backbones.LITE} | wrong
            )
    path = tmp_path / "mine.weights.h5"
    path.write_bytes(b"\x80\x02no weights")
    options, model = lite
    options = options.model_copy(update={"weights": str(path), "sha256": "0" * 64})
    with pytest.raises(UserError, match=r"network\.sha256 is 0") as refused:
        pretrained.start(options, model)
    found = str(refused.value).split("its SHA-256 is ")[1][:64]
    options = options.model_copy(update={"sha256": found})
    with pytest.raises(UserError, match="not the weights of EfficientNetLite0"):
        pretrained.start(options, model)
    with pytest.raises(UserError, match="no such file"):
        pretrained.start(options.model_copy(update={"weights": "missing.h5"}), model)


STAND_IN = """
import os, pathlib
class config:
    set_image_data_format = staticmethod(lambda name: None)
class applications:
    @staticmethod
    def VGG16(weights, **options):
        expected = dict(include_top=False, input_shape=(224, 224, 3))
        assert weights == "imagenet" and options == expected
        folder = pathlib.Path(os.environ["KERAS_HOME"], "models")
        folder.mkdir()
        (folder / os.environ["FILE"]).write_text("downloaded")
        if "WRONG" in os.environ:
            raise ValueError("Incomplete or corrupted file detected.")
"""


def test_a_download_is_kept_only_if_keras_found_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a stand-in for Keras in the program that downloads."""
    (tmp_path / "keras.py").write_text(STAND_IN)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("FILE", backbones.BACKBONES["VGG16"].file)
    monkeypatch.delenv(backbones.MIRROR, raising=False)
    models = tmp_path / ".keras" / "models"
    monkeypatch.setenv("WRONG", "1")
    with pytest.raises(UserError, match=r"could not download .*corrupted file detected.*WEIGHTS_"):
        backbones._downloaded("VGG16")
    assert list(models.iterdir()) == [], "or the next run would take it"
    monkeypatch.delenv("WRONG")
    path = backbones._downloaded("VGG16")
    assert path.read_text() == "downloaded" and list(models.iterdir()) == [path]
    (tmp_path / "keras.py").write_text("raise RuntimeError")
    assert backbones._downloaded("VGG16") == path, "it is there already"
    with pytest.raises(UserError, match=r"not the weights .*delete it to have it downloaded again"):
        backbones.load("VGG16", backbones.build("VGG16", (32, 32, 3)), "imagenet")
