import numpy as np

from heatproof.evaluation import discrimination
from heatproof.report.sections import class_section


def evaluated(f1, support=None):
    per_class = {
        f"c{i}": {"f1": value, "support": 5 if support is None else support[i]}
        for i, value in enumerate(f1)
    }
    return {"class_names": list(per_class), "per_class": per_class, "curves": {}}


def test_a_short_table_has_all_classes_in_their_order():
    made = class_section.classes(evaluated([0.5, 0.1, 0.9]))
    assert made == class_section.Classes(("c0", "c1", "c2"), 0)


def test_a_long_table_has_the_worst_classes_and_counts_the_others():
    f1 = np.linspace(1, 0, 200)
    made = class_section.classes(evaluated(f1, support=[5] * 199 + [0]))
    assert made.shown[:2] == ("c198", "c197")  # the last has no image to be wrong about
    assert (len(made.shown), made.left_out) == (class_section.MAX_CLASSES, 80)


def test_curves_of_two_classes_have_chance_beside_them():
    labels = np.array([0, 0, 0, 1])
    scores = np.array([0.1, 0.2, 0.9, 0.8])
    curves = discrimination.curves(labels, np.stack([1 - scores, scores], axis=1), ("a", "b" * 40))
    ranked = discrimination.one_against_rest(
        labels, np.stack([1 - scores, scores], 1), curves["roc"]
    )
    roc, precision = class_section.thresholds(
        {"curves": curves, "per_class": ranked} | discrimination.macro(ranked)
    )
    assert "(AUC) is 0.667; by chance it is 0.5" in roc.summary
    assert "a: 0.917, by chance 0.750" in precision.summary
    assert [line.name for line in roc.lines][-1] == "chance"
    assert roc.series[-1].points[0] == (0, 0) and roc.series[-1].points[-1] == (100, 1)
    assert {series.ys[0] for series in precision.series[2:]} == {0.75, 0.25}
    assert (roc.y.start, roc.y.end, precision.y.start) == (0, 1, 0)
    assert class_section.thresholds({"curves": {}}) == []
