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


def test_the_cascade_starts_at_the_trained_network_and_ends_at_the_random_one():
    steps = [
        {"layers": 2, "gradcam": 0.5},
        {"layers": 4, "gradcam": None},
        {"layers": 6, "gradcam": 0},
    ]
    chart = trust.cascade({"sanity": {}, "cascade": steps})
    points = chart.lines[0].points
    assert len(points) == 3
    assert (points[0].x, points[0].y) == (chart.left, chart.top)
    assert (points[-1].x, points[-1].y) == (chart.right, chart.bottom)


def test_the_control_is_read_beside_the_methods():
    noise = {"spearman_mean": 0.01, "images": 20, "constant_maps": 3}
    made = trust.control({"sanity": {}, "controls": {"random_map": noise}})
    assert (made.mean, made.images, made.constant) == (0.01, 20, 3)
    assert trust.control({"sanity": {}}) is None


def test_nothing_assessed_is_nothing_shown():
    assert trust.sanity(None) == ()
