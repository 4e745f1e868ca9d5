import pytest

from heatproof.report import study
from heatproof.report.sections import key_findings
from heatproof.storage import artifacts
from tests.report import fixture

SIMPLE, BASELINE = "simple_cnn-digits", "baseline_cnn-digits"


def changed(cell, **figures):
    content = artifacts.read_metrics("evaluate", cell)
    artifacts.write_metrics("evaluate", cell, content | figures)


def by_title(params):
    return {each.title: each for each in key_findings.key_findings(study.collect(params))}


def figures(accuracy, half, flops):
    return {"accuracy": accuracy, "accuracy_low": accuracy - half, "accuracy_high": accuracy + half,
            "flops": flops}  # fmt: skip


def test_a_cheaper_network_beside_the_best_is_named_with_its_saving(small_study):
    changed(SIMPLE, **figures(0.94, 0.02, 1_000_000))
    changed(BASELINE, **figures(0.95, 0.01, 57_000_000))
    text = by_title(small_study)["Accuracy for its cost"].text
    assert text == (
        "On digits, simple_cnn (94.0 %, 92.0 to 96.0 %) needs 57× fewer operations than the most "
        "accurate network, baseline_cnn (95.0 %, 94.0 to 96.0 %), and their intervals overlap."
    )


def test_without_an_overlapping_network_the_gain_is_stated(small_study):
    changed(SIMPLE, **figures(0.80, 0.01, 1_000_000))
    changed(BASELINE, **figures(0.95, 0.01, 3_000_000))
    text = by_title(small_study)["Accuracy for its cost"].text
    assert text.startswith("On no dataset does a cheaper network’s interval overlap")
    assert "needs 3.0× more operations than simple_cnn" in text
    assert text.endswith("for 15.0 percentage points.")


def test_the_most_accurate_may_also_be_the_cheapest(small_study):
    changed(SIMPLE, **figures(0.95, 0.01, 1_000_000))
    changed(BASELINE, **figures(0.80, 0.01, 3_000_000))
    assert "both the most accurate network and the one with the fewest operations" in (
        by_title(small_study)["Accuracy for its cost"].text
    )


def reliability(count, confidence, accuracy):
    return [{"low": 0.9, "high": 1.0, "count": count, "confidence": confidence,
             "accuracy": accuracy}]  # fmt: skip


def test_the_surest_wrong_network_is_named_and_linked(small_study):
    changed(SIMPLE, ece=0.01, reliability=reliability(200, 0.98, 0.97))
    changed(BASELINE, ece=0.05, reliability=reliability(400, 0.98, 0.90))
    finding = by_title(small_study)["Confidently wrong"]
    assert finding.text.startswith(
        "baseline_cnn on digits is wrong on 10.0 % of the 400 test images with a confidence of "
        "90 % or more (95 % interval 7.4 to 13.3 %); its confidence implies 2.0 %."
    )
    assert "from 1.0 % (simple_cnn on digits) to 5.0 % (baseline_cnn on digits)" in finding.text
    assert (finding.cell, finding.address) == (BASELINE, "#calibration")


def test_networks_as_right_as_sure_are_not_called_wrong(small_study):
    for name in (SIMPLE, BASELINE):
        changed(name, reliability=reliability(200, 0.95, 0.99))
    assert "No overconfidence" in by_title(small_study)


def test_a_few_images_prove_nothing(small_study):
    for name in (SIMPLE, BASELINE):
        changed(name, reliability=reliability(20, 0.95, 0.5))
    assert not {"Confidently wrong", "No overconfidence"} & set(by_title(small_study))


def test_methods_are_named_by_how_often_they_beat_the_controls(small_study):
    text = by_title(small_study)["Explanations against controls"].text
    # The fixture's methods are the better the earlier, and its controls the worst.
    assert "beats every control in 8 of 8 checks, the most" in text


def test_an_empty_study_has_no_key_findings(folder, repository):
    assert key_findings.key_findings(study.collect(fixture.params_file(repository))) == ()


def test_a_single_cell_is_compared_with_none(folder, repository):
    params = fixture.params_file(repository, {SIMPLE: fixture.cell("simple_cnn", "digits")})
    fixture.write_cell(params, SIMPLE, fixture.digits())
    assert "Accuracy for its cost" not in by_title(params)


@pytest.mark.parametrize(
    ("ratio", "text"), [(1.24, "1.2×"), (8, "8.0×"), (57.4, "57×"), (1234.5, "1,234×")]
)
def test_ratios_have_two_digits_or_all_before_the_point(ratio, text):
    assert key_findings._times(ratio) == text
