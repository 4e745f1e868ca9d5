"""The features family as the stage runs it: every array, every count, one picture."""

from pathlib import Path

import numpy as np
import pytest

from heatproof.attribution.core.explained_cell import ExplainedCell, Findings
from heatproof.attribution.core.method import Context
from heatproof.attribution.core.network import Network
from heatproof.features.features import find
from heatproof.features.options import FeaturesOptions
from heatproof.run.tracking import flattened
from heatproof.storage import artifacts
from heatproof.storage.records import Explanations
from tests.attribution import architectures, networks

CLASSES = tuple(f"class {number}" for number in range(10))


def subject(network: Network, tests: np.ndarray, seed: int = 42) -> ExplainedCell:
    """Return what the stage gives: two right images and a wrong one, which has two rows."""
    index = np.array([4, 1, 0, 0])[: 4 * bool(len(tests))]
    target = np.array([0, 1, 2, 1])[: len(index)]
    rows = Explanations(
        image_index=index,
        label=target,
        predicted=target,
        target=target,
        confidence=np.ones(len(index), np.float32),
        images=tests[index],
        maps={},
        class_names=CLASSES[: network.classes],
    )
    return ExplainedCell(network, rows, tests, Context(tests, seed))


def options(**changes: object) -> FeaturesOptions:
    """Return the study's own options with fewer steps."""
    real = architectures.study().explain.features
    ascent = real.maximisation.model_copy(update={"steps": 3})
    return real.model_copy(update={"maximisation": ascent, **changes})


def pixels(architecture: architectures.Architecture, count: int = 7) -> np.ndarray:
    return (255 * architecture.images(count)).astype(np.uint8)


@pytest.fixture(scope="module")
def found() -> Findings:
    architecture = architectures.shared("efficient_cnn")
    return find(subject(architecture.network, pixels(architecture)), options(images=2, channels=4))


def test_arrays(found: Findings) -> None:
    shapes = {name: array.shape for name, array in found.arrays.items()}
    assert shapes["filters/branch_5x5_conv"] == (3, 5, 5, 3)
    assert shapes["filter_factor/branch_5x5_conv"] == (3,)
    assert found.arrays["feature_map_image"].tolist() == [4, 1]
    assert shapes["feature_map/branches_relu"] == (2, 32, 32, 4)
    assert shapes["feature_map/block4_pointwise_relu"] == (2, 4, 4, 4)
    assert shapes["active_images/branches_relu"] == shapes["active_places/branches_relu"] == (12,)
    assert shapes["active_images/dense_relu"] == (12,)
    climbed = [name.partition("/")[2] for name in shapes if name.startswith("preferred/")]
    assert climbed == ["branches_relu", "block2_pointwise_relu", "block4_pointwise_relu", "logits"]
    for layer in climbed:
        count = 10 if layer == "logits" else 4
        assert shapes[f"preferred/{layer}"] == (count, 32, 32, 3)
        for number in ("reached", "largest_real", "largest_real_image"):
            assert shapes[f"{number}/{layer}"] == (count,)
    for name, array in found.arrays.items():
        kinds = {"feature_map_image": "i", "class_names": "U"}
        kind = "i" if name.startswith("largest_real_image") else kinds.get(name, "f")
        assert array.dtype.kind == kind, name
        assert kind != "f" or array.dtype == np.float32, name


def test_numbers_are_those_of_the_arrays(found: Findings) -> None:
    architecture = architectures.shared("efficient_cnn")
    metrics, arrays = found.metrics, found.arrays
    logits = architecture.network.logits(pixels(architecture).astype(np.float32) / 255)
    np.testing.assert_allclose(arrays["largest_real/logits"], logits.max(axis=0), atol=1e-4)
    np.testing.assert_array_equal(arrays["largest_real_image/logits"], logits.argmax(axis=0))
    assert metrics["classes"]["class 3"] == {
        "reached": float(arrays["reached/logits"][3]),
        "largest_real": float(arrays["largest_real/logits"][3]),
    }
    beyond = (arrays["reached/logits"] > arrays["largest_real/logits"]).sum()
    assert metrics["preferred"]["logits"]["beyond_real"] == beyond
    assert metrics["preferred"]["logits"]["images"] == 10
    activity = metrics["activity"]
    assert activity["test_images"] == 7
    dead = {name: int((array == 0).sum()) for name, array in arrays.items()
            if name.startswith("active_images/")}  # fmt: skip
    assert {
        f"active_images/{name}": layer["dead"] for name, layer in activity["layers"].items()
    } == dead
    assert activity["dead"] == sum(dead.values())
    assert activity["channels"] == sum(
        len(array) for name, array in arrays.items() if name.startswith("active_images/")
    )
    assert metrics["feature_maps"] == {"images": 2, "layers": 9, "channels": 36}
    assert sorted(found.timing) == [
        "dead_filters_seconds", "feature_maps_seconds", "filters_seconds", "maximisation_seconds",
    ]  # fmt: skip
    numbers = [value for value in flattened(metrics).values() if not isinstance(value, int | float)]
    assert numbers == []


def test_it_is_written_and_read_again(
    found: Findings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    artifacts.write_findings("cell", "features", found.arrays)
    again = artifacts.read_findings("cell", "features")
    assert list(again) == list(found.arrays)
    artifacts.write_metrics("explain_features", "cell", found.metrics)
    found.figure.savefig(tmp_path / "figure.png")


def test_the_same_again_and_another_seed(found: Findings) -> None:
    architecture = architectures.shared("efficient_cnn")
    asked = options(images=2, channels=4)
    seeds = [subject(architecture.network, pixels(architecture), seed) for seed in (42, 1)]
    again, other = (find(asker, asked) for asker in seeds)
    for name, array in found.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array, err_msg=name)
        drawn = name.startswith(("preferred/", "reached/"))
        assert (other.arrays[name] != array).any() == drawn, name


def test_few_of_the_test_images() -> None:
    architecture = architectures.shared("simple_cnn")
    tests = pixels(architecture)
    dead = options().dead.model_copy(update={"images": 3})
    found = find(subject(architecture.network, tests), options(dead=dead))
    assert found.metrics["activity"]["test_images"] == 3
    logits = architecture.network.logits(tests.astype(np.float32) / 255)
    np.testing.assert_allclose(
        found.arrays["largest_real/logits"], logits[:3].max(axis=0), rtol=1e-4, atol=1e-4
    )


def test_a_network_of_nothing_but_logits() -> None:
    network = Network(networks.linear(np.ones((4, 4, 1, 2), np.float32)))
    found = find(subject(network, np.zeros((5, 4, 4, 1), np.uint8)), options())
    assert found.metrics["first_layer"] == found.metrics["activity"]["layers"] == {}
    assert found.metrics["activity"]["dead"] == 0
    assert found.metrics["feature_maps"]["layers"] == 0
    assert list(found.metrics["preferred"]) == ["logits"]
    assert found.arrays["largest_real/logits"].tolist() == [0, 0]
    assert found.figure is not None


def test_of_many_classes_the_first_are_maximised() -> None:
    network = Network(networks.linear(np.ones((4, 4, 1, 3), np.float32)))
    climb = options().maximisation.model_copy(update={"classes": 2})
    tests = np.zeros((5, 4, 4, 1), np.uint8)
    found = find(subject(network, tests), options(maximisation=climb))
    assert len(found.arrays["preferred/logits"]) == len(found.arrays["reached/logits"]) == 2
    assert len(found.arrays["largest_real/logits"]) == len(found.metrics["classes"]) == 2
    assert len(found.arrays["class_names"]) == 3


def test_a_network_without_relu() -> None:
    network = Network(networks.blob_detector(side=8, padding=0, pool=2))
    found = find(subject(network, np.zeros((5, 8, 8, 1), np.uint8)), options())
    assert found.metrics["activity"]["layers"] == {}
    assert list(found.metrics["preferred"]) == ["conv", "last", "logits"]
    assert found.metrics["preferred"]["conv"]["beyond_real"] == 1


def test_no_test_images() -> None:
    network = architectures.shared("simple_cnn").network
    found = find(subject(network, np.zeros((0, 28, 28, 1), np.uint8)), options())
    assert found.metrics["activity"]["dead"] == found.metrics["activity"]["test_images"] == 0
    assert np.isnan(found.arrays["active_images/conv1_relu"]).all()
    assert np.isnan(found.arrays["largest_real/logits"]).all()
    assert found.metrics["preferred"]["logits"]["beyond_real"] == 0
    assert found.arrays["feature_map/conv1_relu"].shape == (0, 28, 28, 8)
    assert found.arrays["feature_map_image"].shape == (0,)
