"""Files of blocks: what was computed is not computed again, unless it is of something else."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from heatproof.attribution.core.blocks import IMAGES, at_most, bounds
from heatproof.storage import paths, resuming
from heatproof.storage.blocks import Block, Kept
from tests import overlay
from tests.scratch import ROOT, shrunken_params

CELL = "simple_cnn-digits"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Kept]:
    """A study's folder, and what gives the blocks of a stage as a process of its own sees them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(resuming.KEEPS, raising=False)
    shutil.copyfile(ROOT / "dvc.yaml", "dvc.yaml")
    overlay.write(Path("params.yaml"), shrunken_params(CELL))
    for path in (paths.weights(CELL), paths.predictions(CELL)):
        path.parent.mkdir(parents=True)
        path.write_text("as evaluated")
    return lambda: Kept("explain_gradients", CELL)


def computing(ran: list[int], ends_at: int | None = None) -> Callable[[int], Block]:
    def compute(number: int) -> Block:
        if number == ends_at:
            raise KeyboardInterrupt
        ran.append(number)
        return Block({"map/saliency": np.full(3, number / 3)}, {"seconds": number / 7})

    return compute


def test_an_interrupted_stage_resumes_with_the_blocks_that_it_had(kept) -> None:
    ran: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        list(kept().all(4, computing(ran, ends_at=2)))
    blocks = list(kept().all(4, computing(ran)))
    assert ran == [0, 1, 2, 3], "each once"
    assert [block.record["seconds"] for block in blocks] == [n / 7 for n in range(4)], "to the bit"
    assert [block.arrays["map/saliency"][0] for block in blocks] == [n / 3 for n in range(4)]
    kept().finish()
    assert not kept().folder.exists()


def test_until_dvc_has_recorded_the_stage_they_stay(kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(resuming.KEEPS, "1")
    ran: list[int] = []
    list(kept().all(2, computing(ran)))
    kept().finish()
    list(kept().all(2, computing(ran)))
    assert ran == [0, 1]
    resuming.forget_blocks("explain_perturbation@simple_cnn-digits")
    resuming.forget_blocks("train@simple_cnn-digits")
    assert kept().folder.exists(), "it is another stage's"
    resuming.forget_blocks(f"explain_gradients@{CELL}")
    assert not kept().folder.exists()


def seed(content: dict) -> None:
    content["seed"] = 43


def samples(content: dict) -> None:
    content["explain"]["gradients"]["smoothgrad"]["samples"] = 5


@pytest.mark.parametrize("change", [seed, samples, paths.weights(CELL), paths.predictions(CELL)])
def test_blocks_of_something_else_are_not_taken(kept, change, capsys) -> None:
    ran: list[int] = []
    list(kept().all(2, computing(ran)))
    if isinstance(change, Path):
        change.write_text("made again")
    else:
        content = shrunken_params(CELL)
        change(content)
        overlay.write(Path("params.yaml"), content)
    list(kept().all(2, computing(ran)))
    assert ran == [0, 1, 0, 1]
    assert "0.npz: damaged, or of other weights, parameters or code; computed again" in (
        capsys.readouterr().out
    )


def test_what_the_stage_does_not_depend_on_may_change(kept) -> None:
    ran: list[int] = []
    list(kept().all(2, computing(ran)))
    content = shrunken_params(CELL)
    content["assess"]["bootstrap_samples"] = 101
    overlay.write(Path("params.yaml"), content)
    list(kept().all(2, computing(ran)))
    assert ran == [0, 1]


def test_a_damaged_block_and_one_under_another_number_are_computed_again(kept) -> None:
    ran: list[int] = []
    list(kept().all(3, computing(ran)))
    content = kept().path(0).read_bytes()
    kept().path(1).write_bytes(content)
    kept().path(2).write_bytes(content[:-100])
    blocks = list(kept().all(3, computing(ran)))
    assert ran == [0, 1, 2, 1, 2]
    assert [block.record["seconds"] for block in blocks] == [n / 7 for n in range(3)]


def test_a_single_block_is_kept_in_no_file_but_taken_from_one(kept) -> None:
    ran: list[int] = []
    list(kept().all(1, computing(ran)))
    assert ran == [0] and not kept().folder.exists()
    kept().write(0, computing([])(0))
    list(kept().all(1, computing(ran)))
    assert ran == [0], "another process had computed it"


def test_an_images_rows_stay_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heatproof.attribution.core.blocks.IMAGES", 2)
    of = lambda *index: [(b.start, b.stop) for b in bounds(np.array(index, np.int64))]  # noqa: E731
    assert of() == [(0, 0)]
    assert of(5) == [(0, 1)]
    assert of(5, 5, 0, 0) == [(0, 4)]
    assert of(0, 5, 5, 3, 1, 1, 2) == [(0, 3), (3, 6), (6, 7)]
    assert [at_most(images) for images in (0, 2, 3, 4, 5)] == [1, 1, 2, 2, 3]


def test_all_images_of_the_published_study_are_one_block() -> None:
    assert max(200, shrunken_params(CELL)["explain"]["images"]["max"]["best"]) <= IMAGES
