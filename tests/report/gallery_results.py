"""What the gallery and the images behind the confusion matrix are made from, for tests."""

from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import numpy as np

from heatproof.storage import artifacts, paths
from heatproof.storage.records import Explanations
from stages import report
from tests.report import fixture

LARGE_IMAGES = 1000
MORE_METHODS = (
    *("saliency", "smoothgrad", "gradient_times_input", "hirescam", "layercam"),
    *("lrp_alpha_beta", "guided_backprop"),
)
LARGE_CELLS = ("simple_cnn-digits", "baseline_cnn-digits")


def many(images: int, class_names: tuple[str, ...], side: int = 8) -> Explanations:
    """Explanations of many images, every third answer wrong, with one coarse and one signed map."""
    rng = np.random.default_rng(7)
    classes = len(class_names)
    label = np.arange(images) % classes
    predicted = np.where(np.arange(images) % 3 == 0, (label + 1) % classes, label)
    image = np.concatenate([np.arange(images), np.flatnonzero(label != predicted)])
    target = np.concatenate([predicted, label[label != predicted]])
    rows = len(image)
    pictures = rng.integers(0, 256, (images, side, side, 1), dtype=np.uint8)
    values = rng.normal(size=(rows, side, side)).astype(np.float32)
    return Explanations(
        image_index=image,
        label=label[image],
        predicted=predicted[image],
        target=target,
        confidence=rng.uniform(0.3, 1, images).astype(np.float32)[image],
        images=pictures[image],
        maps={"gradcam": np.abs(values), "lrp_epsilon": values},
        class_names=class_names,
    )


def large_site(repository: Path, folder: Path) -> Path:
    """Build a site of two cells, one with a thousand images, one with nine methods.

    Args:
        repository: whose params.yaml is shrunk.
        folder: an empty one.

    Returns:
        The site's folder.
    """
    with chdir(folder):
        params = fixture.params_file(repository)
        usual = fixture.digits()
        fixture.write_dataset_metrics("digits", usual)
        for name, images in zip(LARGE_CELLS, (LARGE_IMAGES, 30), strict=True):
            fixture.write_cell(params, name, usual)
            paths.predictions(name).unlink()
            for family in ("perturbation", "shapley"):
                paths.explanations(name, family).unlink()
            rows = many(images, usual.class_names)
            if images != LARGE_IMAGES:
                maps = rows.maps | dict.fromkeys(MORE_METHODS, rows.maps["gradcam"])
                rows = replace(rows, image_index=rows.image_index + LARGE_IMAGES, maps=maps)
            artifacts.write_explanations(name, "gradients", rows)
        report.main()
    return folder / "reports"
