"""Which of a cell's training images speak for and against its predictions, and what is like them.

Arrays of the result, for m explained test images, k training images beside each, and s of the most
self-influence:

- `class_names` (classes,);
- `image_index`, `label`, `predicted` int64 (m,), `confidence` float32 (m,), `original` uint8
  (m, height, width, channels): the test images;
- of each kind, `proponents`, `relative`, `opponents` and `nearest`: `<kind>/index` (among the
  training images) and `<kind>/label` int64 (m, k), `<kind>/image` uint8 (m, k, height, width,
  channels), and `<kind>/value` float32 (m, k): of proponents and opponents the influence, as a
  share of the sum of all magnitudes, above zero for the prediction; of `relative` ones, chosen by
  influence per length of their own gradients, the cosine of the two gradients; of the nearest that
  of features;
- `self/index`, `self/label`, `self/predicted` int64 (s,), `self/image` uint8 (s, ...), `self/value`
  float32 (s,): the share of all self-influence.
"""

import time
from dataclasses import replace
from typing import Any

import numpy as np

from heatproof.attribution.core.explained_cell import Findings
from heatproof.attribution.core.network import Network
from heatproof.config.params import Params
from heatproof.datasets.parts import training_parts
from heatproof.influence.checks import checked, concentration
from heatproof.influence.last_layer import Compared, compare, errors, last_dense, not_possible
from heatproof.influence.options import InfluenceOptions
from heatproof.influence.tracin import (
    cosines,
    gradient_lengths,
    influence,
    relative,
    self_influence,
    strongest,
)
from heatproof.models.build import trained_network
from heatproof.run import tracking
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths
from heatproof.storage.records import Dataset, Predictions

STAGE, FAMILY = "explain_influence", "influence"
WRONG = 0.75  # of the explained images: the most that are wrong predictions
SELF_SHOWN = 8


def explain_influence(study: Params, cell: str) -> None:
    """Find the training images that speak for a cell's predictions; write arrays, metrics, timing.

    Raises:
        UserError: the cell is not listed under `influenced`, or an earlier stage's file is missing
            or does not fit.
    """
    entry, options = study.influenced_cell(cell), study.explain_influence
    data, predictions = artifacts.read_dataset(entry.dataset), artifacts.read_predictions(cell)
    if not np.array_equal(predictions.labels, data.test_labels):
        raise UserError(
            f"{paths.predictions(cell)}: these predictions are of other test images than "
            f"{paths.processed(entry.dataset)} holds; make them again with "
            f"`dvc repro -f evaluate@{cell}`"
        )
    run = study.run(cell)
    model = trained_network(run, data.test_images.shape[1:], len(data.class_names))
    used = {"seed": study.seed, "threads": study.threads, STAGE: options}
    with tracking.run(STAGE, cell, used) as tracked:
        network, started = Network(model), time.monotonic()
        if reason := not_possible(network):
            print(f"{cell}: no influence: {reason}", flush=True)
            names = np.array(data.class_names, np.str_)
            found = Findings({"class_names": names}, {"unsupported": reason}, {})
        else:
            trained_on = training_parts(run, data)[0]
            found = find(network, data, predictions, trained_on, options, study.seed)
            print(f"{cell}: {found.metrics['train_images']} training images compared", flush=True)
        artifacts.write_findings(cell, FAMILY, found.arrays)
        artifacts.write_metrics(STAGE, cell, found.metrics)
        seconds = {"influence_seconds": round(time.monotonic() - started, 3)}
        artifacts.write_timing(STAGE, cell, seconds)
        tracked.log_results(found.metrics, paths.metrics(STAGE, cell))


def find(
    network: Network,
    data: Dataset,
    predictions: Predictions,
    trained_on: np.ndarray,
    options: InfluenceOptions,
    seed: int,
) -> Findings:
    """Find them; arrays as the module says.

    Args:
        network: one of which `last_layer.not_possible` says "".
        data: whose images.
        predictions: of its test images.
        trained_on: int64, which training images the network was trained on, in random order.
        options: how many.
        seed: of the check.

    metrics: `train_images`, compared, of `trained_on`; `layer`, `units` (features of it); `images`,
    `wrong_images`; `shown`; `wrong_other_label`, wrong predictions of which a proponent has another
    label than the predicted class; `wrong_near_truth`, of which one of the nearest has the true
    class; `self_concentration`, the share of all self-influence that the largest hundredth has;
    `check`, as `checks.checked`.
    """
    rows = trained_on[: options.train_images]
    labels = data.train_labels[rows]
    explained = explained_images(predictions, options.images)
    tested = np.arange(min(options.checked, len(data.test_labels)))
    both = np.concatenate([explained, tested])
    compared = compare(network, (data.train_images, rows), (data.test_images, both))
    predicted = predictions.predicted[both]
    both_errors = errors(compared.logits, labels), errors(compared.explained_logits, predicted)
    own = self_influence(compared, both_errors[0])
    count, m = min(options.shown, len(rows)), len(explained)
    scores = influence(compared, *both_errors)[:, :m]
    lengths = gradient_lengths(compared, both_errors[1])[:m]
    total = np.abs(scores).sum(axis=0)
    shares = np.divide(scores, total, out=np.zeros_like(scores), where=total > 0)
    kinds = {
        "proponents": (strongest(scores, count), shares),
        "relative": (strongest(for_size := relative(scores, own), count), for_size / lengths),
        "opponents": (strongest(-scores, count), shares),
        "nearest": (strongest(near := cosines(compared)[:, :m], count), near),
    }
    arrays = _explained(data, predictions, explained) | _self(data, rows, own, compared)
    for kind, (chosen, values) in kinds.items():
        arrays |= {
            f"{kind}/index": rows[chosen],
            f"{kind}/label": labels[chosen],
            f"{kind}/image": _images(data, rows[chosen]),
            f"{kind}/value": np.take_along_axis(values.T, chosen, axis=1).astype(np.float32),
        }
    wrong = predicted[:m] != predictions.labels[explained]
    truth = predictions.labels[explained][:, None]
    last = last_dense(network.trained)
    assert last is not None
    # The strongest there are may all speak against it.
    speaks = arrays["proponents/value"] > 0
    other = (arrays["proponents/label"] != predicted[:m, None]) & speaks
    metrics: dict[str, Any] = {
        "train_images": len(rows),
        "trained_on": len(trained_on),
        "layer": last.name,
        "units": int(last.input.shape[-1]),
        "images": m,
        "wrong_images": int(wrong.sum()),
        "shown": count,
        "wrong_other_label": int((wrong & other.any(axis=1)).sum()),
        "wrong_near_truth": int((wrong & (arrays["nearest/label"] == truth).any(axis=1)).sum()),
        "self_concentration": concentration(own),
        "check": checked(
            _without(compared, m), labels, predicted[m:], (both_errors[0], both_errors[1][m:]),
            count, seed,
        ),
    }  # fmt: skip
    return Findings(arrays, metrics, {})


def explained_images(predictions: Predictions, count: int) -> np.ndarray:
    """Choose test images, int64: the most confident wrong ones, then the first right ones.

    At most three quarters are wrong, so that some are right, unless there are no right ones.
    """
    right = predictions.predicted == predictions.labels
    order = np.argsort(-predictions.confidence, kind="stable")
    wrong, correct = order[~right[order]], np.flatnonzero(right)
    number = min(len(wrong), max(int(np.ceil(WRONG * count)), count - len(correct)))
    return np.concatenate([wrong[:number], correct[: count - number]]).astype(np.int64)


def _without(compared: Compared, first: int) -> Compared:
    """Return the comparison without the first explained images."""
    return replace(
        compared,
        inner=compared.inner[:, first:],
        explained_squared=compared.explained_squared[first:],
        explained_logits=compared.explained_logits[first:],
    )


def _explained(
    data: Dataset, predictions: Predictions, chosen: np.ndarray
) -> dict[str, np.ndarray]:
    return {
        "class_names": np.array(data.class_names, np.str_),
        "image_index": chosen,
        "label": predictions.labels[chosen],
        "predicted": predictions.predicted[chosen],
        "confidence": predictions.confidence[chosen].astype(np.float32),
        "original": data.test_images[chosen],
    }


def _self(
    data: Dataset, rows: np.ndarray, own: np.ndarray, compared: Compared
) -> dict[str, np.ndarray]:
    """Return the training images that act most upon themselves."""
    most = strongest(own[:, None], SELF_SHOWN)[0]
    return {
        "self/index": rows[most],
        "self/label": data.train_labels[rows[most]],
        "self/predicted": compared.logits[most].argmax(axis=1),
        "self/image": data.train_images[rows[most]],
        "self/value": (own[most] / max(own.sum(), np.finfo(np.float64).tiny)).astype(np.float32),
    }


def _images(data: Dataset, index: np.ndarray) -> np.ndarray:
    """Read training images for int64 (m, k): uint8 (m, k, height, width, channels)."""
    images = data.train_images[index.ravel()]
    return images.reshape(*index.shape, *images.shape[1:])
