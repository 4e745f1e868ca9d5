"""The section on provenance: one machine, several, changed parameters, no record."""

import json
import shutil
from pathlib import Path
from typing import get_args

from heatproof.config import params
from heatproof.report.provenance import BUDGETS, MAX_FILES, MAX_PARAMETERS, summary
from heatproof.storage import paths
from heatproof.storage.formats import sha256_of
from stages import report
from tests.report import provenance_records as records
from tests.report import read_pages
from tests.report.fixture import CELLS

FIRST, SECOND = CELLS
REPORTS = Path("reports")


def overview() -> read_pages.Page:
    report.main()
    return read_pages.read(REPORTS / "index.html")


def test_every_budget_is_put_in_words() -> None:
    assert set(BUDGETS) == set(get_args(params.Budget))


def test_one_machine_and_one_commit_are_shown_once() -> None:
    runs = [("train", FIRST, 0, 0), ("evaluate", FIRST, 0, 0)]
    made = summary(records.content(runs, [records.CLEAN], [records.MACHINE]))
    (source,) = made["sources"]
    assert (source["commit"], source["count"], source["results"]) == (records.COMMIT, 2, [])
    facts = {label: values for label, values, _ in made["rows"]}
    assert facts["Processor"] == ["A Processor of 2.6 GHz"]
    assert facts["Vector instructions"] == ["AVX2, AVX-512"]
    assert facts["Memory"] == ["24 GiB"]
    assert facts["GPU"] == ["none"]
    assert facts["TensorFlow"] == ["2.21.0"]
    assert facts["oneDNN kernels"] == ["on"]
    assert facts["Environment variables"] == ["TF_XLA_FLAGS=--tf_xla_auto_jit=2"]
    assert not any(differs for *_, differs in made["rows"])


def test_environments_stand_apart_with_what_they_do_not_share() -> None:
    other = records.MACHINE | {
        "gpus": ["X", "Y"],
        "cpu": None,
        "libraries": {"keras": "3.15.1"},
    }
    explained = ("explain_perturbation", SECOND, 0, 1)
    runs = [("train", FIRST, 0, 0), ("train", SECOND, 0, 1), explained]
    made = summary(records.content(runs, [records.CLEAN], [records.MACHINE, other]))
    facts = {label: (values, differs) for label, values, differs in made["rows"]}
    assert facts["GPU"] == (["none", "X and Y"], True)
    assert facts["Processor"][0] == ["A Processor of 2.6 GHz", "not recorded"]
    assert facts["TensorFlow"][0] == ["2.21.0", "not recorded"]
    assert not facts["Keras"][1]
    explained = [f"training of {SECOND}", f"perturbation explanations of {SECOND}"]
    assert made["environments"] == [
        {"count": 1, "results": [f"training of {FIRST}"]},
        {"count": 2, "results": explained},
    ]


def test_code_that_no_commit_of_the_study_has_is_named_by_its_own_version(small_study) -> None:
    own = records.MACHINE | {"libraries": {"heatproof": "1.2.3, commit 0123456789abc"}}
    older = records.MACHINE | {"libraries": {"heatproof": "1.2.2"}}
    loose = {"commit": None, "changed": [], "parameters": []}
    runs = [("train", FIRST, 0, 0), ("evaluate", FIRST, 0, 0), ("train", SECOND, 0, 1)]
    records.write(records.content(runs, [loose], [own, older]))
    text = overview().text
    assert (
        "heatproof 1.2.3, commit 0123456789abc; 1.2.2; the study is in no commit of git’s" in text
    )
    assert "code version unknown" not in text
    runs = [("train", FIRST, 0, 0)]
    records.write(records.content(runs, [records.CLEAN], [own]))
    both = f"commit {records.COMMIT[:12]}… (heatproof 1.2.3, commit 0123456789abc), code and"
    assert both in overview().text


def test_long_lists_are_cut_and_the_rest_is_counted() -> None:
    parameters = [{"key": f"k{i}", "committed": "1", "used": "2"} for i in range(100)]
    source = records.CLEAN | {
        "changed": [f"f{i}" for i in range(100)],
        "parameters": parameters,
    }
    many = [source | {"commit": f"{i:040x}"} for i in range(30)]
    machines = [records.MACHINE | {"cores": i + 1} for i in range(9)]
    runs = [("train", f"cell{i}", i, i % 9) for i in range(30)]
    made = summary(records.content(runs, many, machines))
    assert made["sources"][0]["changed"][-1] == f"{100 - MAX_FILES} more"
    assert made["sources"][0]["left_out"] == 100 - MAX_PARAMETERS
    assert len(made["sources"]) + made["more_sources"] == 30
    assert len(made["environments"]) + made["more_environments"] == 9


def test_the_overview_shows_it_and_every_page_links_to_it(small_study) -> None:
    runs = [("train", FIRST, 0, 0), ("train", SECOND, None, None)]
    made = records.content(runs, [records.CLEAN], [records.MACHINE])
    records.write(made)
    page = overview()
    for text in (
        f"commit {records.COMMIT[:12]}…, code and parameters as committed.",
        "1 result without a record of code and machine.",
        "A Processor of 2.6 GHz",
        f"{sha256_of(paths.processed('digits'))[:12]}…",
    ):
        assert text in page.text, text
    assert "do not compare durations" not in page.text
    assert json.loads((REPORTS / "provenance.json").read_text())["runs"] == made["runs"]
    for path in REPORTS.rglob("*.html"):
        root = "../" if path.parent.name != REPORTS.name else ""
        links = read_pages.read(path).links
        assert {f"{root}index.html#provenance", f"{root}provenance.json"} <= set(links), path


def test_changed_parameters_and_several_machines_are_shown(small_study) -> None:
    records.write(records.hostile(FIRST, SECOND))
    page = overview()
    for text in (
        "Parameters that differ from the committed ones",
        "datasets.birds.fetch a</code> <script>",
        "models.<b> missing 1",
        "seed {{ 7 * 7 }} missing",
        "code version unknown (git had no commit of it)",
        "do not compare durations between environments",
        "Environment 2: 1 result",
    ):
        assert text in page.text, text
    assert page.tags.count("script") == 1
    assert not {"img", "i"} & set(page.tags)
    assert not [key for key, _ in page.attributes if key.startswith("on")]


def test_without_a_record_the_page_states_it_and_offers_no_file(small_study) -> None:
    shutil.rmtree(paths.DATA / "timing")
    page = overview()
    assert page.text.count("Not recorded") == 2
    assert "provenance.json" not in " ".join(page.links)
    assert not (REPORTS / "provenance.json").exists()
