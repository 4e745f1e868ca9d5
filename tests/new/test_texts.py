"""A new study's files are cut from the repository's own."""

from dataclasses import replace
from pathlib import Path

import pytest

from heatproof.config import params
from heatproof.config.yaml_file import read_yaml
from heatproof.new.texts import Contents, params_text, pipeline_text, sections
from tests.scratch import ROOT

PARAMS, PIPELINE = ((ROOT / name).read_text("utf-8") for name in ("params.yaml", "dvc.yaml"))
SOURCE = """  birds:
    fetch: {source: image_folder, reads: /pictures, size: [96, 64], colour: rgb}
    preprocess: {test_fraction: 0.2}
    normalisation: auto
    augmentation: objects
"""
STUDY = Contents("paper", {"birds": SOURCE}, ("mobilenet_v2", "simple_cnn"), {})


def loaded(folder: Path, study: Contents) -> params.Params:
    path = folder / "params.yaml"
    path.write_text(params_text(PARAMS, study), encoding="utf-8")
    return params.load(path)


def test_sections_are_the_whole_text() -> None:
    assert "".join(sections(PARAMS).values()) == PARAMS
    parts = sections("# head\na: 1  # one\n# on b\n\nb:\n  c: 2\n  # on d\n  d: 3\n")
    assert parts == {"a": "# head\na: 1  # one\n", "b": "# on b\n\nb:\n  c: 2\n  # on d\n  d: 3\n"}
    assert sections("  c: 2\n  # on d\n  d: 3\n", indent=2) == {
        "c": "  c: 2\n",
        "d": "  # on d\n  d: 3\n",
    }


def test_it_has_its_own_cells_and_the_published_values(tmp_path: Path) -> None:
    study, real = loaded(tmp_path, STUDY), params.load(ROOT / "params.yaml")
    assert study.budget == "paper"
    assert list(study.cells) == list(study.runs) == ["mobilenet_v2-birds", "simple_cnn-birds"]
    assert list(study.datasets) == ["birds"] and not study.assess.foreground
    assert not (study.shuffled or study.compared or study.published)
    for name, model in study.models.items():
        assert model.network == real.models[name].network
        assert model.schedules["cpu"]["default"] == real.models[name].schedules["cpu"]["default"]
        assert all(list(rows) == ["default"] for rows in model.schedules.values())
    assert study.evaluate == real.evaluate and study.training == real.training
    assert study.explain == real.explain
    text = (tmp_path / "params.yaml").read_text("utf-8")
    assert "make " not in text and "# Every training." in text
    assert "there is none" not in text, "that is so of the published study"


def test_a_schedule_of_its_own_is_that_budgets(tmp_path: Path) -> None:
    study = loaded(tmp_path, replace(STUDY, schedules={"simple_cnn": "{epochs: 9}"}))
    assert study.run("simple_cnn-birds").schedule.epochs == 9
    assert list(study.models["simple_cnn"].schedules["cpu"]) == ["default"]
    assert "birds" not in study.models["mobilenet_v2"].schedules["paper"]


def test_a_dataset_of_ones_own_may_have_a_published_name(tmp_path: Path) -> None:
    own = replace(STUDY, datasets={"digits": SOURCE.replace("birds", "digits")})
    study = loaded(tmp_path, own)
    assert not study.assess.foreground
    for model in study.models.values():
        assert all(list(rows) == ["default"] for rows in model.schedules.values())
    published = loaded(tmp_path, replace(own, datasets={"digits": None}))
    assert published.assess.foreground == ["digits"]
    assert published.run("simple_cnn-digits").schedule.batch_size == 32


def test_classes_may_be_balanced_and_models_cross_validated(tmp_path: Path) -> None:
    changed = replace(
        STUDY, balance=("class_weights", r"ants\1 are rare"), folds={"simple_cnn": (2, [None, 43])}
    )
    study = loaded(tmp_path, changed)
    assert study.training.balance == "class_weights"
    text = (tmp_path / "params.yaml").read_text("utf-8")
    assert "  # ants\\1 are rare\n  balance: class_weights      # of classes" in text
    runs = [(run.name, run.seed, run.fold) for run in study.fold_runs("simple_cnn-birds")]
    assert runs == [
        ("simple_cnn-birds-fold1of2", 42, 1),
        ("simple_cnn-birds-fold2of2", 42, 2),
        ("simple_cnn-birds-seed43-fold1of2", 43, 1),
        ("simple_cnn-birds-seed43-fold2of2", 43, 2),
    ]
    assert not study.fold_runs("mobilenet_v2-birds")


def test_few_images_are_runs_of_every_cell_and_seed(tmp_path: Path) -> None:
    other = SOURCE.replace("birds", "cats")
    more = replace(
        STUDY,
        datasets={"birds": SOURCE, "cats": other, "digits": None},
        models=("simple_cnn",),
        schedules={"simple_cnn": "{epochs: 9}"},
        few_images=([20, 1], [None, 43]),
    )
    study = loaded(tmp_path, more)
    assert list(study.cells) == [f"simple_cnn-{name}" for name in ("birds", "cats", "digits")]
    assert {study.run(cell).schedule.epochs for cell in study.cells} == {9}
    for cell in study.cells:
        assert [run.name for run in study.seed_runs(cell)] == [cell, f"{cell}-seed43"]
        few = [(run.train_images_per_class, run.seed) for run in study.few_image_runs(cell)]
        assert few == [(1, 42), (1, 43), (20, 42), (20, 43)]


@pytest.mark.parametrize("claims", [False, True])
def test_the_stages_are_those_of_the_repository(tmp_path: Path, claims: bool) -> None:
    (tmp_path / "dvc.yaml").write_text(pipeline_text(PIPELINE, claims), encoding="utf-8")
    stages = read_yaml(tmp_path / "dvc.yaml")["stages"]
    real = read_yaml(ROOT / "dvc.yaml")["stages"]
    assert stages.pop("fingerprint") == {
        **{key: value for key, value in real.pop("fingerprint").items() if key != "deps"},
        "always_changed": True,
    }
    if not claims:
        assert real.pop("claims")
        real["report"]["deps"].remove("data/claims.json")
    assert stages == real
