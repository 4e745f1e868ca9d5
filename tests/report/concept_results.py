"""What the stage leaves of a cell's concepts, made up for a page: one is as known, one is not."""

from typing import Any

import numpy as np

from heatproof.concepts import named, tcav
from heatproof.concepts.directions import Directions
from heatproof.concepts.options import ConceptCell
from heatproof.config.params import Params
from heatproof.storage import artifacts
from tests.report import fixture

LAYERS = ["conv_1", "conv<b>2"]
UNITS = 40


def asked(params: Params, cell: str) -> Params:
    """Return the parameters with concepts sought in this cell's network."""
    entry = params.cells[cell]
    listed = ConceptCell(
        model=entry.model, dataset=entry.dataset, reads="data/code/explain_concepts.txt"
    )
    return params.model_copy(update={"concepts": {cell: listed}})


def write(cell: str) -> dict[str, Any]:
    """Write the stage's files; return the metrics."""
    random = np.random.default_rng(0)
    pictures = fixture.digits(limit=20)
    height, width = pictures.images.shape[1:3]
    by_layer = {"strokes": {}, "dots <i>": {}}
    arrays: dict[str, np.ndarray] = {"class_names": np.array(pictures.class_names, np.str_)}
    for number, (name, told) in enumerate(by_layer.items()):
        arrays[f"pictures/{number}"] = pictures.images[:9]
        arrays[f"counterparts/{number}"] = pictures.images[9:15]
        for depth, layer in enumerate(LAYERS):
            # The first concept is along the gradient in the last layer, else all is noise.
            vectors = random.normal(size=(6, UNITS))
            vectors[:, 0] += 200 * (depth and name == "strokes")
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            found = Directions(vectors, np.full(6, 0.95 if depth else 0.5), 40)
            chance = Directions(random.normal(size=(20, UNITS)) / UNITS**0.5, np.full(20, 0.5), 40)
            gradient = 0.1 * random.normal(size=(12, UNITS))
            gradient[:, 0] += 1
            answers = tcav.derivatives(gradient, found, chance)
            told[layer] = named._told(found, chance)
            told[layer]["classes"] = {"0": tcav.tested(answers, 100, 0)}
            place = f"{depth}/{number}"
            arrays[f"map/{place}"] = random.normal(size=(2, height, width)).astype(np.float32)
            arrays[f"map_index/{place}"] = np.array([3, 5])
            arrays[f"map_image/{place}"] = pictures.images[[3, 5]]
    named._correct(by_layer)
    known = {"strokes": ["0"], "dots <i>": ["0"]}
    metrics: dict[str, Any] = {
        "layers": LAYERS,
        "values": "mean",
        "tests": 4,
        "concepts": {
            name: {"source": "pictures of a <folder>", "pictures": 60, "counterparts": 300}
            | named.summary(told, known[name])
            | {"layers": told}
            for name, told in by_layer.items()
        },
        "unnamed": {
            "1": {
                "layer": LAYERS[1], "images": 12, "crops": 108, "explained": 3,
                "fitted_to": "places", "error": 0.1,
                "image_error": 0.3, "clipped": 0.25, "logit": 7.5, "logit_of_parts": 7.25,
                "importance": [0.75, 0.125], "stability": [1.0, 0.5],
            }
        },
    }  # fmt: skip
    arrays["unnamed/1/crops"] = np.stack([pictures.images[:5], pictures.images[5:10]])
    arrays["unnamed/1/images"] = pictures.images[:3]
    arrays["unnamed/1/maps"] = random.random((3, 2, height, width)).astype(np.float32)
    artifacts.write_findings(cell, "concepts", arrays)
    artifacts.write_metrics("explain_concepts", cell, metrics)
    return metrics
