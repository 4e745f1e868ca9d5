"""Of how many images a balanced accuracy varies, and Wilson's interval of them."""

import numpy as np
import pytest

from heatproof.statistics.proportions import at_least_wilson, equivalent_images


def test_classes_of_equal_size_count_in_full_and_a_rare_one_decides() -> None:
    assert equivalent_images(np.array([50, 50])) == 100
    assert equivalent_images(np.array([1_000_000, 5])) == 20


def test_an_interval_is_only_widened() -> None:
    wilson = (pytest.approx(4 / (4 + 1.959964**2)), pytest.approx(1))
    assert at_least_wilson(1, 1, 1, 4) == wilson
    assert at_least_wilson(0.25, 1, 1, 4) == (0.25, pytest.approx(1))
