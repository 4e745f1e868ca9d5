"""Every way of deriving a network, through the stage: what it gives, and that it repeats."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heatproof.config import params
from heatproof.config.members import member_name
from heatproof.derived import retraining
from heatproof.derived.deriving import derive_cell
from heatproof.evaluation import inference
from heatproof.models.build import build_model, trained_network
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths, resuming, tables, weights
from heatproof.storage.records import Dataset
from stages import join
from tests import overlay, stored
from tests.scratch import shrunken_params

TRAINED, OTHER = "simple_cnn-digits", "simple_cnn-digits-seed43"
SHAPE, CLASSES = (16, 16, 1), tuple("0123456789")
WAYS: dict[str, dict[str, Any]] = {
    "ticket": {"by": "prune", "sparsity": 0.75, "rounds": 2, "restart": "initial"},
    "slim": {"by": "prune", "sparsity": 0.5, "structure": "filters", "epochs": 1},
    "cut": {"by": "prune", "sparsity": 0.5, "scope": "global", "epochs": 0, "calibrate": True},
    "student": {"by": "distil", "student": "simple_cnn", "without_classes": ["3"],
                "bias_correction": True},
    "both": {"by": "ensemble", "runs": [OTHER]},
    "mean": {"by": "ensemble", "runs": [OTHER], "mean": "probabilities", "calibrate": True},
    "swa": {"by": "average", "kind": "swa", "epochs": 2},
    "ema": {"by": "average", "kind": "ema", "epochs": 1, "momentum": 0.9},
    "snapshots": {"by": "average", "kind": "snapshots", "epochs": 2},
    "calm": {"by": "calibrate"},
}  # fmt: skip
# Derived from one that is derived: the same weights are zero, the others begin at random.
AGAIN = {"again": ("ticket", {"by": "prune", "sparsity": 0.75, "restart": "random"})}


def content() -> dict[str, Any]:
    """Return a study with a cell that is derived in every way."""
    study = shrunken_params(TRAINED)
    study["runs"] = {
        TRAINED: study["cells"][TRAINED],
        OTHER: {"model": "simple_cnn", "dataset": "digits", "seed": 43},
    }
    for name, (origin, way) in ({n: ("simple_cnn", w) for n, w in WAYS.items()} | AGAIN).items():
        network = {"architecture": "derived", "origin": origin, "way": dict(way)}
        study["models"][name] = {"network": network}
        reads = f"data/members/{name}-digits" if way["by"] == "ensemble" else "data/code/derive.txt"
        study["derived"][f"{name}-digits"] = {
            "model": name, "dataset": "digits", "origin": f"{origin}-digits", "reads": reads,
        }  # fmt: skip
    study["members"] = {
        member_name(cell, OTHER): {"cell": cell, "run": OTHER}
        for cell in ("both-digits", "mean-digits")
    }
    return study


def dataset() -> Dataset:
    """Return images of ten classes, each a bright row of its own in noise."""
    random = np.random.default_rng(0)
    images = random.integers(0, 120, (500, *SHAPE), dtype=np.uint8)
    labels = np.arange(500) % 10
    images[np.arange(500), labels + 3] += 100
    return Dataset(images[:400], labels[:400], images[400:], labels[400:], CLASSES)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[params.Params]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("ways"))
        patch.setenv("STUDY_TRACKING", "off")
        overlay.write(params.PARAMS, content())
        stored.write("digits", dataset())
        loaded = params.load()
        for name in (TRAINED, OTHER):
            weights.save(name, build_model(loaded.run(name), SHAPE, 10))
        for name in loaded.members:
            join.join(name)
        yield loaded


def derived(study: params.Params, name: str) -> dict[str, Any]:
    """Derive a cell; return what was told of it."""
    derive_cell(study, study.derived_run(f"{name}-digits"))
    return artifacts.read_metrics("derive", f"{name}-digits")


def network(study: params.Params, run: str):
    return trained_network(study.run(run), SHAPE, 10)


def logits(study: params.Params, run: str) -> np.ndarray:
    images = dataset().test_images
    return inference.logits(inference.compiled_forward(network(study, run), len(images)), images)


def softmax(scores: np.ndarray) -> np.ndarray:
    each = np.exp(scores.astype(np.float64))
    return each / each.sum(axis=1, keepdims=True)


def test_a_ticket_has_its_share_of_zeros_and_another_start_has_the_same_ones(study):
    told = derived(study, "ticket")
    assert told["figures"]["sparsity"] == pytest.approx(0.75, abs=0.01)
    assert set(told["figures"]["left"]) == {"conv1", "conv2", "logits"}
    assert told["stored_bytes"] < 0.6 * told["origin_bytes"]
    again = derived(study, "again")
    assert again["done"][1] == "it was trained for 1 epoch from other random weights"
    zeros = [
        [each == 0 for each in network(study, f"{name}-digits").get_weights() if each.ndim > 1]
        for name in ("ticket", "again")
    ]
    for one, other in zip(*zeros, strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_half_of_its_filters_a_network_is_smaller(study):
    told = derived(study, "slim")
    assert (told["figures"]["filters_before"], told["figures"]["filters"]) == (4, 2)
    assert told["parameters"] < 0.6 * told["origin_bytes"] / 4
    assert network(study, "slim-digits").get_layer("conv1").filters == 1


def test_what_is_not_trained_on_keeps_its_other_weights_and_is_calibrated(study):
    told = derived(study, "cut")
    assert told["epochs"] == 0
    figures = told["figures"]["calibration"]
    pairs = zip(
        network(study, TRAINED).layers[1:], network(study, "cut-digits").layers[1:], strict=True
    )
    for one, other in pairs:
        factor = 1 / figures["temperature"] if one.name == "logits" else 1
        for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
            assert (b == 0).any() or b.ndim == 1 or one.name == "conv1"
            np.testing.assert_allclose(b[b != 0], factor * a[b != 0], rtol=1e-5)
    assert figures["loss_after"] <= figures["loss_before"]


def test_a_student_that_never_saw_a_class_finds_it_once_its_bias_is_raised(study):
    told = derived(study, "student")
    figures = told["figures"]["bias_correction"]
    assert figures["errors_after"] <= figures["errors_before"]
    assert figures["added"]["3"] >= 0
    assert "without any image of 3" in told["done"]
    # Of 400 images a tenth validates; a tenth of the others is of the class.
    assert figures["validation_images"] == 40


@pytest.mark.parametrize("name", ["both", "mean"])
def test_an_ensemble_gives_the_mean_of_its_members(study, name):
    told = derived(study, name)
    first, second = logits(study, TRAINED), logits(study, OTHER)
    found = logits(study, f"{name}-digits")
    assert told["parameters"] >= 2 * told["origin_bytes"] / 4
    if name == "both":
        np.testing.assert_allclose(found, (first + second) / 2, rtol=1e-4, atol=1e-5)
    else:
        temperature = told["figures"]["calibration"]["temperature"]
        expected = (softmax(first) + softmax(second)) / 2
        np.testing.assert_allclose(softmax(found * temperature), expected, rtol=1e-3, atol=1e-6)


def test_a_calibrated_network_predicts_as_before(study):
    told = derived(study, "calm")
    temperature = told["figures"]["calibration"]["temperature"]
    np.testing.assert_allclose(
        logits(study, "calm-digits") * temperature, logits(study, TRAINED), rtol=1e-3, atol=1e-5
    )


def test_averages_are_of_what_was_trained_on(study):
    for name, epochs, members in (("swa", 2, 1), ("ema", 1, 1), ("snapshots", 2, 2)):
        told = derived(study, name)
        assert told["parameters"] == members * told["origin_bytes"] / 4
        history = tables.read_table(paths.history(f"{name}-digits"), "derive", ("epoch",))
        assert history["epoch"].tolist() == list(range(1, epochs + 1))
        if members == 1:
            both = (network(study, run).get_weights() for run in (TRAINED, f"{name}-digits"))
            assert max(np.abs(a - b).max() for a, b in zip(*both, strict=True)) > 0


class Killed(Exception):
    """What ends a derivation halfway."""


@pytest.mark.parametrize("name", ["ticket", "snapshots"])
def test_one_that_is_killed_between_trainings_ends_in_the_same_bytes(study, name, monkeypatch):
    cell = f"{name}-digits"
    derived(study, name)
    before = paths.weights(cell).read_bytes()
    trainings, real = [], retraining.train

    def train(*given, **options):
        trainings.append(options["checkpoint"].path.name)
        if len(trainings) == 2:
            raise Killed
        return real(*given, **options)

    monkeypatch.setattr(retraining, "train", train)
    with pytest.raises(Killed):
        derived(study, name)
    left = sorted(path.name for path in resuming.RESUME.glob(f"{cell}.*"))
    assert left == trainings[:1]
    paths.weights(cell).unlink()
    derived(study, name)
    assert paths.weights(cell).read_bytes() == before
    assert not list(resuming.RESUME.glob(f"{cell}.*"))


def test_a_training_that_is_done_is_not_done_again(study, monkeypatch, capsys):
    real = retraining.train

    def train(*given, **options):
        if options["checkpoint"].path.name.endswith(".round2.npz"):
            raise Killed
        return real(*given, **options)

    with monkeypatch.context() as patch:
        patch.setattr(retraining, "train", train)
        with pytest.raises(Killed):
            derived(study, "ticket")
    assert capsys.readouterr().out.count("epoch 1/1") == 1
    derived(study, "ticket")
    told = capsys.readouterr().out
    assert told.count("resuming after epoch 1") == 1
    assert told.count("epoch 1/1") == 1  # the second round's


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("ticket", {"sparsity": 1.0}, "sparsity = 1.0"),
        ("ticket", {"rewind_epochs": 1, "restart": "trained"}, "goes with restart: initial"),
        ("ticket", {"rewind_epochs": 1}, "rewind_epochs = 1: the training that it"),
        ("slim", {"rewind_epochs": 1}, "rewind_epochs: filters are trained on as they are"),
        ("slim", {"restart": "initial"}, "filters are trained on as they are"),
        ("cut", {"rounds": 2}, "need a training"),
        ("student", {"student": "simple"}, "way.student = 'simple': it is no trained model"),
        ("student", {"without_classes": []}, "name some"),
        ("student", {"without_classes": ["3", "threee"]},
         "way.without_classes: digits has no class 'threee'; known: 0, 1, 2"),
        ("student", {"without_classes": list("0123456788")}, "it leaves 1 of 10 classes"),
        ("both", {"runs": ["simple_cnn-digits-seed44"]}, "is no run of simple_cnn-digits from"),
        ("both", {"runs": [TRAINED]}, "expected some of simple_cnn-digits-seed43"),
        ("swa", {"cycles": 2}, "goes with kind: snapshots"),
        ("snapshots", {"cycles": 2, "epochs": 3}, "do not divide 3 epochs"),
        ("ema", {"momentum": 1.0}, "momentum = 1.0"),
    ],
)  # fmt: skip
def test_options_that_do_not_fit_are_refused_when_params_yaml_is_read(
    tmp_path: Path, name, options, words
):
    study = content()
    study["models"][name]["network"]["way"] |= options
    overlay.write(tmp_path / "params.yaml", study)
    with pytest.raises(UserError) as refused:
        params.load(tmp_path / "params.yaml")
    assert words in str(refused.value)
    assert f"models.{name}.network.way" in str(refused.value)


def test_members_and_ensembles_name_each_other(tmp_path: Path):
    study, cell = content(), "both-digits"
    entry = study["members"].pop(member_name(cell, OTHER))
    overlay.write(tmp_path / "params.yaml", study)
    with pytest.raises(UserError, match=f"is not under members; add `{cell}-of-{OTHER}: "):
        params.load(tmp_path / "params.yaml")
    study["members"] |= {member_name(cell, OTHER): entry, "another": entry}
    overlay.write(tmp_path / "params.yaml", study)
    with pytest.raises(UserError, match=f"members.another: expected the name {cell}-of-{OTHER}"):
        params.load(tmp_path / "params.yaml")


def test_what_only_the_data_can_say_is_refused_by_the_stage(study, monkeypatch):
    for name, options, words in (
        ("student", {"without_classes": ["tree"], "bias_correction": False}, "no class 'tree'"),
        ("student", {"without_classes": list("012345678"), "bias_correction": False}, "leave two"),
    ):
        run = study.derived_run(f"{name}-digits")
        way = study.models[name].way.model_copy(update=options)
        model = study.models[name].model_copy(
            update={"network": study.models[name].network.model_copy(update={"way": way})}
        )
        changed = study.model_copy(update={"models": study.models | {name: model}})
        with pytest.raises(UserError, match=words):
            derive_cell(changed, run)
