"""The page "draw, look, erase": its data, and the files of networks beside it."""

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from heatproof.config.params import Params
from heatproof.report import rendering, site, study
from heatproof.report.pages import playground
from heatproof.storage import artifacts
from heatproof.storage.records import Dataset
from tests.report import fixture, playground_results
from tests.report.built_site import REPORTS, built, check

CELL, OTHER = fixture.CELLS
PAGE = "playground.html"


def values(params: Params) -> dict[str, Any]:
    """Return the values of the page's template, and write the networks' files."""
    results = study.collect(params)
    return playground.context(results, *site.networks_of_playground(results, REPORTS), rows=[])


def page_data() -> dict[str, Any]:
    text = (REPORTS / PAGE).read_text(encoding="utf-8")
    return json.loads(re.search(r'id="playground-data">(.*?)</script>', text, re.DOTALL)[1])


def tiles(sheet: dict[str, Any]) -> list[np.ndarray]:
    """Return the images of a sheet."""
    content = base64.b64decode(sheet["src"].removeprefix("data:image/png;base64,"))
    picture = np.asarray(Image.open(io.BytesIO(content)))
    height, width, channels = sheet["size"]
    parts = (picture[:, i * width : (i + 1) * width] for i in range(len(sheet["labels"])))
    return [part.reshape(height, width, channels) for part in parts]


def test_a_network_has_a_file_of_its_own_and_another_the_reason_why_not(
    small_study: Params,
) -> None:
    playground_results.write(CELL, fixture.digits().class_names)
    playground_results.refuse(OTHER)
    made = built()
    check(made)
    script = (REPORTS / "playground" / f"{CELL}.js").read_text(encoding="utf-8")
    content = json.loads(re.fullmatch(r"playground\.receive\((.*)\);\n", script)[1])
    examples = content.pop("examples")
    assert content == playground_results.record(CELL, fixture.digits().class_names)
    explained = artifacts.read_explanations(CELL, "gradients")
    assert examples["rows"] == sorted({*explained.image_index.tolist()})
    for row, tile in zip(examples["rows"], tiles(examples), strict=True):
        np.testing.assert_array_equal(tile, artifacts.read_dataset("digits").test_images[row])
    assert not (REPORTS / "playground" / f"{OTHER}.js").exists()
    assert playground_results.WHY_NOT in made[PAGE].text
    [network] = page_data()["networks"]
    assert (network["name"], network["file"]) == (CELL, f"playground/{CELL}.js")
    assert network["bytes"] == len(script)
    verdict = study.collect(small_study).cells[0].verdict
    assert [each["method"] for each in network["verdicts"]] == list(verdict.methods)


def test_test_images_are_those_of_the_dataset(small_study: Params) -> None:
    playground_results.write(CELL, fixture.digits().class_names)
    images = values(small_study)["data"]["datasets"]["digits"]["images"]
    assert images["labels"] == [str(digit) for digit in range(10)]
    stored = artifacts.read_dataset("digits")
    for label, (row, tile) in enumerate(zip(images["rows"], tiles(images), strict=True)):
        assert row == int(np.flatnonzero(stored.test_labels == label)[0])
        np.testing.assert_array_equal(tile, stored.test_images[row])


def test_of_large_images_there_are_fewer() -> None:
    random = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3)).astype(np.uint8)
    labels, names = np.arange(20), tuple(map(str, range(20)))
    dataset = Dataset(random[:0], labels[:0], random, labels, names)
    many = playground._test_images(dataset, 10**6)
    assert len(many["labels"]) == playground.MOST_IMAGES
    few = playground._test_images(dataset, 10_000)
    assert 1 <= len(few["labels"]) < len(many["labels"])
    assert len(few["src"]) < 10_000 * 4 / 3 + 100
    assert len(playground._test_images(dataset, 1)["labels"]) == 1


@pytest.mark.parametrize("refused", [False, True])
def test_a_study_without_networks_to_run_says_so(small_study: Params, refused: bool) -> None:
    if refused:
        playground_results.refuse(CELL)
        playground_results.refuse(OTHER)
    static = {"static": rendering.static(), "root": "", "here": "playground"}
    page = rendering.page(rendering.environment(), "playground.html", values(small_study) | static)
    said = "can be run in a page; below is why" if refused else "heatproof repro makes"
    assert said in page
    assert page.count("<canvas") == page.count("<form") == 0
    assert page.count("its images have &lt;b&gt;224") == 2 * refused
    assert not list(Path(REPORTS).rglob("*.js"))
