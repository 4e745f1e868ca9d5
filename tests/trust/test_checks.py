import pytest

from heatproof.trust import checks
from heatproof.trust.checks import MEASURES, Tally

GAP = "morf_lerf_gap/black"
DELETION = "deletion_probability/black"


def said(mean, low=None, high=None):
    return {"mean": mean, "low": low, "high": high, "images": 20}


def assessed(**measures):
    return {name.replace("__", "/"): content for name, content in measures.items()}


def test_a_check_is_passed_by_what_is_better_than_every_control():
    content = {
        "saliency": said(0.5), "lime": said(0.3), "gradcam": said(0.2),
        "random": said(0.0), "edges": said(0.3),
    }  # fmt: skip
    assert checks.of_cell(assessed(morf_lerf_gap__black=content)) == Tally(1, 3, 0)


def test_less_is_better_where_the_measures_record_has_it():
    content = {"saliency": said(0.1), "lime": said(0.6), "random": said(0.4)}
    tally = checks.of_cell(assessed(deletion_probability__black=content))
    assert (tally.passed, tally.total) == (1, 2)
    assert tally.share == pytest.approx(0.5)


def test_clear_is_beyond_both_intervals():
    content = {
        "saliency": said(0.5, 0.4, 0.6), "lime": said(0.45, 0.25, 0.5), "rise": said(0.9),
        "random": said(0.2, 0.1, 0.3),
    }  # fmt: skip
    assert checks.of_cell(assessed(morf_lerf_gap__black=content)) == Tally(3, 3, 1)


def test_tests_that_noise_passes_by_design_do_not_count():
    content = {"saliency": said(0.5), "random": said(0.0)}
    assert checks.of_cell(assessed(randomised_spearman=content)) is None


def test_without_a_control_or_a_mean_there_is_no_check():
    content = {"saliency": said(0.5), "random": said(None)}
    assert checks.of_cell(assessed(morf_lerf_gap__black=content)) is None
    content = {"saliency": said(None), "lime": said(0.5), "random": said(0.1)}
    assert checks.of_cell(assessed(morf_lerf_gap__black=content)).total == 1


def test_methods_are_counted_over_cells():
    one = assessed(morf_lerf_gap__black={"lime": said(0.5), "random": said(0.1)})
    other = assessed(
        morf_lerf_gap__black={"lime": said(0.0), "saliency": said(0.2), "random": said(0.1)},
        infidelity__black={"lime": said(0.5), "random": said(1.0)},
    )
    found = checks.of_methods([one, other])
    assert (found["lime"].passed, found["lime"].total) == (2, 3)
    assert (found["saliency"].passed, found["saliency"].total) == (1, 1)
    assert len(MEASURES) == 4
