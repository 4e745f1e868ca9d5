"""A cell on other images: its page, the overview and the page on explanations."""

from dataclasses import replace

import pytest

from heatproof.report import rendering, site, study
from heatproof.report.pages import cell, overview, trust
from heatproof.report.sections import domains_summary
from heatproof.storage import artifacts, paths
from tests.report import built_site, domain_results, read_pages

CELL, OTHER = "simple_cnn-digits", "usps"


@pytest.fixture
def asked(small_study):
    return domain_results.asked(small_study, CELL, OTHER)


@pytest.fixture
def written(asked):
    domain_results.write(asked, CELL, OTHER)
    return study.collect(asked)


def page(template, values):
    html = rendering.environment().get_template(template).render(values | {"root": "../"})
    return html, read_pages.parse(html)


def cells_page(collected, name=CELL):
    result = next(each for each in collected.cells if each.name == name)
    values, files = cell.context(collected, result)
    return (*page("cell.html", values), files)


def test_a_cells_page_shows_accuracy_maps_and_pictures(written):
    html, shown, files = cells_page(written)
    found = artifacts.read_metrics("evaluate_corrupted", CELL)
    mean = 100 * found["mean_corruption_accuracy"]
    assert (
        f"and {mean:.1f} % (" in shown.text
        and "60 test images, each corrupted in 2 ways" in shown.text
    )
    for words in ("Accuracy by severity", "Agreement with the clean map, Grad-CAM",
                  "None (clean)", "Gaussian noise", "JPEG", "On usps", "Right answers",
                  "Wrong answers"):  # fmt: skip
        assert words in shown.text
    assert "clean: 0" in shown.text and "5: " in shown.text
    assert "#domains" in shown.links and "#term-domain" in html
    assert "no &lt;b&gt;" in html, "what files say is escaped"
    assert files["-domains"].startswith(b"\x89PNG")
    assert " style=" not in html


def test_wider_maps_of_wrong_answers_are_in_bold(written):
    found = artifacts.read_metrics("evaluate_on", f"{CELL}-on-{OTHER}")["maps"]["gradcam"]
    assert found["entropy_share"]["wrong"]["difference"] == pytest.approx(0.2, abs=0.01)
    assert found["entropy_share"]["wrong"]["p_adjusted"] < 0.05
    html, _, _ = cells_page(written)
    shown = round(found["entropy_share"]["wrong"]["difference"], 6)
    assert f'class="number strong" data-value="{shown}"' in html


def test_every_link_and_picture_of_the_site_is_there(written):
    # Also where nothing was assessed: the overview links to the page on explanations.
    cells = tuple(replace(each, assess={}) for each in written.cells)
    site.build(replace(written, cells=cells), built_site.REPORTS)
    built_site.check(built_site.pages())


def test_a_cell_that_is_not_tried_has_no_such_section(written):
    _, shown, files = cells_page(written, "baseline_cnn-digits")
    assert "#domains" not in shown.links and "-domains" not in files


def test_what_is_asked_for_and_not_there_is_named(asked):
    collected = study.collect(asked)
    _, shown, files = cells_page(collected)
    assert "#domains" in shown.links and "On other images" in shown.text
    assert "-domains" not in files
    missing = next(each.missing for each in collected.cells if each.name == CELL)
    assert paths.metrics("evaluate_corrupted", CELL).as_posix() in missing
    assert paths.metrics("evaluate_on", f"{CELL}-on-{OTHER}").as_posix() in missing
    for template, values in (("index.html", overview), ("trust.html", trust)):
        _, shown = page(template, values.context(collected))
        assert "Not computed yet." in shown.text


def test_a_study_that_asks_for_none_says_nothing_of_it(small_study):
    _, shown = page("index.html", overview.context(study.collect(small_study)))
    assert "On other images" not in shown.text


def test_the_overview_and_the_page_on_explanations_sum_it_up(written):
    _, shown = page("index.html", overview.context(written))
    rows = domains_summary.answers(written)
    assert [row["title"] for row in rows] == [domains_summary.CORRUPTED, OTHER]
    assert all(f"{100 * row['accuracy']:.1f} %" in shown.text for row in rows)
    _, shown = page("trust.html", trust.context(written))
    assert "Maps on other images" in shown.text
    statements = dict(domains_summary.statements(domains_summary.maps(written)))
    text = statements["Do maps of wrong answers differ?"]
    assert (
        text.startswith("In 4 of 10 comparisons")
        and "Most often by Entropy: higher in 2, lower in 0." in text
    )
    # The gap was made to be the accuracy.
    assert "in 2 of 2 cases" in statements["Does trust fall with accuracy?"]


def test_nothing_is_said_of_maps_where_there_are_none():
    assert domains_summary.statements([]) == []
