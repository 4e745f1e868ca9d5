"""`heatproof new`: what is found is said, what suits is chosen, and the folder is a study."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heatproof.config import params
from heatproof.models import memory
from heatproof.new import (
    examples,
    folder,
    proposal,
    update,
)
from heatproof.run.errors import UserError
from heatproof.run.git import git
from tests import overlay
from tests.new.studies import made, pictures
from tools import repro


def test_small_grey_pictures(tmp_path: Path, monkeypatch, capsys) -> None:
    source = pictures(tmp_path / "ziffern 1", False, *[(20, 28)] * 4)
    assert made(monkeypatch, tmp_path / "My study", "--images", source) == 0
    said = capsys.readouterr().out
    assert said.startswith("8 pictures of 2 classes: class 0 4, class 1 4\n")
    assert "all 20×28 pixels; grey\n" in said
    assert "expected on this machine, an estimate from a few timed passes:\n" in said
    assert "simple_cnn-my_study: about 1 min 34 s (train 1 min 30 s, evaluate 4.0 s)\n" in said
    study = params.load(tmp_path / "My study" / "params.yaml")
    assert [cell.model for cell in study.cells.values()] == list(proposal._FOR_SMALL)
    # Of a class three are trained with, so there are three folds; two times of 3 * (60 + 10) s
    # would be more than five minutes.
    assert "my_study: cross-validated too (3 folds), about 3 min 30 s: fewer than 200" in said
    assert [run.name for run in study.fold_runs("simple_cnn-my_study")] == [
        f"simple_cnn-my_study-fold{fold}of3" for fold in (1, 2, 3)
    ]
    readme = (tmp_path / "My study" / "README.md").read_text("utf-8")
    assert "learning_rate=0.0005 evaluate@simple_cnn-my_study\n" in readme, "not each fold again"
    dataset = study.datasets["my_study"]
    assert (dataset.fetch.size, dataset.fetch.colour) == ([28, 20], "gray")
    assert dataset.fetch.reads == str(source)
    assert dataset.normalisation == "auto"
    assert dataset.augmentation.preset == "digits", "a mirrored digit is none"
    schedule = study.run("simple_cnn-my_study").schedule
    assert schedule.augment and schedule.decay == "cosine"
    assert schedule.epochs == 150, "of six pictures an epoch is one step"
    assert study.run("mobilenet_v2-my_study").schedule.decay == "one_cycle", "falls by itself"
    assert study.training.balance == "none"
    assert git("status", "--porcelain", folder=tmp_path / "My study") == ""


def test_photographs_of_many_sizes(tmp_path: Path, monkeypatch, capsys) -> None:
    source = pictures(tmp_path / "photos", True, (300, 200), (150, 210), (400, 120))
    assert made(monkeypatch, tmp_path / "s", "--images", source, "--models", "resnet18") == 0
    assert "150×120 to 400×210 pixels, the shorter side 150 (median); in colour" in (
        capsys.readouterr().out
    )
    study = params.load(tmp_path / "s" / "params.yaml")
    dataset = study.datasets["s"]
    assert (dataset.fetch.size, dataset.augmentation.preset) == ([96, 96], "objects")
    assert list(study.models) == ["resnet18"]
    monkeypatch.setattr(memory, "TRAINING_BYTES", 1)  # as if they were much larger
    options = ("--size", 64, "--budget", "best", "--models", "simple_cnn")
    assert made(monkeypatch, tmp_path / "t", "--images", source, *options) == 0
    study = params.load(tmp_path / "t" / "params.yaml")
    assert study.datasets["t"].fetch.size == [64, 64] and study.budget == "best"
    assert study.run("simple_cnn-t").schedule.batch_size == 1
    assert "simple_cnn-t: batch_size at most 1, so that training" in capsys.readouterr().out
    monkeypatch.setattr(proposal, "largest_batches", lambda _, cells, *__: dict.fromkeys(cells, 8))
    assert made(monkeypatch, tmp_path / "u", "--images", source, *options) == 0
    assert "at most" not in capsys.readouterr().out, "of six pictures eight are enough"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--images", "nowhere"], "--images nowhere: there is no such folder"),
        (["--images", ".", "--models", "resnet81"], "did you mean 'resnet18'?"),
        (
            ["--images", ".", "--budget", "quick"],
            "--budget quick: unknown; known: cpu, paper, best",
        ),
        (["--images", ".", "--size", "4000"], "--size 4000: expected 8 to 512"),
        (["--images", "empty", "--labels", "l.csv"], "--labels l.csv: there is no such file in"),
        (["--images", "none.npz"], "none.npz: 'images' uint8 (0, 28, 28): holds no image"),
        (["--images", "wide.npz"], "in params.yaml, or --value-range of `heatproof new`"),
        (["--images", "empty"], "there are no subfolders"),
        (["--images", "two/dog"], "it seems to be one of the classes; did you mean two?"),
        (["--images", "loose"], "1.png: beside the class folders; move it into one"),
        (["--images", ".."], "new: lies in the pictures' folder ..,"),
        (["--images", "one"], "one: all images are 'cat'; two classes are needed: add a subfolder"),
    ],
)
def test_a_mistake_is_a_line_and_makes_nothing(
    tmp_path: Path, monkeypatch, capsys, words: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    np.savez("none.npz", images=np.zeros((0, 28, 28), np.uint8), labels=np.zeros(0, int))
    np.savez("wide.npz", images=np.full((4, 28, 28), -0.5), labels=np.arange(4) % 2)
    for file in ("loose/train/1.png", "one/cat/1.png", "two/cat/1.png", "two/dog/1.png"):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).touch()
    (tmp_path / "loose" / "test").mkdir()
    assert made(monkeypatch, "new", *words) == 2
    told = capsys.readouterr().err
    assert message in told and told.startswith("error: ") and told.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_very_unequal_classes_are_balanced_and_it_is_said_why(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    source = pictures(tmp_path / "photos", True, (30, 30), (30, 30))
    for number in range(5):
        Image.new("RGB", (30, 30)).save(source / "class 1" / f"more {number}.png")
    assert made(monkeypatch, tmp_path / "s", "--images", source) == 0
    said = capsys.readouterr().out
    why = "'class 1' has 7 pictures, 'class 0' has 2: each class is served as often"
    assert f"training.balance: sampling, since {why}\n" in said
    assert "unbalanced: 'class 1' has 7 pictures, 'class 0' only 2; look at" in said
    assert f"  # {why}\n  balance: sampling           # of" in (
        (tmp_path / "s" / "params.yaml").read_text("utf-8")
    )
    study = params.load(tmp_path / "s" / "params.yaml")
    assert study.training.balance == "sampling"
    assert "evaluate@" not in (tmp_path / "s" / "README.md").read_text("utf-8")
    assert not study.fold_runs("simple_cnn-s"), "of class 0 one is left to train with"
    assert "cross-validated" not in said


def test_a_folder_with_something_in_it_is_kept(tmp_path: Path, monkeypatch, capsys) -> None:
    source = pictures(tmp_path / "photos", True, (30, 30), (30, 30))
    assert made(monkeypatch, source, "--images", source) == 2
    assert "it exists and is not empty" in capsys.readouterr().err
    assert {path.name for path in source.iterdir()} == {"class 0", "class 1"}


def test_a_path_goes_into_the_study_without_dots(tmp_path: Path, monkeypatch) -> None:
    for name in ("photos", "deep/down", "here"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "down")
    (tmp_path / "latest").symlink_to(tmp_path / "photos")
    monkeypatch.chdir(tmp_path / "here")
    assert folder.plain(Path("../photos")) == tmp_path / "photos"
    assert folder.plain(Path("../latest")) == tmp_path / "latest", "it may lead elsewhere later"
    assert folder.plain(Path("../link/../down")) == tmp_path / "deep" / "down", "not ../down"
    assert folder.plain(Path("../none")) == tmp_path / "none"


def test_the_current_folder_may_be_named(tmp_path: Path, monkeypatch) -> None:
    source = pictures(tmp_path / "photos", False, *[(20, 28)] * 4)
    (tmp_path / "Own").mkdir()
    monkeypatch.chdir(tmp_path / "Own")
    assert made(monkeypatch, ".", "--images", source) == 0
    assert list(params.load(params.PARAMS).datasets) == ["own"]
    assert not list(Path().glob(".own*")) and (tmp_path / "Own" / ".dvc" / "config").exists()


def test_in_a_git_repository_it_belongs_to_that(tmp_path: Path, monkeypatch, capsys) -> None:
    git("init", "-q", folder=tmp_path)
    source = pictures(tmp_path / "photos", True, (30, 30), (30, 30))
    assert made(monkeypatch, tmp_path / "inside", "--images", source) == 0
    assert "it lies in a git repository: commit it there" in capsys.readouterr().out
    assert not (tmp_path / "inside" / ".git").exists()
    (tmp_path / ".gitignore").write_text("/ignored/\n")
    assert made(monkeypatch, tmp_path / "ignored", "--images", source) == 0
    assert (tmp_path / "ignored" / ".git").exists()


def test_without_git_it_runs(tmp_path: Path, monkeypatch, capsys) -> None:
    source = pictures(tmp_path / "photos", True, (30, 30), (30, 30))
    monkeypatch.setenv("PATH", "")
    assert made(monkeypatch, tmp_path / "s", "--images", source) == 0
    assert "git is not installed here" in capsys.readouterr().out
    assert "no_scm = true" in (tmp_path / "s" / ".dvc" / "config").read_text()


@pytest.mark.parametrize("example", sorted(examples.EXAMPLES.glob("*/study.yaml")))
def test_every_example_is_a_study(tmp_path: Path, monkeypatch, capsys, example: Path) -> None:
    assert made(monkeypatch, tmp_path / "s", "--from", example.parent.name) == 0
    assert capsys.readouterr().out.endswith("s`, then `heatproof repro`\n")
    study = params.load(tmp_path / "s" / "params.yaml")
    assert len(study.cells) == len(study.datasets) * len(study.models)
    assert (tmp_path / "s" / "README.md").read_text() == (example.parent / "README.md").read_text()


LENET = "datasets: {digits: published}\nmodels: [lenet5]\n"


def test_an_example_of_ones_own(tmp_path: Path, monkeypatch, capsys) -> None:
    (tmp_path / "mine").mkdir()
    file = tmp_path / "mine" / "study.yaml"
    (tmp_path / "mine" / "README.md").write_text("Mine.")
    for text, message in (
        (
            "datasets: {digits: published}\nmodels: [resnet81]",
            "models: 'resnet81' is not in the repository's",
        ),
        ("datasets: {digit: published}\nmodels: [resnet18]", "did you mean 'digits'?"),
        ("datasets: {digits: published}", "study.yaml: models is missing"),
        (f"{LENET}images_per_class: [1, 5, 1]", "images_per_class = [1, 5, 1]: 1 is listed twice"),
        (f"{LENET}images_per_class: [0]", "images_per_class.0 = 0: should be greater"),
        (
            f"{LENET}images_per_class: [1]\ndraws: 0",
            "draws = 0: should be greater than or equal to 1",
        ),
        (f"{LENET}schedules: {{lenet5: {{epoch: 3}}}}", "epoch"),
    ):
        file.write_text(text)
        assert made(monkeypatch, tmp_path / "s", "--from", file.parent) == 2
        assert message in capsys.readouterr().err and not (tmp_path / "s").exists()
    file.write_text(
        f"{LENET}budget: best\nschedules: {{lenet5: {{epochs: 3}}}}\n"
        "images_per_class: [5, 1]\ndraws: 1"
    )
    assert made(monkeypatch, tmp_path / "s", "--from", file.parent) == 0
    study = params.load(tmp_path / "s" / "params.yaml")
    assert study.run("lenet5-digits").schedule.epochs == 3
    names = ["lenet5-digits", "lenet5-digits-1perclass", "lenet5-digits-5perclass"]
    assert list(study.runs) == names
    assert made(monkeypatch, tmp_path / "t", "--from", "nowhere") == 2
    assert "known: digits, shapes" in capsys.readouterr().err
    assert made(monkeypatch, tmp_path / "t") == 2


def test_stages_of_another_version_are_updated(tmp_path: Path, monkeypatch, capsys) -> None:
    assert made(monkeypatch, tmp_path / "s", "--from", "digits") == 0
    monkeypatch.chdir(tmp_path / "s")
    stages = Path("dvc.yaml").read_text("utf-8")
    update.main()
    said = capsys.readouterr().out
    assert "already" in said and "added" not in said
    for own in (f"# mine\n{stages}", f"{stages}\n  own:\n    cmd: ls\n"):
        Path("dvc.yaml").write_text(own)
        assert update.is_current(Path()), "stages of one's own disturb nothing"
    for old in ("stages: {}\n", "[]\n", stages.replace("images.npy", "images.npz")):
        Path("dvc.yaml").write_text(old)
        monkeypatch.setattr(sys, "argv", ["heatproof repro"])
        with pytest.raises(UserError, match="`heatproof update` writes them"):
            repro.main()
    Path("data/raw").mkdir(parents=True)
    Path("data/raw/digits.npz").touch()
    update.main()
    assert Path("dvc.yaml").read_text("utf-8") == stages
    assert "you may delete" in capsys.readouterr().out
    text = Path("params.yaml").read_text("utf-8")
    Path("params.yaml").write_text(
        text[: text.index("# A network on other images")] + "cells: {}\n"
    )
    update.main()
    assert (
        "added crosscheck, saved, derived, members, domains, corrupted, evaluate_on"
        in capsys.readouterr().out
    )
    added = overlay.read(Path("params.yaml"))
    assert added["domains"] == overlay.read(folder.REPOSITORY / "params.yaml")["domains"]
    assert added["corrupted"] == added["evaluate_on"] == added["cells"] == {}
    monkeypatch.chdir(folder.REPOSITORY)
    with pytest.raises(UserError, match="expected a study that `heatproof new` made"):
        update.main()
