"""The page on the crosscheck, and what other pages say of it."""

import copy

from heatproof.report import rendering, study
from heatproof.report.pages import libraries
from heatproof.report.sections import crosscheck
from heatproof.storage import artifacts, paths
from tests.report import crosscheck_results, read_pages
from tests.report.built_site import built
from tests.report.fixture import CELLS


def rendered(params) -> tuple[str, str]:
    """The page of the results in the current folder: its HTML, and its text."""
    values = libraries.context(study.collect(params)) | {"root": ""}
    html = rendering.environment().get_template("libraries.html").render(values)
    return html, " ".join(read_pages.parse(html).text.split())


def test_every_verdict_with_its_numbers_and_reason(small_study) -> None:
    html, text = rendered(small_study)
    assert "On 2 networks of this study" in text
    assert "shap 0.51.0, scikit-learn 1.9.1" in text
    assert "differ without a known reason" in text, "of LIME"
    assert "receptive field" in text and "Araujo et al. 2019" in text
    assert "0.994" in text and "-0.5000" in text.replace("−", "-")
    assert "&lt;b&gt;LookupError" in html and "no &lt;rule&gt;" in html
    assert "0.0021" in text and "0.061" in text
    assert "180 figures" in text
    assert "Occlusion" in text, "which none of the libraries has"
    for method in crosscheck_results.CONTENT["checks"]:
        assert f'id="check-{method}"' in html


def test_maps_that_a_library_computed_are_told(small_study) -> None:
    assert "engine: library" not in rendered(small_study)[1]
    content = artifacts.read_metrics("explain_perturbation", CELLS[0])
    engines = {"engines": {"lime": "lime 0.2.0.1"}}
    artifacts.write_metrics("explain_perturbation", CELLS[0], content | engines)
    made = built()
    assert "but for LIME (lime 0.2.0.1), whose maps" in " ".join(
        made["libraries.html"].text.split()
    )
    for page in ("methods.html", f"cells/{CELLS[0]}.html"):
        assert "LIME (lime 0.2.0.1)" in made[page].text


def test_figures_that_are_wrong_are_named(small_study) -> None:
    content = copy.deepcopy(crosscheck_results.CONTENT)
    wrong = [{"name": "accuracy", "own": 0.9, "other": 0.875}]
    content["checks"]["figures"] |= {"verdict": "differs", "wrong": wrong}
    artifacts.write_metrics("crosscheck", CELLS[0], content)
    assert "accuracy: 0.900000, scikit-learn 0.875000" in rendered(small_study)[1]


def test_a_study_of_an_earlier_version_says_what_to_do(small_study) -> None:
    for name in CELLS:
        paths.metrics("crosscheck", name).unlink()
    html, text = rendered(small_study)
    assert "heatproof update" in text and "<table" not in html
    collected = study.collect(small_study)
    assert not any("crosscheck" in path for path in collected.cells[0].missing)
    assert libraries.anchor(collected, "lime") == ""
    assert libraries.anchor(collected, "occlusion") == "unchecked"
    assert crosscheck.line({}) == ""


def test_a_method_and_a_check_that_are_gone_are_still_told(small_study) -> None:
    content = copy.deepcopy(crosscheck_results.CONTENT)
    content["checks"]["gone"] = {"library": "shap", "verdict": "of tomorrow", "rows": 1}
    artifacts.write_metrics("crosscheck", CELLS[0], content)
    html, text = rendered(small_study)
    assert 'id="check-gone"' in html and "unknown" in text


def test_a_cells_line() -> None:
    line = crosscheck.line(crosscheck_results.CONTENT)
    assert line.startswith("Of 7 computations 2 agree with their libraries, 2 differ by their")
    assert line.endswith("1 should agree and does not.")
    whole = {"verdicts": {"agrees": 1, "unserved": 2}, "checks": {}}
    assert crosscheck.line(whole) == (
        "Of 3 computations 1 agrees with its library and 2 have libraries that cannot serve them; "
        "none differs without a reason."
    )
    nothing, alone = {"verdicts": {}, "checks": {}}, {"verdicts": {"differs": 2}, "checks": {}}
    assert crosscheck.line(nothing) == ""
    assert crosscheck.line(alone) == "Of 2 computations 2 should agree and do not."


def test_every_method_links_to_where_it_is_checked(small_site, monkeypatch) -> None:
    monkeypatch.chdir(small_site)
    page = read_pages.read(paths.Path("reports/methods.html"))
    assert {"libraries.html#check-lime", "libraries.html#check-saliency"} <= set(page.links)
    cell = read_pages.read(paths.Path(f"reports/cells/{CELLS[0]}.html"))
    assert "libraries.html" in {link.rpartition("/")[2] for link in cell.links}
    assert "Computed rightly? Of 7 computations" in " ".join(cell.text.split())
