"""The page on what layers keep: what the figures say, and the pictures beside it."""

from pathlib import Path

from heatproof.report import site, study
from heatproof.report.sections import layers_section
from heatproof.storage import artifacts
from tests.report import inversion_results, read_pages

CELL = "simple_cnn-digits"


def test_the_page_is_linked_and_shows_what_was_found(small_study, tmp_path: Path) -> None:
    inversion_results.write(CELL)
    collected = study.collect(inversion_results.asked(small_study, CELL))
    site.build(collected, tmp_path / "reports")
    html = (tmp_path / f"reports/layers/{CELL}.html").read_text(encoding="utf-8")
    shown = read_pages.parse(html)
    for words in ("Up to conv<b>2 an image can be found again, but for 0.12",
                  "Untrained it goes less far, to conv_1", "The search ended early",
                  "an error of 0.20 is left", "so training put some of the class into them",
                  "Style of all layers: conv_1, conv<b>2", "style loss 0.75 before, 0.12 after",
                  "Plain grey 0.250"):  # fmt: skip
        assert words in shown.text, words
    assert html.count("The search ended early") == 1
    assert "conv<b>2" not in html and "<i>" not in html
    # Originals, others, three layers twice, a content, two styles, two variants twice.
    assert len(shown.pictures) == 2 + 2 + 3 * 4 + 1 + 2 + 2 * 4
    assert set(shown.pictures) == {f"../images/{CELL}-layers.png"}
    assert (tmp_path / f"reports/images/{CELL}-layers.png").exists()
    cell = read_pages.read(tmp_path / f"reports/cells/{CELL}.html")
    assert f"../layers/{CELL}.html" in cell.links and "#layers" in cell.links
    assert "Up to conv<b>2 an image can be found again" in cell.text
    assert f"layers/{CELL}.html" in read_pages.read(tmp_path / "reports/index.html").links


def test_a_network_that_shows_no_layers_says_so(small_study, tmp_path: Path) -> None:
    artifacts.write_metrics("explain_inversion", CELL, {"unsupported": "it is <a file>"})
    collected = study.collect(inversion_results.asked(small_study, CELL))
    site.build(collected, tmp_path / "reports")
    for page in ("cells", "layers"):
        shown = read_pages.read(tmp_path / f"reports/{page}/{CELL}.html")
        assert "Not possible: it is <a file>." in shown.text


def test_the_finding_follows_the_figures() -> None:
    metrics = inversion_results.metrics()
    for layer in metrics["layers"]:
        layer["untrained_pixels"] = layer["pixels"]
    said = layers_section.finding(metrics)
    assert "from logits it cannot: 0.40" in said and "the same layers keep it" in said
    metrics["layers"][2] |= {"pixels": 0.2, "untrained_pixels": 0.2}
    assert "from logits only in part: 0.20" in layers_section.finding(metrics)
    for layer in metrics["layers"]:
        layer["pixels"] = 0.1
    said = layers_section.finding(metrics)
    assert said.startswith("All layers keep enough") and "differs by at most 0.10" in said
    metrics["layers"][0] |= {"pixels": 0.2, "untrained_pixels": 0.2}
    assert layers_section.finding(metrics).startswith("Not even conv_1 keeps enough")
    assert layers_section.finding({}) == ""


def test_what_gram_matrices_hold_is_said_with_its_doubt() -> None:
    style = inversion_results.metrics()["style"]
    assert "for 50.0 % of 200 test images in conv<b>2, and for 25.0 %" in (
        layers_section.style_finding(style)
    )
    style["layers"][1]["trained"]["nearest"] = 0.3
    assert "cannot tell from chance" in layers_section.style_finding(style)
    style["layers"][1]["untrained"]["nearest"] = 0.6
    assert "took some of the class out" in layers_section.style_finding(style)
    assert layers_section.style_finding({}) == ""
