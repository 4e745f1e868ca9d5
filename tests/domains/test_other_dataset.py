"""Another dataset's images and classes as a network takes them."""

import numpy as np
import pytest
from PIL import Image

from heatproof.domains.other_dataset import as_network_takes, classes_in_order
from heatproof.run.errors import UserError


def test_images_of_another_size_and_colour_are_brought_as_image_files_are():
    random = np.random.default_rng(0)
    grey = random.integers(0, 256, (3, 16, 16, 1), dtype=np.uint8)
    taken = as_network_takes(grey, (28, 28, 3))[:]
    assert taken.shape == (3, 28, 28, 3) and taken.dtype == np.uint8
    resized = Image.fromarray(grey[1, ..., 0]).convert("RGB")
    expected = np.asarray(resized.resize((28, 28), Image.Resampling.BILINEAR))
    assert np.array_equal(taken[1], expected)
    colour = random.integers(0, 256, (2, 32, 24, 3), dtype=np.uint8)
    assert as_network_takes(colour, (16, 16, 1))[:].shape == (2, 16, 16, 1)
    assert as_network_takes(grey, (16, 16, 1)) is grey, "images that fit keep their pixels"


def test_classes_are_matched_by_their_names_and_not_by_their_order():
    order = classes_in_order("p", ("a", ("cat", "dog", "eel")), ("b", ("eel", "cat", "dog")))
    assert order.tolist() == [2, 0, 1]
    assert classes_in_order("p", ("a", ("0", "1")), ("b", ("0", "1"))).tolist() == [0, 1]


@pytest.mark.parametrize("names", [("cat", "ant"), ("cat",), ("cat", "dog", "ant"), ("Cat", "dog")])
def test_other_classes_are_refused_with_both_lists(names):
    with pytest.raises(UserError) as error:
        classes_in_order("params.yaml: evaluate_on.x", ("mine", ("cat", "dog")), ("its", names))
    message = str(error.value)
    assert message.startswith("params.yaml: evaluate_on.x: its has other classes than mine")
    assert "[cat, dog]" in message and f"[{', '.join(names)}]" in message
    assert "\n" not in message


def test_a_thousand_classes_are_not_all_listed():
    many = tuple(f"class{i}" for i in range(1000))
    with pytest.raises(UserError, match=r"class11 and 988 more\]"):
        classes_in_order("p", ("mine", many), ("its", ("a", "b")))
