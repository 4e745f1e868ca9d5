"""The part of a cell's page on trust, from the files of a cell of known values."""

import numpy as np
import pytest

from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.report import rendering, study
from heatproof.report.charts import heat
from heatproof.report.pages import cell as cell_page
from heatproof.report.sections import cell_trust
from heatproof.storage import artifacts, paths
from tests.report import fixture, read_pages

CELL = "simple_cnn-digits"


def section(params, **changes):
    if changes:
        content = artifacts.read_metrics("assess", CELL)
        artifacts.write_metrics("assess", CELL, content | changes)
    (result,) = (c for c in study.collect(params).cells if c.name == CELL)
    return cell_trust.section(params, result)


def rendered(params):
    collected = study.collect(params)
    (result,) = (c for c in collected.cells if c.name == CELL)
    values, _ = cell_page.context(collected, result)
    html = rendering.environment().get_template("cell.html").render(values | {"root": "../"})
    return html, read_pages.parse(html)


@pytest.mark.parametrize("mask", ["planted", "foreground", "boxes", None])
def test_the_ground_truths_columns_are_there_where_there_is_a_mask(folder, repository, mask):
    params = fixture.params_file(repository, {CELL: fixture.cell("simple_cnn", "digits")})
    fixture.write_cell(params, CELL, fixture.digits(), mask=mask)
    made = section(params)
    assert ("Ground truth" in dict(made["table"].groups)) == (mask is not None)
    assert bool(made["mask"]) == (mask is not None)
    assert ("correctness itself" in made["mask"]) == (mask == "planted")
    assert ("A box around" in made["mask"]) == (mask == "boxes")
    if mask is None:
        return
    assert "The chance level is 25.0 %" in made["mask"]
    assert f"1 image of {made['assess']['images']} without one is left out" in made["mask"]
    notes = {column.measure: column.note for column in made["table"].columns}
    assert notes["relevance_rank"] == "higher is better; chance 0.25"
    assert "chance" not in notes["gini"]


def test_every_number_of_the_table_is_the_metrics(small_study):
    content = artifacts.read_metrics("assess", CELL)
    content["measures"]["gini"]["saliency"] = {
        "mean": 0.777,
        "low": 0.71,
        "high": 0.83,
        "images": 20,
    }
    content["uninformative"] = {"gini": ["edges"]}
    artifacts.write_metrics("assess", CELL, content)
    html, page = rendered(small_study)
    assert "0.78" in page.text
    assert "0.71 to 0.83" in page.text
    text = "Gini (Simplicity): The edge filter ranks above most methods here: this column is uninf"
    assert text in page.text
    assert "Controls, which know nothing of the network" in page.text
    assert " style=" not in html
    assert "2 images only: LIME" in page.text


def test_methods_that_draw_the_same_map_without_learned_weights_are_named(small_study):
    content = artifacts.read_metrics("assess", CELL)["measures"]
    for name, mean in (("gradcam", 0.1), ("saliency", -0.75), ("lime", 0.71)):
        content["randomised_spearman"][name]["mean"] = mean
    content["randomised_spearman"]["edges"]["mean"] = 1.0
    text = section(small_study, measures=content)["weight_independent"]
    assert "Saliency (−0.75) and LIME (0.71) give" in text
    assert "Grad-CAM" not in text
    assert "Edge" not in text
    content["randomised_spearman"]["lime"]["mean"] = 0.7
    content["randomised_spearman"]["saliency"]["mean"] = None
    assert section(small_study, measures=content)["weight_independent"] == ""


def test_the_stability_of_the_ranking_is_stated_with_the_worst_pair(small_study):
    ranks = {"black": {"lime": {"rank": 1.0, "low": 1.0, "high": 2.5}}}
    ranking = {
        "infidelity": {
            "baselines": ranks,
            "tau": {"black/mean": 0.9, "black/blurred": 0.12, "mean/blurred": None},
            "survives": False,
        },
        "morf_lerf_gap": {"baselines": ranks, "tau": {"black/mean": 0.9}, "survives": True},
        "deletion_probability": {"baselines": {}, "tau": {"black/mean": None}, "survives": None},
    }
    made = section(small_study, ranking=ranking)
    by_label = {label: (verdict, text) for label, verdict, text in made["stability"]}
    assert by_label["Infidelity"][0] == "Unstable"
    assert "lowest tau is 0.12, black against blurred" in by_label["Infidelity"][1]
    assert by_label["MoRF–LeRF gap"][0] == "Stable"
    assert by_label["Deletion"][0] == "Unknown"
    values = [column.values["lime"] for column in made["ranks"].columns]
    assert [(v.text, v.detail) for v in values] == [("1.0", "1 to 2.5")] * 2


def test_agreement_is_in_the_reports_order(small_study):
    square = [[1, 0.2, 0.3], [0.2, 1, 0.4], [0.3, 0.4, 1]]
    both = {"spearman": square, "overlap": square}
    content = {"methods": ["lime", "saliency", "gradcam"], "grid": both, "full": both}
    first, *others = section(small_study, agreement=content)["agreement"]
    assert first.names == ("Saliency", "Grad-CAM", "LIME")
    assert [s.text for s in first.rows[0]] == ["", ".40", ".20"]
    assert first.rows[0][2] == heat.Square(".20", "hit-1")
    assert len(others) == 2


def test_the_cascade_starts_at_the_trained_network_and_leaves_the_controls_out(small_study):
    steps = [
        {"layers": 2, "spearman": {"gradcam": 0.5, "edges": 1.0}, "ssim": {}},
        {"layers": 6, "spearman": {"gradcam": 0.0, "edges": 1.0}, "ssim": {}},
    ]
    chart = section(small_study, cascade=steps, independent=[])["cascade"]
    (line,) = chart.lines
    assert line.path.startswith(f"M{chart.left:g} {chart.top:g}L")
    assert line.path.endswith(f"L{chart.right:g} {chart.bottom:g}")
    assert section(small_study, cascade=[], independent=[])["layers"] is None


def values(**more):
    label, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    return {"label": label, "predicted": predicted, **more}


def test_right_and_wrong_answers_are_averaged_apart():
    saco = np.array([0.2, 0.9, 0.4, np.nan], np.float32)
    slow = np.array([0.5], np.float32)  # of the first image only
    raw = values(**{"value/saco/saliency": saco, "value/saco/lime": slow})
    raw["value/gini/saliency"] = saco  # which decides nothing
    made = cell_trust.by_outcome(raw, 100, 1)
    assert [(c.group, c.label) for c in made.columns] == [
        ("SaCo", "correct"),
        ("SaCo", "incorrect"),
    ]
    correct, incorrect = (column.values for column in made.columns)
    assert (correct["saliency"].text, incorrect["saliency"].text) == ("0.30", "0.90")
    assert correct["lime"].text == "0.50"
    assert "lime" not in incorrect


def test_without_wrong_answers_there_is_nothing_to_set_apart():
    saco = np.array([0.2, 0.9, 0.4, 0.1], np.float32)
    raw = values(**{"value/saco/saliency": saco}) | {"predicted": np.array([0, 0, 1, 1])}
    assert cell_trust.by_outcome(raw, 100, 1) is None
    assert cell_trust.by_outcome({}, 100, 1) is None


def test_classes_are_named_by_their_true_label():
    gap = np.array([0.2, 0.4, 0.6, np.nan], np.float32)
    raw = values(**{"value/morf_lerf_gap/black/saliency": gap})
    (made,) = cell_trust.by_class(raw, ["cat", "dog"])
    assert [c.label for c in made.columns] == ["cat", "dog"]
    assert [c.values["saliency"].text for c in made.columns] == ["0.30", "0.60"]
    assert list(cell_trust.by_class({}, [])) == []


def test_the_curves_are_those_from_black_with_noise_beside(small_study):
    first, second = section(small_study)["curves"]
    assert [line.name for line in first.lines] == ["Saliency", "Grad-CAM", "LIME", "Noise"]
    assert first.lines[1].path.startswith(f"M{first.left:g} {first.top:g}L")
    assert second.title.startswith("Probability while they are inserted")


def test_a_cell_without_per_image_values_keeps_its_table(small_study):
    for family in STAGE_FAMILIES:
        paths.trust(CELL, family).unlink()
    made = section(small_study)
    assert made["table"] is not None
    assert (made["curves"], made["by_outcome"], made["by_class"]) == ([], None, [])
    _, page = rendered(small_study)
    assert "data/trust/simple_cnn-digits/gradients.npz" in page.text


def test_nothing_assessed_is_nothing_shown(small_study):
    paths.metrics("assess", CELL).unlink()
    assert not section(small_study)
