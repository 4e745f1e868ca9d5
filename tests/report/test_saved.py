"""The report of networks that were opened from a file: it says so, and nothing of a training."""

import re
import shutil
from pathlib import Path

import pytest

from heatproof.storage import artifacts, paths
from tests import overlay
from tests.report.built_site import built, check
from tests.report.fixture import CELLS

OPENED = {
    "file": "net.keras",
    "sha256": "ab" * 32,
    "done": ["the softmax at its end was taken off: explanations are of logits"],
    "labelled_images": 60,
    "right": 0.55,
    "remarks": ["With the scaling tf, 90.0 % of 60 labelled pictures would be right."],
}


def save(*cells: str) -> None:
    """Make saved networks of some cells, in params.yaml and in the results."""
    content = overlay.read(Path("params.yaml"))
    for cell in cells:
        entry = content["cells"][cell]
        content["models"][entry["model"]] = {
            "network": {"architecture": "saved", "file": "/home/me/net.keras", "scaling": "tf"}
        }
        content["saved"][cell] = {**entry, "file": "/home/me/net.keras"}
        for place in ("runs", "shuffled", "compared"):
            content[place] = {
                name: each
                for name, each in content[place].items()
                if each["model"] != entry["model"]
            }
        for path in (
            paths.metrics("train", cell),
            paths.history(cell),
            paths.timing("train", cell),
        ):
            path.unlink()
        artifacts.write_metrics("open", cell, OPENED)
        evaluated = artifacts.read_metrics("evaluate", cell)
        artifacts.write_metrics("evaluate", cell, evaluated | {"flops": None})
    overlay.write(Path("params.yaml"), content)


def test_beside_a_trained_one_each_says_its_own(small_study) -> None:
    save(CELLS[0])
    pages = built()
    check(pages)
    opened, trained = (pages[f"cells/{cell}.html"] for cell in CELLS)
    assert "Opened, not trained here" in opened.text and "Training curves" not in opened.text
    assert "no sanity check by shuffled labels" in opened.text
    assert "The softmax at its end was taken off" in opened.text
    assert "With the scaling tf, 90.0 %" in opened.text, "what is implausible comes before all else"
    assert "Accuracy on the training part" in opened.text
    assert "Some results are missing" not in opened.text and "/home/me" not in opened.text
    assert "Training curves" in trained.text and "Opened, not" not in trained.text
    index = pages["index.html"].text
    assert "2 networks: 2 models on 1 dataset." in index
    assert "1 network was opened from a file, not trained here." in index
    assert "Training curves" in index and "Schedules" in index


def test_alone_there_is_nothing_of_trainings(small_study) -> None:
    save(*CELLS)
    shutil.rmtree(paths.metrics("train", "x").parent)
    pages = built()
    check(pages)
    index = pages["index.html"].text
    assert "All networks were opened from a file, not trained here." in index
    for text in ("Training curves", "Schedules", "training run", "trained network"):
        assert text not in index, text
    guide = pages["guide.html"].text
    assert "Compare training with test accuracy" not in guide
    assert "it is not known on which images it was trained" in guide


@pytest.mark.parametrize("there", [True, False])
def test_before_it_is_opened_the_page_says_so(small_study, there: bool) -> None:
    save(CELLS[0])
    path = paths.metrics("open", CELLS[0])
    if not there:
        path.unlink()
    page = built()[f"cells/{CELLS[0]}.html"].text
    assert ("Not opened yet" in page) == (path.as_posix() in page) == (not there)


def test_of_a_black_box_each_method_and_measure_that_cannot_serve_is_named(small_study) -> None:
    save(CELLS[0])
    reason = "the network’s layers are needed, and an ONNX file gives nothing but predictions"
    for family in ("features", "counterfactual"):
        names = {"class_names": artifacts.read_findings(CELLS[0], family)["class_names"]}
        artifacts.write_findings(CELLS[0], family, names)
        artifacts.write_metrics(f"explain_{family}", CELLS[0], {"unsupported": reason})
    explained = artifacts.read_metrics("explain_gradients", CELLS[0])
    refused = {method: {"unsupported": reason} for method in explained["methods"]}
    artifacts.write_metrics("explain_gradients", CELLS[0], explained | {"methods": refused})
    assess = artifacts.read_metrics("assess", CELLS[0])
    left = {name: each for name, each in assess["measures"].items() if "randomised" not in name}
    unmeasured = {"randomisation": reason, "randomised_entropy": reason}
    artifacts.write_metrics(
        "assess", CELLS[0], assess | {"measures": left, "unmeasured": unmeasured}
    )
    pages = built()
    check(pages)
    text = pages[f"cells/{CELLS[0]}.html"].text
    assert re.search(rf"Grad-CAM.* are not available: {reason}", text)
    assert text.count(f"Not possible: {reason}.") == 2 and "Not computed yet" not in text
    assert f"not measured. T{reason[1:]}" in text
    assert "nor is there one by random weights, since its weights cannot be seen" in text
