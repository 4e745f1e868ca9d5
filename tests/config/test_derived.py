"""Derived networks in params.yaml: a model made from another, its cells with their origin."""

from pathlib import Path
from typing import Any

import pytest

from heatproof.config import params
from heatproof.config.runs import DerivedRun
from heatproof.run.errors import UserError
from tests.config import test_saved
from tests.config.test_saved import loaded
from tests.scratch import shrunken_params

TRAINED, CELL, AGAIN = "simple_cnn-digits", "small-digits", "smaller-digits"
READS = "data/code/derive.txt"
WHOLE = {"activations": True, "calibration_images": 20}


def derived(origin: str, **way: Any) -> dict[str, Any]:
    way = {"by": "quantise", **way}
    return {"network": {"architecture": "derived", "origin": origin, "way": way}}


def content() -> dict[str, Any]:
    """Return a study with a network of 8 bits, and one of 4 bits made from that."""
    study = shrunken_params(TRAINED)
    study["models"] |= {
        "small": derived("simple_cnn", **WHOLE),
        "smaller": derived("small", bits=4),
    }
    study["derived"] = {
        CELL: {"model": "small", "dataset": "digits", "origin": TRAINED, "reads": READS},
        AGAIN: {"model": "smaller", "dataset": "digits", "origin": CELL, "reads": READS},
    }
    study["cells"][CELL] = {"model": "small", "dataset": "digits"}
    study["runs"] = {TRAINED: study["cells"][TRAINED]}
    return study


def test_its_run_is_trained_as_what_its_origins_begin_with(tmp_path: Path) -> None:
    study = loaded(tmp_path, content())
    root = study.run(TRAINED)
    for cell, origin in ((CELL, TRAINED), (AGAIN, CELL)):
        run = study.run(cell)
        assert isinstance(run, DerivedRun) and run.root == root and run.is_cells_own
        assert (run.schedule, run.training, run.seed) == (root.schedule, root.training, root.seed)
        assert (study.origin_of(cell), study.root_of(cell)) == (origin, TRAINED)
        assert study.seed_runs(CELL) == []
        assert study.schedule_under("paper", cell) == study.schedule_under("paper", TRAINED)
        assert '"bits"' in run.description() and '"filters"' in run.description()


def test_what_is_said_of_a_training_is_as_before() -> None:
    assert "root" not in params.Run.model_fields, "else every network would be trained again"


def test_a_study_without_any_needs_not_say_so(tmp_path: Path) -> None:
    study = shrunken_params(TRAINED)
    del study["derived"]
    assert loaded(tmp_path, study).derived == {}


def of_a_model(name: str, key: str, value: object) -> Any:
    return lambda study: study["models"][name]["network"].update({key: value})


def of_the_way(**options: object) -> Any:
    return lambda study: study["models"]["small"]["network"]["way"].update(options)


def listed(place: str, name: str, entry: dict[str, Any]) -> Any:
    return lambda study: study[place].update({name: entry})


ENTRY = {"model": "small", "dataset": "digits"}
FULL = {**ENTRY, "origin": TRAINED, "reads": READS}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (of_a_model("small", "origin", "simple_cn"),
         ["models.small.network.origin = 'simple_cn': there is no such", "mean 'simple_cnn'"]),
        (of_a_model("small", "origin", "smaller"),
         ["models.small.network.origin = 'smaller'", "small from smaller from small is a circle"]),
        (of_a_model("small", "origin", "small"), ["small from small is a circle"]),
        (of_the_way(bits=3), ["models.small.network.way.bits = 3", "4 or 8"]),
        (of_the_way(bits=4), ["network.way", "activations: true goes with bits: 8"]),
        (of_the_way(calibration_images=0), ["network.way.calibration_images = 0"]),
        (of_the_way(by="quantize"), ["network.way.by = 'quantize'", "mean 'quantise'"]),
        (of_the_way(bit=8), ["network.way.bit = 8", "unknown parameter"]),
        (lambda study: study["models"]["small"]["network"].pop("way"),
         ["models.small.network.way is missing"]),
        (lambda study: study["models"]["small"].update(schedules={"cpu": {"default": {}}}),
         ["models.small.schedules", "a derived network", "is never trained; remove it"]),
        (lambda study: study["derived"].pop(CELL),
         [f"derived.{CELL}: the cell is missing", f"origin: {TRAINED}, reads: {READS}}}"]),
        (listed("derived", CELL, {**FULL, "origin": AGAIN}),
         [f"derived.{CELL}: expected", f"origin: {TRAINED}"]),
        (listed("derived", CELL, {**FULL, "reads": "data/raw"}), [f"reads: {READS}}}", "correct"]),
        (listed("derived", TRAINED, {**FULL, "model": "simple_cnn"}),
         [f"derived.{TRAINED}: models.simple_cnn is not derived"]),
        (listed("derived", "small-usps", {**FULL, "dataset": "usps"}),
         ["derived.small-usps.dataset = 'usps': unknown"]),
        (listed("derived", "tiny-digits", FULL), ["derived.tiny-digits", "called 'small-digits'"]),
        (listed("cells", AGAIN, {"model": "smaller", "dataset": "mnist"}),
         [f"cells.{AGAIN}.dataset = 'mnist'"]),
        (listed("runs", CELL, ENTRY), [f"runs.{CELL}", "a derived network, which is never train"]),
        (listed("compared", CELL, {**ENTRY, "run": TRAINED}), [f"compared.{CELL}", "no other run"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_with_what_to_write(
    tmp_path: Path, change: Any, words: list[str]
) -> None:
    study = content()
    change(study)
    with pytest.raises(UserError) as refused:
        loaded(tmp_path, study)
    for word in words:
        assert word in str(refused.value), refused.value


@pytest.mark.parametrize(
    ("way", "what"),
    [
        ({"by": "calibrate"}, "by = 'calibrate'"),
        ({"by": "prune", "sparsity": 0.5, "epochs": 0, "calibrate": True}, "calibrate"),
    ],
)
def test_a_saved_network_leaves_no_images_to_calibrate_with(
    tmp_path: Path, way: dict[str, Any], what: str
) -> None:
    study, origin = test_saved.content(), test_saved.CELL
    study["models"]["calm"] = {"network": {"architecture": "derived", "origin": "bees", "way": way}}
    entry = {"model": "calm", "dataset": "digits", "origin": origin, "reads": READS}
    study["derived"] = {"calm-digits": entry}
    with pytest.raises(UserError, match=rf"way\.{what}: {origin} is a saved network"):
        loaded(tmp_path, study)
    if way["by"] == "prune":
        way["calibrate"] = False
        assert loaded(tmp_path, study).derived


@pytest.mark.parametrize("images", [0, 101])
def test_faithfulness_is_of_some_images_and_of_no_more_than_are_in_memory(
    tmp_path: Path, images: int
) -> None:
    study = content()
    study["compare_derived"]["faithful_images"] = images
    with pytest.raises(UserError, match=rf"compare_derived\.faithful_images = {images}: "):
        loaded(tmp_path, study)


def test_an_origin_on_another_dataset_is_no_origin(tmp_path: Path) -> None:
    study = content()
    other = shrunken_params("simple_cnn-mnist")
    study["datasets"] |= other["datasets"]
    study["derived"]["small-mnist"] = FULL | {"dataset": "mnist", "origin": "simple_cnn-mnist"}
    with pytest.raises(UserError, match=r"the cell 'simple_cnn-mnist'.*add it to cells"):
        loaded(tmp_path, study)
    study["derived"]["small-mnist"]["origin"] = TRAINED
    with pytest.raises(UserError, match=r"expected .*origin: simple_cnn-mnist"):
        loaded(tmp_path, study)
