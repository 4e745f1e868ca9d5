"""A cell's page with concepts: what was found, beside what is known, and where nothing can be."""

from heatproof.storage import artifacts
from tests.report import concept_results
from tests.report.cell_page import page

CELL = "simple_cnn-digits"


def test_it_shows_what_was_found_beside_what_is_known(small_study):
    metrics = concept_results.write(CELL)
    assert metrics["concepts"]["strokes"]["truth"]["right"]
    assert metrics["concepts"]["dots <i>"]["truth"]["missed"] == ["0"]
    html, shown, files = page(concept_results.asked(small_study, CELL), CELL)
    for words in ("1 of 2 concepts whose truth is known", "as known", "missed", "all 4 tests",
                  "no concept in this layer", "importance 0.75, stability 1.00",
                  "25.0 % of the activations are below zero", "leave 30.0 % of the layer",
                  "1 of 2 layers"):  # fmt: skip
        assert words in shown.text, words
    assert "#concepts" in shown.links and "#term-concepts" in html
    assert files["-concepts"].startswith(b"\x89PNG")
    assert "conv<b>" not in html and "dots <i>" not in html and "<folder>" not in html
    # A map of each image in the layer where the concept is, and of all in the details.
    assert html.count("strokes in test image 3") == 3


def test_what_could_not_be_found_is_not_called_missed(small_study):
    metrics = concept_results.write(CELL)
    missed = metrics["concepts"]["dots <i>"]
    missed["truth"]["findable"] = False
    for each in missed["layers"].values():
        each["enough"] = False
    artifacts.write_metrics("explain_concepts", CELL, metrics)
    _, shown, _ = page(concept_results.asked(small_study, CELL), CELL)
    assert "nothing can be found with so few pictures" in shown.text
    assert "Nothing can be found with so few pictures: even if all 40 held-out" in shown.text
    assert "1 of 1 concept whose truth is known" in shown.text
    table = shown.text.split("Told from others in", 1)[1].split("Concept maps:")[0]
    assert "as known" in table and "missed" not in table


def test_a_network_that_shows_no_layers_says_so(small_study):
    asked = concept_results.asked(small_study, CELL)
    artifacts.write_metrics("explain_concepts", CELL, {"unsupported": "it is <a file>"})
    _, shown, files = page(asked, CELL)
    assert "Not possible: it is <a file>." in shown.text and "-concepts" not in files


def test_without_concepts_there_is_no_section(small_study):
    html, _, _ = page(small_study, CELL)
    assert 'id="concepts"' not in html
