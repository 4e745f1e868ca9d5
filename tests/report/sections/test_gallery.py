import numpy as np

from heatproof.report.charts import outline
from heatproof.report.sections.gallery import gallery
from heatproof.storage.records import Explanations


def rows(pairs, maps=None):
    """Explanations of (image, label, predicted, target) rows over three classes."""
    table = np.array(pairs, dtype=np.int64).reshape(-1, 4)
    images = np.zeros((len(table), 6, 6, 1), np.uint8)
    default = np.zeros((len(table), 6, 6), np.float32)
    default[:, 5, 5] = 1
    return Explanations(
        image_index=table[:, 0],
        label=table[:, 1],
        predicted=table[:, 2],
        target=table[:, 3],
        confidence=np.full(len(table), 0.75, np.float32),
        images=images,
        maps=maps or {"saliency": default, "gradcam": default},
        class_names=("cat", "dog", "owl"),
    )


def test_correct_and_wrong_predictions_are_separate_and_grouped_by_image():
    made = gallery(rows([(4, 0, 0, 0), (9, 1, 2, 1), (9, 1, 2, 2)]))
    assert [x.index for x in made.correct] == [4]
    assert [x.index for x in made.incorrect] == [9]
    assert made.correct[0].targets[0].role == "correct"


def test_a_wrong_answer_is_explained_for_the_predicted_class_first_then_the_true_one():
    probabilities = np.zeros((10, 3))
    probabilities[9] = 0.05, 0.2, 0.75
    wrong = gallery(rows([(9, 1, 2, 1), (9, 1, 2, 2)]), probabilities).incorrect[0]
    assert [(t.role, t.name, t.probability) for t in wrong.targets] == [
        ("predicted", "owl", 0.75),
        ("true", "dog", 0.2),
    ]
    assert wrong.true == "dog"
    assert wrong.predicted == "owl"


def test_without_predictions_the_true_class_has_no_probability():
    wrong = gallery(rows([(9, 1, 2, 2), (9, 1, 2, 1)])).incorrect[0]
    assert [t.probability for t in wrong.targets] == [0.75, None]


def test_a_map_is_described_in_words_and_an_empty_one_is_marked():
    sound = np.zeros((1, 6, 6), np.float32)
    sound[0, 0, 5] = 3
    made = gallery(rows([(0, 0, 0, 0)], {"gradcam": np.zeros_like(sound), "saliency": sound}))
    saliency, gradcam = made.correct[0].targets[0].maps
    assert saliency.alt == "Saliency map for the class cat, largest at the top right"
    assert gradcam.defect == "all zero"
    assert gradcam.alt == "Grad-CAM map for the class cat (all zero)"
    assert [x.method.label for x in made.legends if x.method.overlay] == ["Grad-CAM"]


def test_no_rows_make_no_gallery_and_an_unknown_method_is_shown_by_its_name():
    assert gallery(rows([])) is None
    maps = {"my_method": np.full((1, 6, 6), -1, np.float32)}
    made = gallery(rows([(0, 0, 0, 0)], maps))
    assert made.legends[0].method.label == "my_method"
    assert made.legends[0].low == "− peak"


def test_the_peak_of_each_map_is_kept_in_its_unit():
    values = np.zeros((1, 6, 6), np.float32)
    values[0, 2, 2] = -2.5
    made = gallery(rows([(0, 0, 0, 0)], {"saliency": np.abs(values), "lrp_epsilon": values}))
    saliency, lrp = made.correct[0].targets[0].maps
    assert (saliency.peak, saliency.method.unit, saliency.signed) == (2.5, "logits/unit", False)
    assert (lrp.peak, lrp.method.unit, lrp.signed) == (2.5, "logits", True)
    assert made.legends[1].signed


def test_what_is_known_to_be_the_object_is_outlined():
    masks = np.zeros((10, 6, 6), np.uint8)
    masks[4, 1:3, 2:5] = 1
    made = gallery(rows([(4, 0, 0, 0), (9, 1, 1, 1)]), masks=masks)
    drawn = {x.index: x.outline for x in made.correct}
    # By hand: a box of 3 by 2 pixels from (2, 1) on. Image 9 has none.
    assert drawn == {4: "M2 1h3M2 3h3M2 1v2M5 1v2", 9: ""}
    assert made.outlined and not gallery(rows([(4, 0, 0, 0)])).outlined


def test_an_outline_goes_around_holes_and_along_the_border():
    mask = np.ones((3, 3), bool)
    mask[1, 1] = False
    assert outline.path(mask) == "M0 0h3M1 1h1M1 2h1M0 3h3M0 0v3M1 1v1M2 1v1M3 0v3"


def test_the_classes_to_choose_from_are_those_that_occur():
    made = gallery(rows([(4, 0, 0, 0), (9, 1, 2, 1), (9, 1, 2, 2)]))
    assert made.true_classes == [(0, "cat"), (1, "dog")]
    assert made.predicted_classes == [(0, "cat"), (2, "owl")]
