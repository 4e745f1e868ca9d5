"""Explaining a trained cell: images chosen, something found in its network, results written."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution import registry
from heatproof.attribution.core.attributions import Attributions, attribute, joined, summary
from heatproof.attribution.core.blocks import bounds
from heatproof.attribution.core.explained_cell import ExplainedCell, Findings
from heatproof.attribution.core.method import PREDICTIONS, Context, Needs, unserved
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.panel import Row, of_image, of_values, picture, spread
from heatproof.attribution.core.selection import choose
from heatproof.config.params import Params
from heatproof.config.schema import Block
from heatproof.models.build import trained_network
from heatproof.run import runtime, tracking
from heatproof.run.errors import UserError
from heatproof.run.lettering import drawable
from heatproof.run.progress import Progress
from heatproof.statistics import numbers
from heatproof.storage import artifacts, explanation_arrays, paths
from heatproof.storage.blocks import Block as StoredBlock
from heatproof.storage.blocks import Kept
from heatproof.storage.records import Dataset, Explanations, Predictions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_RECORDED = ("layers", "unsupported", "engines", "timing")  # of `Attributions`, beside its arrays


def explain(
    study: Params,
    cell: str,
    family: str,
    find: Callable[[ExplainedCell, Any], Findings],
    needs: Needs = PREDICTIONS,
) -> None:
    """Find something in a cell's network, and write it: arrays, metrics, timing.

    Args:
        study: whose options of the family, `explain.<family>`, are taken.
        cell: whose network and images.
        family: what is found, as the stage `explain_<family>` says.
        find: (cell, options) -> what was found.
        needs: what it asks of every network; where that cannot be had, `unsupported` in the metrics
            says why, and nothing is found.

    Raises:
        UserError: the cell is unknown, or an earlier stage's file is missing or does not fit.
    """
    study.cell(cell)
    runtime.configure(study.threads, study.seed)
    explained = load(study, cell)
    options = getattr(study.explain, family)
    used = {
        "seed": study.seed,
        "threads": study.threads,
        "images": study.explain.images,
        "min_images": study.assess.images,
        family: options,
        "network": study.run(cell).network,
    }
    stage = f"explain_{family}"
    images = len(np.unique(explained.rows.image_index))
    print(f"{cell}: {family}: {images_chosen(images, study)}", flush=True)
    with tracking.run(stage, cell, used) as tracked:
        if reason := unserved(needs, explained.network.opaque):
            print(f"{cell}: no {family}: {reason}", flush=True)
            names = np.array(explained.rows.class_names, np.str_)
            found = Findings({"class_names": names}, {"unsupported": reason}, {})
        else:
            found = find(explained, options)
        artifacts.write_findings(cell, family, found.arrays)
        artifacts.write_metrics(stage, cell, found.metrics)
        artifacts.write_timing(stage, cell, found.timing)
        print(f"{cell}: {family}: explained", flush=True)
        tracked.log_results(found.metrics, paths.metrics(stage, cell))
        tracked.log_artifact(paths.timing(stage, cell), "timing.json")
        if tracked.is_tracked and (figure := found.figure) is not None:
            tracked.log_figure(figure, f"{family}.png")


def attributions(
    cell: ExplainedCell, listed: Mapping[str, Block], kept: Kept | None = None
) -> Findings:
    """Apply the methods that are listed, with their options, to a cell's rows, block by block.

    kept: where blocks are that are there already, and are written; None where all is done at once.
    """
    rows = cell.rows
    blocks = bounds(rows.image_index)
    count = len(blocks)

    def computed(number: int) -> StoredBlock:
        return _block(cell, listed, blocks[number], f", block {number + 1}" if count > 1 else "")

    stored = kept.all(count, computed) if kept else map(computed, range(count))
    parts = [_attributions(each) for each in stored]
    result = joined(parts, [block.stop - block.start for block in blocks])
    rows.maps.update(result.maps)
    rows.numbers.update(result.numbers)
    metrics = _counted(rows) | {"methods": summary(result), "layers": result.layers}
    if result.engines:
        metrics["engines"] = result.engines
    for method, reason in result.unsupported.items():
        print(f"no {method}: {reason}", flush=True)
    arrays = explanation_arrays.parted(rows)
    return Findings(arrays, metrics, result.timing, lambda: _figure(rows))


def explain_block(study: Params, cell: str, family: str, number: int, kept: Kept) -> None:
    """Explain one block of a cell's images, for the stage to find it there; see `core.blocks`.

    Raises:
        UserError: as `explain`.
    """
    study.cell(cell)
    if kept.read(number):
        return
    runtime.configure(study.threads, study.seed)
    explained = load(study, cell)
    blocks = bounds(explained.rows.image_index)
    if number < len(blocks):
        options, place = getattr(study.explain, family), blocks[number]
        kept.write(number, _block(explained, options, place, f", block {number + 1}"))
        return
    kept.tell_of_none(number, len(blocks))


def _block(
    cell: ExplainedCell, listed: Mapping[str, Block], place: slice, title: str
) -> StoredBlock:
    """Apply the methods to some of a cell's rows.

    Those that are for another kind of network are left out, as if they were not listed.
    """
    listed = registry.suiting(listed, cell.network)
    images = cell.rows.images[place].astype(np.float32) / 255
    methods = registry.with_options(listed, cell.context)
    name = cell.network.model.name + title
    cell.network.progress = progress = Progress(name, len(methods))
    set_ups = registry.set_ups(listed, cell.context)
    targets = cell.rows.target[place]
    result = attribute(cell.network, methods, images, targets, progress, set_ups)
    arrays = {f"map/{method}": maps for method, maps in result.maps.items()}
    for method, named in result.numbers.items():
        arrays |= {f"number/{method}/{number}": values for number, values in named.items()}
    record = {name: getattr(result, name) for name in _RECORDED}
    return StoredBlock(arrays, record)


def _attributions(block: StoredBlock) -> Attributions:
    """Return what `_block` made a block of."""
    maps: dict[str, np.ndarray] = {}
    numbers: dict[str, dict[str, np.ndarray]] = {}
    for name, array in block.arrays.items():
        kind, method, *number = name.split("/", 2)
        if kind == "map":
            maps[method] = array
            numbers.setdefault(method, {})
        else:
            numbers[method][number[0]] = array
    return Attributions(maps, numbers, **{name: block.record[name] for name in _RECORDED})


def load(study: Params, cell: str) -> ExplainedCell:
    """Read a cell's network and dataset, and choose the images that are explained.

    Raises:
        UserError: an earlier stage's file is missing or does not fit.
    """
    run = study.run(cell)
    dataset = artifacts.read_dataset(run.dataset)
    predictions = artifacts.read_predictions(cell)
    if not np.array_equal(predictions.labels, dataset.test_labels):
        raise UserError(
            f"{paths.predictions(cell)}: these predictions are of other test images than "
            f"{paths.processed(run.dataset)} holds; make them again with "
            f"`dvc repro -f evaluate@{cell}`"
        )
    model = trained_network(run, dataset.test_images.shape[1:], len(dataset.class_names))
    return ExplainedCell(
        Network(model),
        _rows(predictions, dataset, study),
        dataset.test_images,
        Context(dataset.train_images, study.seed, dataset.mean),
    )


def _rows(predictions: Predictions, dataset: Dataset, study: Params) -> Explanations:
    """Choose images and targets; the maps are still to be made."""
    wanted, (minimum, maximum) = study.explain.images, study.explained_images
    index, target = choose(
        predictions.labels,
        predictions.predicted,
        predictions.confidence,
        wanted.right_per_class,
        wanted.wrong_per_class,
        minimum,
        maximum,
    )
    return Explanations(
        image_index=index,
        label=predictions.labels[index],
        predicted=predictions.predicted[index],
        target=target,
        confidence=predictions.confidence[index].astype(np.float32),
        images=dataset.test_images[index],
        maps={},
        class_names=predictions.class_names,
    )


def images_chosen(images: int, study: Params) -> str:
    """Say how many test images are explained, and why no more or fewer than was asked for."""
    text, limit = numbers.plural(images, "test image"), f"explain.images.max.{study.budget}"
    asked, maximum = study.explained_images
    if images < asked:
        return f"{text}: assess.images asks for {asked}, and there are no more of these kinds"
    if images < maximum:
        return text
    if maximum > study.explain.images.limit(study.budget):
        return f"{text}, as many as assess.images asks for, which is more than {limit}"
    return f"{text}, the maximum by {limit}"


def _figure(rows: Explanations) -> "Figure | None":
    """Draw a few images, each with all maps, every map on its own scale."""
    drawn, names = [], drawable(rows.class_names)
    for row in spread(len(rows.target)) if rows.maps else ():
        label, target = (names[each[row]] for each in (rows.label, rows.target))
        maps = [of_values(each[row], float(np.abs(each[row]).max())) for each in rows.maps.values()]
        drawn.append(
            Row(f"{label}: {target}", [of_image(rows.images[row] / 255), *maps], ["", *rows.maps])
        )
    return picture(drawn, 1.3)


def _counted(rows: Explanations) -> dict[str, int]:
    """Count what was explained."""
    once = rows.target == rows.predicted
    right = rows.label == rows.predicted
    return {
        "rows": len(rows.target),
        "right_images": int((once & right).sum()),
        "wrong_images": int((once & ~right).sum()),
    }
