import pytest

from heatproof.report import study
from heatproof.report.sections import key_findings
from heatproof.storage import artifacts, paths
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


def no_predictions():
    """Leave only the intervals to compare by."""
    for name in (SIMPLE, BASELINE):
        paths.predictions(name).unlink()


def test_a_cheaper_network_in_a_tie_with_the_best_is_named_with_its_saving(small_study):
    changed(SIMPLE, **figures(0.94, 0.02, 1_000_000))
    changed(BASELINE, **figures(0.95, 0.01, 57_000_000))
    no_predictions()
    finding = by_title(small_study)["Accuracy for its cost"]
    assert finding.text == (
        "On digits, simple_cnn (94.0 %) ties with the most accurate network, baseline_cnn "
        "(95.0 %), and needs 57× fewer operations."
    )
    assert finding.caveat.startswith("A tie, no difference shown: their intervals overlap.")


def test_without_a_tie_the_gain_is_stated(small_study):
    changed(SIMPLE, **figures(0.80, 0.01, 1_000_000))
    changed(BASELINE, **figures(0.95, 0.01, 3_000_000))
    no_predictions()
    text = by_title(small_study)["Accuracy for its cost"].text
    assert text.startswith("No cheaper network ties with the most accurate of its dataset.")
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
        "Where baseline_cnn on digits is 90 % sure or more, it is wrong on 10.0 % of 400 test "
        "images (95 % interval, allowing for 2 networks, 7.1 to 13.9 %); its confidence implies "
        "2.0 %."
    )
    assert "from 1.0 % (simple_cnn on digits) to 5.0 % (baseline_cnn on digits)" in finding.caveat
    assert (finding.cell, finding.address) == (BASELINE, "#calibration")


@pytest.mark.parametrize("right", [0.99, 0.935])
def test_what_chance_may_give_is_not_called_wrong(small_study, right):
    """Nor where a share is above what is implied, and its interval is not."""
    for name in (SIMPLE, BASELINE):
        changed(name, reliability=reliability(200, 0.95, right))
    finding = by_title(small_study)["No clear overconfidence"]
    assert finding.text.startswith("No network is clearly overconfident")


def test_a_few_images_prove_nothing(small_study):
    for name in (SIMPLE, BASELINE):
        changed(name, reliability=reliability(20, 0.95, 0.5))
    assert not {"Confidently wrong", "No clear overconfidence"} & set(by_title(small_study))


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
