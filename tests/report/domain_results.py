"""What the stages leave of a network on other images: simulated answers, maps that are the images.

Every number is then counted as the stages count it.
"""

import numpy as np

from heatproof.config.params import Params
from heatproof.config.runs import OnDomain, on_domain
from heatproof.domains import corrupted, evaluate_on
from heatproof.domains.comparison import AGREEMENT, ENTROPY, GAP
from heatproof.domains.evaluate_on import Answered
from heatproof.domains.versions import CLEAN, SEVERITY, Versions
from heatproof.storage import artifacts, domain_files
from heatproof.storage.records import Dataset, Predictions
from tests.report import fixture
from tests.report.simulated_predictions import answers

METHODS = ("gradcam", "saliency")
IMAGES, EXPLAINED = 60, 20


def asked(params: Params, cell: str, domain: str) -> Params:
    """Return the parameters with this cell tried on corrupted images and on another dataset."""
    entry = params.cells[cell]
    other = OnDomain(model=entry.model, dataset=entry.dataset, domain=domain)
    return params.model_copy(
        update={
            "corrupted": {cell: entry},
            "evaluate_on": {on_domain(cell, domain): other},
            "assess": params.assess.model_copy(update={"bootstrap_samples": 200}),
        }
    )


def write(params: Params, cell: str, domain: str) -> None:
    """Write both stages' files of a cell."""
    tried = versions(params)
    domain_files.write(cell, corrupted.stored(tried))
    artifacts.write_metrics("evaluate_corrupted", cell, corrupted.measured(tried, params))
    own, other = (answered(right) for right in (0.95, 0.6))
    metrics = evaluate_on.measured(own, other, params) | {"unsupported": {"lrp_epsilon": "no <b>"}}
    domain_files.write(cell, evaluate_on.stored(own, other), domain)
    artifacts.write_metrics("evaluate_on", on_domain(cell, domain), metrics)


def predictions(right: float, seed: int) -> Predictions:
    """Answers of which about this share is right."""
    pictures = fixture.digits(limit=IMAGES)
    random = np.random.default_rng(seed)
    logits = answers(random, pictures.labels, 10, right, None)
    return Predictions(pictures.labels, logits, pictures.class_names)


def answered(right: float) -> Answered:
    """A domain on which about this share of answers is right; wrong ones have wider maps."""
    found = predictions(right, seed=1)
    images = fixture.digits(limit=IMAGES).images[:EXPLAINED]
    wrong = (found.predicted != found.labels)[:EXPLAINED]
    spread = 0.7 + 0.2 * wrong + 0.01 * np.random.default_rng(2).random(EXPLAINED)
    return Answered(
        found,
        images,
        dict.fromkeys(METHODS, images[..., 0].astype(np.float32)),
        {ENTROPY: dict.fromkeys(METHODS, spread), GAP: dict.fromkeys(METHODS, right - spread / 9)},
    )


def versions(params: Params) -> Versions:
    """Two corruptions, of which more and more answers are wrong; the gap is the accuracy."""
    names = [CLEAN, *((name, n) for name in ("gaussian_noise", "jpeg") for n in SEVERITY)]
    pictures = fixture.digits(limit=IMAGES)
    data = Dataset(
        pictures.images[:0], pictures.labels[:0], pictures.images, pictures.labels,
        pictures.class_names,
    )  # fmt: skip
    found = [predictions(0.99 - 0.12 * n, seed=row) for row, (_, n) in enumerate(names)]
    maps = pictures.images[:EXPLAINED, ..., 0].astype(np.float32)
    tried = Versions(data, EXPLAINED, names, pictures.labels, found, {})
    tried.clean_maps = dict.fromkeys(METHODS, maps)
    random = np.random.default_rng(5)
    for (_, n), each in zip(names, found, strict=True):
        noise = 0.01 * random.random(EXPLAINED)
        right = (each.predicted == each.labels).mean()
        values = {AGREEMENT: 1 - 0.1 * n - noise, ENTROPY: 0.5 + noise, GAP: right - noise / 9}
        tried.values.append({name: dict.fromkeys(METHODS, v) for name, v in values.items()})
        tried.example_images.append(pictures.images[0])
        for method in METHODS:
            tried.example_maps.setdefault(method, []).append(maps[0])
    return tried
