"""A cell's page with training images behind predictions, and whether they are to be believed."""

from heatproof.report.sections import influence_section
from heatproof.storage import artifacts
from tests.report import influence_results
from tests.report.cell_page import page

CELL = "simple_cnn-digits"


def test_it_shows_what_was_found_and_how_far_to_believe_it(small_study):
    influence_results.write(CELL)
    html, shown, files = page(influence_results.asked(small_study, CELL), CELL)
    for words in ("Of 3 wrong predictions, 1 has a training picture of another label",
                  "and 2 one of the true class among the 2 nearest", "rank 0.44, by chance 0.50",
                  "say little of it", "5,000 of the 54,001 images that it was trained on",
                  "≠ 9, 4.0 %", "None does.", "2, predicted 5, 12.5 %",
                  "Predicted <i> (99.0 %), is 0"):  # fmt: skip
        assert words in shown.text, words
    assert "#influence" in shown.links and "#term-influence" in html
    assert files["-influence"].startswith(b"\x89PNG")
    assert "logits<b>" not in html and "<i>," not in html
    alt = "Speak most against it: training image 11, label 9, not the class predicted"
    assert html.count(alt) == 4, "of five predictions nothing speaks against the last"


def test_what_is_said_follows_the_figures():
    metrics = influence_results.metrics()
    proponents = metrics["check"]["proponents"]
    said = influence_section.belief(metrics["check"])
    assert "say little of it: they are no more like" in said
    assert "their rank is 0.98: they are what the network has fitted least." in said
    proponents |= {"size": 0.6, "resemblance": 0.55}
    said = influence_section.belief(metrics["check"])
    assert said.endswith("their rank is 0.60.") and "they are hardly more like" in said
    proponents["resemblance"] = 0.7
    assert "are more like the test picture" in influence_section.belief(metrics["check"])
    proponents["resemblance"] = 0.95
    assert "are nearly the most like" in influence_section.belief(metrics["check"])
    metrics |= {"wrong_images": 1, "wrong_other_label": 0}
    assert "Of 1 wrong prediction, 0 have" in influence_section.finding(metrics)
    metrics["wrong_images"] = 0
    assert "No prediction that is explained here is wrong" in influence_section.finding(metrics)


def test_a_network_without_a_dense_last_layer_says_so(small_study):
    asked = influence_results.asked(small_study, CELL)
    artifacts.write_metrics("explain_influence", CELL, {"unsupported": "it is <a file>"})
    _, shown, files = page(asked, CELL)
    assert "Not possible: it is <a file>." in shown.text and "-influence" not in files


def test_without_it_there_is_no_section(small_study):
    html, _, _ = page(small_study, CELL)
    assert 'id="influence"' not in html
