"""What `auto` stands for: the published numbers in small images, and others in large ones."""

from typing import Any

import pytest

from heatproof.attribution.core.sizes import resolved
from heatproof.config import params
from tests.scratch import ROOT

# Of the published study, whose results are of these.
PUBLISHED = {
    "smoothgrad": {"precision": "double"},
    "vargrad": {"precision": "double"},
    "occlusion": {"size": 4, "stride": 2},
    "rise": {"masks": 1000},
    "lime": {"samples": 1000, "smoothing": 0.0},
    "integrated_gradients_black": {"max_steps": 3200, "tolerance": 0.02},
    "integrated_gradients_mean": {"max_steps": 3200, "tolerance": 0.02},
    "integrated_gradients_blurred": {"max_steps": 3200, "tolerance": 0.02},
    "partition_shap": {"evaluations": 500},
    "faithfulness": {"steps": 16},
    "infidelity": {"samples": 100},
    "randomisation": {"smooth_samples": 5},
    "road": {"steps": 9, "images": 20},
    "manipulation": {"images": 4},
}


def automatic(size: tuple[int, int]) -> dict[str, dict[str, Any]]:
    """Return what the options are that the real params.yaml leaves to the images' size."""
    study = params.load(ROOT / "params.yaml")
    blocks = dict(study.explain.methods) | {
        name: block for name, block in study.assess.measures if block is not None
    }
    found = {}
    for name, block in blocks.items():
        auto = {key for key, value in block.model_dump().items() if value == "auto"}
        if auto:
            found[name] = resolved(block, size).model_dump(include=auto)
    return found


@pytest.mark.parametrize("size", [(28, 28), (32, 32), (16, 16)])
def test_small_images_have_the_published_numbers(size: tuple[int, int]) -> None:
    assert automatic(size) == PUBLISHED


def test_large_images_have_squares_of_the_same_share_and_fewer_passes() -> None:
    large = automatic((224, 224))
    assert large["occlusion"] == {"size": 28, "stride": 14}
    assert automatic((112, 448))["occlusion"] == large["occlusion"], "of as many pixels"
    assert automatic((96, 96))["occlusion"] == {"size": 12, "stride": 6}
    for name, key in (("rise", "masks"), ("lime", "samples"), ("faithfulness", "steps")):
        assert large[name][key] < PUBLISHED[name][key]


def test_maps_of_large_images_are_made_again_with_less_of_what_was_asked_for() -> None:
    block = params.load(ROOT / "params.yaml").explain.methods["integrated_gradients_black"]
    assert resolved(block, (224, 224), again=True).steps < block.steps
    assert resolved(block, (32, 32), again=True) == resolved(block, (32, 32))
    few = block.model_copy(update={"steps": 2})
    assert resolved(few, (224, 224), again=True).steps == 2


def test_numbers_that_are_given_stay_in_images_of_any_size() -> None:
    block = params.load(ROOT / "params.yaml").explain.methods["rise"]
    given = block.model_copy(update={"masks": 77})
    assert resolved(given, (224, 224)) == given
