"""The page on experiments: read from what DVC really printed, and from made-up grids and maps."""

import json
import re
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from heatproof.report.pages import experiments
from heatproof.report.sections import grids, side_by_side
from heatproof.report.sections.outcomes import (
    Outcome,
    Pictures,
    Start,
    changed_cells,
)
from heatproof.storage.formats import write_record
from tests.report import read_pages
from tools import exp_files, exp_show

# Of a real sweep on a shrunken study: four experiments that ran, one that failed, one that waits.
RECORDED = Path(__file__).with_name("exp_show.json")
CELL = "baseline_cnn-digits"
NETWORK = "models.baseline_cnn.network."
FOLDER = Path("experiments")


def recorded() -> list[Start]:
    content = json.loads(RECORDED.read_text(encoding="utf-8"))
    return exp_show.starts(content, {content[0]["rev"]: "A study"}, content[0]["rev"])


def outcome(name: str, accuracy: float, **params: object) -> Outcome:
    figures = {"accuracy": accuracy, "accuracy_low": accuracy - 0.01, "test_images": 10_000}
    figures |= {"accuracy_high": accuracy + 0.01, "parameters": 1000.0, "macro_f1": accuracy}
    figures["majority_accuracy"] = 0.1
    figures |= {"train_seconds": 60.0, "ece": 0.02, "flops": 5000.0}
    return Outcome(name, order=name, params=dict(params), figures={CELL: figures})


def start(*found: Outcome, baseline: Outcome | None = None) -> Start:
    known = baseline or outcome("baseline", 0.9, a=1, b=1)
    return Start("f" * 40, "A study", True, known, found)


def written(*starts: Start) -> read_pages.Page:
    experiments.write(starts, FOLDER, Path("reports"))
    return read_pages.read(FOLDER / "index.html")


def test_a_real_sweep_is_read():
    (shown,) = recorded()
    by_name = {e.name: e for e in shown.experiments}
    assert by_name["digits-stride2-kernel4"].changes(shown.baseline) == {
        NETWORK + "kernel_size": (3, 4), NETWORK + "stride": (1, 2),
    }  # fmt: skip
    assert by_name["digits-stride2-kernel3"].figures[CELL]["accuracy"] == 0.091922
    assert (by_name["failing"].status, by_name["failing"].figures) == ("failed", {})
    assert (by_name["waiting"].status, by_name["waiting"].figures) == ("queued", {})
    weights = f"data/models/{CELL}.weights.h5"
    assert len({e.outputs[weights] for name, e in by_name.items() if "stride" in name}) == 4


def test_a_real_sweep_becomes_a_heat_table_that_names_failures(folder):
    page = written(recorded()[0])
    assert len(page.ids) == len(set(page.ids))
    html = (FOLDER / "index.html").read_text()
    assert html.count('class="matrix grid-table"') == 2, "accuracy, parameters"
    assert "4.5 % 2.6 to 6.6 %" in " ".join(re.sub("<[^>]*>", " ", html).split())
    assert page.text.count("no parameter") == 0
    assert "stride 1 → 5" in page.text
    assert "see dvc queue logs failing" in page.text
    assert "it waits in the queue" in page.text
    assert "No filters to show" in page.text
    assert "No maps to compare" in page.text
    assert "reports" not in " ".join(page.links)


def test_a_grid_is_found_with_its_intervals_and_its_best():
    found = [
        outcome(f"{a}{b}", 0.8 + a / 100 + b / 1000, a=a, b=b) for a in (1, 2, 3) for b in (1, 4)
    ]
    (grid,) = grids.grids(CELL, found, start().baseline)
    assert (grid.row, grid.column) == ("a", "b")
    assert (grid.row_values, grid.column_values) == (["1", "2", "3"], ["1", "4"])
    accuracy, parameters, _ = grid.tables.values()
    assert [square.text for square in accuracy[2]] == ["83.10 %", "83.40 %"]
    assert accuracy[2][1].detail == "82.40 to 84.40 %"
    assert [s.best for row in accuracy for s in row] == [False] * 5 + [True]
    assert accuracy[0][0].shade == "hit-0"
    assert accuracy[2][1].shade == "hit-5"
    assert not any(square.best for row in parameters for square in row)


def test_the_baseline_fills_its_place_and_a_later_run_replaces_an_earlier():
    found = [outcome("x", 0.8, a=1, b=2), outcome("y", 0.81, a=2, b=1)]
    found += [outcome("z1", 0.82, a=2, b=2), outcome("z2", 0.83, a=2, b=2)]
    (grid,) = grids.grids(CELL, found, start().baseline)
    names = [[square.tip for square in row] for row in grid.tables["Test accuracy"]]
    assert names == [["baseline", "x"], ["y", "z2"]]


def test_a_third_parameter_makes_a_grid_of_each_of_its_values():
    found = [
        outcome(f"{a}{b}{c}", 0.8, a=a, b=b, c=c) for a in (1, 2) for b in (1, 2) for c in "xy"
    ]
    baseline = outcome("baseline", 0.9, a=1, b=1, c="x")
    rests = [g.rest for g in grids.grids(CELL, found, baseline) if (g.row, g.column) == ("a", "b")]
    assert rests == [[("c", "x")], [("c", "y")]]


def test_one_parameter_makes_a_row_and_scattered_ones_no_grid():
    (grid,) = grids.grids(CELL, [outcome("x", 0.8, a=3, b=1)], start().baseline)
    assert (grid.row, grid.column, grid.row_values) == ("a", None, ["1", "3"])
    scattered = [outcome(str(n), 0.8, a=n, b=n) for n in range(2, 7)]
    assert grids.grids(CELL, scattered, start().baseline) == []


@pytest.mark.parametrize(
    ("figure", "value", "before", "expected"),
    [
        ("accuracy", 0.95, 0.9, "+5.00 points"),
        ("accuracy", 0.85, 0.9, "−5.00 points"),
        ("ece", 0.9, 0.9, "no change"),
        ("parameters", 500, 1000, "−50.0 %"),
        ("flops", 1500, 1000, "+50.0 %"),
        ("train_seconds", 5, 0, ""),
        ("accuracy", None, 0.9, ""),
        ("accuracy", 0.95, float("nan"), ""),
        ("macro_f1", 0.912, 0.9, "+0.012"),
    ],
)
def test_changes_have_a_sign(figure, value, before, expected):
    assert experiments.change(figure, value, before) == expected


def test_only_cells_that_an_experiment_changed_are_its_own():
    other = {"other-digits": {"accuracy": 0.5}}
    baseline = outcome("baseline", 0.9, a=1)
    baseline = replace(baseline, figures=baseline.figures | other)
    one = replace(outcome("one", 0.8, a=2), figures=outcome("one", 0.8).figures | other)
    idle = replace(baseline, name="idle", params={"a": 1, "z": 3})
    found = start(one, idle, baseline=baseline)
    assert {cell: [e.name for e in each] for cell, each in changed_cells(found).items()} == {
        CELL: ["one"]
    }
    section = experiments.section(found)
    assert [(each.name, why) for each, why in section["others"]] == [
        ("idle", "all figures are the baseline’s")
    ]
    assert [each.name for each in section["cells"][0]["outcomes"]] == ["baseline", "one"]


def test_no_experiments_are_no_error_and_the_report_is_linked(folder):
    page = written(start())
    assert "No experiments yet" in page.text
    (folder / "reports" / "cells").mkdir(parents=True)
    (folder / "reports" / "index.html").write_text("")
    (folder / "reports" / "cells" / f"{CELL}.html").write_text("")
    page = written(start(outcome("one", 0.8, a=2, b=1)))
    assert "../reports/index.html" in page.links
    assert f"../reports/cells/{CELL}.html" in page.links
    missing = [
        link for link in page.links if link.startswith("..") and not (FOLDER / link).exists()
    ]
    assert missing == [], "an older report has fewer pages"
    assert "79.00 to 81.00 %majority class 10.00 %" in page.text


def test_what_dvc_cannot_read_is_shown_with_its_error():
    content = [
        {"rev": "workspace", "data": None},
        {"rev": "b" * 40, "data": None, "error": {"msg": "no such\nfile"}, "experiments": None},
        {"rev": "a" * 40, "data": {}, "experiments": [
            {"revs": [], "name": None, "executor": None},
            {"revs": [{"rev": "c" * 40, "data": None, "error": {"msg": "it broke"}}], "name": "x",
             "executor": {"state": "failed"}},
            {"revs": [{"rev": "d" * 40, "data": {"params": {"params.yaml": {"error": {}}},
             "metrics": {"metrics/evaluate/m-d.json": {"data": [1]}, "odd": None}}}], "name": "y"},
        ]},
    ]  # fmt: skip
    first, second = exp_show.starts(content, {}, "a" * 40)
    assert first.current
    assert second.baseline.note == "no such file"
    notes = {e.name: (e.status, e.note) for e in first.experiments}
    assert notes["x"] == ("failed", "it broke")
    assert notes["y"] == ("done", "its params.yaml cannot be read")
    experiments.section(first)


def test_folds_are_no_cells_of_their_own() -> None:
    metrics = {
        f"metrics/evaluate/{run}.json": {"data": {"accuracy": 0.5, **low}}
        for run, low in ((CELL, {"accuracy_low": 0.4}), (f"{CELL}-fold1of5", {}))
    }
    content = [{"rev": "a" * 40, "data": {"params": {}, "metrics": metrics}}]
    (only,) = exp_show.starts(content, {}, "a" * 40)
    assert list(only.baseline.figures) == [CELL]


HOSTILE = "<script>alert(1)</script>\x01{{ 7 * 7 }}" + "unbroken" * 30


def test_hostile_names_stay_text(folder):
    bad = replace(outcome(HOSTILE, 0.8, **{HOSTILE: HOSTILE, "a": 2}), note=HOSTILE)
    figures = {f"{HOSTILE}/../x": bad.figures[CELL]}
    page = written(start(bad, replace(bad, name="b", figures={}), replace(bad, figures=figures)))
    assert page.tags.count("script") == 1
    assert "<script>alert(1)" in page.text
    assert not [key for key, _ in page.attributes if key.startswith("on")]
    assert {p.name for p in FOLDER.iterdir()} == {"index.html"}


def test_filters_and_maps_stand_side_by_side(folder):
    random = np.random.default_rng(0)
    found = []
    for number, name in enumerate(("one", "two", "gone")):
        images = random.integers(0, 256, (3, 8, 8, 1)).astype(np.uint8)
        seen = Pictures(
            filters={"conv2d": random.normal(size=(4, 3, 3, 1))},
            images=images, index=np.array([5, 7, 7 + number]), method="gradcam",
            maps=random.random((3, 8, 8)).astype(np.float32),
        )  # fmt: skip
        if name == "gone":
            seen = Pictures(missing=exp_files.NOT_THERE)
        found.append(replace(outcome(name, 0.8 - number / 10, a=number), pictures={CELL: seen}))
    page = written(start(*found))
    assert set(page.pictures) == {"images/0-0-filters.png", "images/0-0-maps.png"}
    assert all((FOLDER / picture).is_file() for picture in page.pictures)
    assert page.pictures.count("images/0-0-filters.png") == 2 * 4
    assert page.pictures.count("images/0-0-maps.png") == 3 * 2, "images 5 and 7, and two maps each"
    assert "not in DVC’s cache" in page.text
    assert "80.00 %−10.00 points 79.00 to 81.00 %" in page.text
    before = read_pages.contents(FOLDER)
    written(start(*found))
    assert read_pages.contents(FOLDER) == before
    assert side_by_side.maps(CELL, found[2:]) is None


def test_training_time_and_the_number_of_images_come_from_the_cache(tmp_path):
    contents = {
        f"data/metrics/evaluate/{CELL}.json": {"test_images": 359, "accuracy": 1},
        f"data/timing/train/{CELL}.json": {"train_seconds": 7.5, "run": {}},
    }
    outputs = {path: f"{number}" * 32 for number, path in enumerate(contents)}
    assert exp_files.details(CELL, outputs, tmp_path) == {}
    for path, content in contents.items():
        write_record(
            exp_files.cached(tmp_path, outputs[path]), content, f"{Path(path).parent.name}@{CELL}"
        )
    expected = {"test_images": 359, "train_seconds": 7.5}
    assert exp_files.details(CELL, outputs, tmp_path) == expected
    exp_files.cached(tmp_path, "0" * 32).write_text("{")
    assert exp_files.details(CELL, outputs, tmp_path) == {"train_seconds": 7.5}


def test_first_filters_and_maps_come_from_the_cache(tmp_path):
    outputs = {f"data/models/{CELL}.weights.h5": "ab" + "0" * 30}
    outputs[f"data/explanations/{CELL}/gradients.npz"] = "cd" + "0" * 30
    assert exp_files.pictures(CELL, outputs, tmp_path).missing == exp_files.NOT_THERE
    assert exp_files.pictures(CELL, {}, tmp_path).missing == "no weights are recorded"
    for path in (exp_files.cached(tmp_path, md5) for md5 in outputs.values()):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"broken")
    assert "cannot be read" in exp_files.pictures(CELL, outputs, tmp_path).missing
    weights, maps = (exp_files.cached(tmp_path, md5) for md5 in outputs.values())
    kernels = {"conv2d": (3, 3, 1, 8), "conv2d_1": (3, 3, 8, 4), "conv2d_2": (5, 5, 1, 2)}
    with h5py.File(weights, "w") as file:
        for name, shape in kernels.items():
            file[f"layers/{name}/vars/0"] = np.arange(np.prod(shape), dtype=np.float32).reshape(
                shape
            )
        file["layers/dense/vars/0"] = np.zeros((4, 4))
    np.savez(
        maps.with_suffix(".npz"), image_index=np.array([4, 4, 6]), target=np.array([1, 2, 0]),
        predicted=np.array([2, 2, 0]), images=np.zeros((3, 5, 5, 1), np.uint8),
        **{"map/saliency": np.zeros((3, 5, 5)), "map/gradcam": np.ones((3, 5, 5))},
    )  # fmt: skip
    maps.with_suffix(".npz").rename(maps)
    seen = exp_files.pictures(CELL, outputs, tmp_path)
    assert {name: bank.shape for name, bank in seen.filters.items()} == {
        "conv2d": (8, 3, 3, 1), "conv2d_2": (2, 5, 5, 1),
    }  # fmt: skip
    assert seen.filters["conv2d"][3, 0, 1, 0] == 8 + 3
    assert (seen.method, seen.index.tolist(), seen.maps.max()) == ("gradcam", [4, 6], 1.0)
