"""Many images in blocks: whoever computes them, in whatever order, the same bytes are joined."""

import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from heatproof.attribution import explaining
from heatproof.attribution.core import blocks
from heatproof.config import params
from heatproof.storage import artifacts, paths, resuming
from heatproof.storage.blocks import Kept
from heatproof.trust import measuring
from tests import overlay, small_cell
from tests.scratch import ROOT, environment, shrunken_params

CELL = "simple_cnn-digits"
# Images of a block, for these tests; that are assessed; of which slow methods make maps again.
SIZE, ASSESSED, SLOW = 5, 12, 7
EXPLAINED = {
    "images": {"right_per_class": 1, "wrong_per_class": 1},
    "gradients": {"saliency": {}},
    "perturbation": {"lime": {"samples": 10}},
}
MEASURES = {
    **{name: {} for name in ("localisation", "simplicity")},
    "faithfulness": {"steps": 3},
    "road": {"steps": 2, "images": SLOW},
    "infidelity": {"samples": 3, "noise": 0.2},
    "randomisation": {"steps": 1, "smooth_samples": 1, "smooth_noise": 0.1},
}
# Another process, which computes what its arguments say: stage, family, block.
WORKER = f"""
import sys
from heatproof.run import runtime
runtime.choose_kernels()
from heatproof.attribution.core import blocks
blocks.IMAGES = {SIZE}
from stages import explain, measure
for each in sys.argv[1:]:
    stage, family, block = each.split()
    sys.argv = [stage, "--cell", "{CELL}", "--family", family, "--block", block]
    {{"explain": explain, "measure": measure}}[stage].main()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study's folder with a cell whose images are explained and assessed in three blocks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(blocks, "IMAGES", SIZE)
    shutil.copyfile(ROOT / "dvc.yaml", "dvc.yaml")
    content = shrunken_params(CELL)
    content["explain"] |= EXPLAINED
    content["assess"] |= {
        "images": ASSESSED, "slow_methods": {"images": SLOW}, "measures": MEASURES,
    }  # fmt: skip
    overlay.write(Path("params.yaml"), content)
    small_cell.write_cell(CELL, 8, 1, mistaken=lambda predicted: np.arange(len(predicted)) % 3 == 0)
    return tmp_path


def explain(family: str, kept: bool = True) -> bytes:
    """Explain as the stage does; return what it wrote."""
    where = Kept(f"explain_{family}", CELL) if kept else None
    find = partial(explaining.attributions, kept=where)
    explaining.explain(params.load(), CELL, family, find)
    if where:
        where.finish()
    return _written(paths.explanations(CELL, family), paths.metrics(f"explain_{family}", CELL))


def measure(family: str, kept: bool = True) -> bytes:
    """Measure as the stage does; return what it wrote."""
    where = Kept(f"measure_{family}", CELL) if kept else None
    measuring.measure(params.load(), CELL, family, where)
    if where:
        where.finish()
    places = [paths.trust(CELL, part) for part in (family, artifacts.COMMON)]
    return _written(*places, paths.metrics(f"measure_{family}", CELL))


def _written(*places: Path) -> bytes:
    return b"".join(place.read_bytes() for place in places)


def test_the_bytes_are_those_of_one_go(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    maps, values = explain("gradients", kept=False), measure("gradients", kept=False)
    assert not resuming.BLOCKS.exists()
    # Another process computes some, in another order.
    work = ["explain gradients 2", "measure gradients 1", "explain gradients 7"]
    done = subprocess.run(
        [sys.executable, "-c", WORKER, *work], cwd=folder, check=True, capture_output=True,
        text=True, env=environment(PYTHONPATH=str(ROOT)),
    )  # fmt: skip
    assert "4 blocks of images: no block 7, numbered from 0" in done.stdout
    assert [each.name for each in Kept("explain_gradients", CELL).folder.iterdir()] == ["2.npz"]
    # And this one the others.
    explaining.explain_block(params.load(), CELL, "gradients", 1, Kept("explain_gradients", CELL))
    capsys.readouterr()
    assert explain("gradients") == maps and measure("gradients") == values
    computed = [line for line in capsys.readouterr().out.splitlines() if line.endswith("computed")]
    assert computed == [
        f"explain_gradients@{CELL}: block 1 of 4 computed",
        f"explain_gradients@{CELL}: block 4 of 4 computed",
        f"measure_gradients@{CELL}: block 1 of 3 computed",
        f"measure_gradients@{CELL}: block 3 of 3 computed",
    ]
    assert not any(resuming.BLOCKS.iterdir()), "what is joined is not needed any more"


def test_blocks_tell_what_one_go_over_all_images_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for size in (SIZE, 256):
        monkeypatch.setattr(blocks, "IMAGES", size)
        for family in ("gradients", "perturbation"):
            explain(family, kept=False)
            measure(family, kept=False)
        arrays = artifacts.read_trust(CELL, ("gradients", "perturbation", artifacts.COMMON))
        metrics = artifacts.read_metrics("measure_perturbation", CELL)
        found.append((artifacts.read_maps(CELL, ("gradients", "perturbation")), arrays, metrics))
    (maps, arrays, metrics), (maps_at_once, arrays_at_once, metrics_at_once) = found
    assert len(maps.target) > len(set(maps.image_index)) > 2 * SIZE, "wrong images have two rows"
    for method, each in maps_at_once.maps.items():
        np.testing.assert_allclose(maps.maps[method], each, rtol=1e-3, atol=1e-4, err_msg=method)
    assert arrays.keys() == arrays_at_once.keys()
    for name, each in arrays_at_once.items():
        assert arrays[name].shape == each.shape, name
        np.testing.assert_allclose(arrays[name], each, rtol=0.02, atol=0.02, err_msg=name)
    # Of a slow method a block has them all, the next a part, and the last none.
    assert len(arrays["value/randomised_spearman/lime"]) == metrics["slow_images"] == SLOW
    assert len(arrays["value/randomised_spearman/saliency"]) == ASSESSED
    assert len(arrays["value/road_gap/lime"]) == SLOW
    assert metrics["road"].keys() == metrics_at_once["road"].keys()
    assert metrics["masks"] == metrics_at_once["masks"]
    for name in ("cascade", "independent"):
        assert len(metrics[name]) == len(metrics_at_once[name]) > 0
        for step, other in zip(metrics[name], metrics_at_once[name], strict=True):
            assert step["layer"] == other["layer"]
            assert step["spearman"] == pytest.approx(other["spearman"], abs=0.02)
