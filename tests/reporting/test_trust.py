import pytest

from stages.reporting import trust


def measured(mean):
    content = {"spearman_mean": mean, "spearman_low": mean, "spearman_high": mean, "images": 20}
    return trust.sanity({"sanity": {"gradcam": content}})[0]


@pytest.mark.parametrize(
    ("mean", "verdict"),
    [
        (0.0, "Depends on training"),
        (-0.19, "Depends on training"),
        (0.2, "Depends in part"),
        (0.6, "Hardly depends"),
        (-0.9, "Hardly depends"),
        (None, "Not measured"),
    ],
)
def test_the_verdict_follows_the_size_of_the_correlation(mean, verdict):
    assert measured(mean).verdict == verdict


def test_places_are_on_an_axis_from_minus_1_to_1():
    assert measured(0.0).at == 50
    assert measured(-1.0).at == 0
    assert measured(None).at is None


def test_nothing_assessed_is_nothing_shown():
    assert trust.sanity(None) == ()
