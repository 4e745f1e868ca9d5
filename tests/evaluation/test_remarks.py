"""What is said plainly: one class always, some never, no better than the majority."""

from typing import Any

from heatproof.evaluation.remarks import above_chance, remarks


def metrics(predicted: dict[str, int], accuracy: float, baseline: float, **more: Any) -> dict:
    """The metrics of 100 test images, as many of each class; the interval is ± 0.1."""
    support = 100 // len(predicted)
    return {
        "accuracy": accuracy, "accuracy_low": accuracy - 0.1, "accuracy_high": accuracy + 0.1,
        "majority_accuracy": baseline, "majority_class": next(iter(predicted)),
        "balanced_training": False, "test_images": 100,
        "per_class": {n: {"support": support, "predicted": p} for n, p in predicted.items()},
    } | more  # fmt: skip


def test_nothing_is_said_of_a_network_that_is_better_than_the_majority() -> None:
    good = metrics({"a": 55, "b": 45}, 0.8, 0.5)
    assert above_chance(good)
    assert remarks(good) == ()


def test_an_interval_that_includes_the_majority_is_no_better() -> None:
    chance = metrics({"a": 60, "b": 40}, 0.6, 0.5)
    assert not above_chance(chance)
    (sentence,) = remarks(chance)
    assert "60.0 % (95 % interval 50.0 to 70.0 %), is not above" in sentence
    assert "the majority class, a: 50.0 %" in sentence
    (worse,) = remarks(metrics({"a": 60, "b": 40}, 0.3, 0.5))
    assert "is below that" in worse


def test_where_training_balanced_the_classes_the_balanced_accuracy_counts() -> None:
    balanced = {"balanced_training": True, "balanced_accuracy": 0.7,
                "balanced_accuracy_low": 0.6, "balanced_accuracy_high": 0.8}  # fmt: skip
    rare = metrics({"a": 70, "b": 30}, 0.7, 0.95, **balanced)
    assert above_chance(rare) and remarks(rare) == ()
    chance = rare | {"balanced_accuracy": 0.5, "balanced_accuracy_low": 0.4}
    assert not above_chance(chance)
    (sentence,) = remarks(chance)
    assert sentence.startswith(
        "Its balanced accuracy, 50.0 % (95 % interval 40.0 to 80.0 %), is not"
    )
    assert "always predicting the same class: 50.0 %" in sentence


def test_one_class_always_is_said_and_of_two_classes_the_other_is_not_named() -> None:
    first, second = remarks(metrics({"a": 100, "b": 0}, 0.5, 0.5))
    assert first == "It always predicts the same class, a, whatever the image shows."
    assert second.startswith("Its accuracy")
    first, second, _ = remarks(metrics({"a": 100, "b": 0, "c": 0}, 0.33, 0.33))
    assert second == "It never predicts 2 of 3 classes of the test images: b and c."


def test_many_classes_never_predicted_are_cut_with_their_number() -> None:
    few = {f"c{n}": 0 for n in range(11)} | {"a": 50, "b": 50}
    (sentence,) = remarks(metrics(few, 0.8, 0.1))
    assert sentence.endswith("c9 and c10.")  # one more would take as much room
    many = {f"c{n}": 0 for n in range(50)} | {"a": 50, "b": 50}
    (sentence,) = remarks(metrics(many, 0.8, 0.1))
    assert "never predicts 50 of 52 classes" in sentence
    assert sentence.endswith("c9 and 40 more.")


def test_classes_without_test_images_are_not_missed() -> None:
    content = metrics({"a": 55, "b": 45, "c": 0}, 0.8, 0.5)
    content["per_class"]["c"]["support"] = 0
    assert remarks(content) == ()
