"""What assess_shuffled collected stands among a cell's other measures."""

import numpy as np
import pytest

from heatproof.config.runs import ComparedRun
from heatproof.report import study
from heatproof.report.sections import cell_trust
from heatproof.storage import artifacts, paths
from tests.report import fixture

CELL = "simple_cnn-digits"
MEASURE = "shuffled_spearman"


@pytest.fixture
def params(folder, repository):
    made = fixture.params_file(repository, {CELL: fixture.cell("simple_cnn", "digits")})
    fixture.write_cell(made, CELL, fixture.digits())
    run = ComparedRun(model="simple_cnn", dataset="digits", run=f"{CELL}-shuffled9")
    return made.model_copy(update={"shuffled": {CELL: run}})


def result(params):
    return study.collect(params).cells[0]


def test_without_it_its_files_are_what_is_missing(params):
    collected = result(params)
    assert collected.missing == (paths.metrics("assess_shuffled", CELL).as_posix(),)
    assert MEASURE not in collected.assess["measures"] and collected.assess["measures"]


def test_its_measures_join_the_others(params):
    before = result(params)
    summary = {"mean": 0.25, "low": 0.125, "high": 0.5, "images": 3}
    methods = dict.fromkeys(before.assess["measures"]["gini"], summary)
    content = {"measures": {MEASURE: methods}, "uninformative": {MEASURE: ["edges"]}}
    artifacts.write_metrics("assess_shuffled", CELL, content)
    each = np.array([0.125, 0.5, 0.125], np.float32)
    index = before.trust()["image_index"]
    arrays = {"image_index": index, f"value/{MEASURE}/saliency": each}
    artifacts.write_trust(CELL, "shuffled", arrays)
    collected = result(params)
    assert not collected.missing
    assert set(collected.assess["measures"]) == {*before.assess["measures"], MEASURE}
    assert collected.assess["uninformative"] == before.assess["uninformative"] | {
        MEASURE: ["edges"]
    }
    assert set(collected.trust()) == {*before.trust(), f"value/{MEASURE}/saliency"}
    table = cell_trust.section(params, collected)["table"]
    assert any("Shuffled labels" in column.label for column in table.columns)
