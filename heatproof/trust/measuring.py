"""Every measure of one family's attributions of a cell: per-image values, and durations.

By family, so that a new method has those of its own family measured again, and no others. What is
the same for every family is computed with the first one, and kept for the others. Many images are
measured in blocks (`core.blocks`).
"""

import time
from collections.abc import Mapping

from heatproof.attribution.core.blocks import bounds
from heatproof.attribution.core.method import unserved
from heatproof.attribution.core.sizes import resolved
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config.params import Params
from heatproof.config.schema import Block
from heatproof.run import tracking
from heatproof.run.progress import Progress
from heatproof.storage import artifacts, paths
from heatproof.storage.blocks import Block as StoredBlock
from heatproof.storage.blocks import Kept
from heatproof.trust import measured_block, summary
from heatproof.trust.controls import CONTROLS
from heatproof.trust.measure import Result
from heatproof.trust.measured_block import Measured
from heatproof.trust.options import MeasuresOptions
from heatproof.trust.preparation import Prepared, prepared
from heatproof.trust.registry import FAMILIES


def measure(study: Params, cell: str, family: str, kept: Kept | None = None) -> None:
    """Put a family's maps of a cell, and the controls, to every test; write what comes out.

    kept: where blocks are that are there already, and are written; None where all is done at once.

    Raises:
        UserError: the cell is unknown, or an earlier stage's file is missing or does not fit.
    """
    stage, first = f"measure_{family}", family == STAGE_FAMILIES[0]
    ready = prepared(study, cell, [family])
    places = bounds(ready.rows.image_index)
    used = {
        "seed": study.seed,
        "threads": study.threads,
        "assess": study.assess,
        family: getattr(study.explain, family),
    }
    with tracking.run(stage, cell, used) as run:
        listed, unmeasured = _listed(ready, study.assess.measures)

        def computed(number: int) -> StoredBlock:
            return _block(ready, listed, places[number], _title(cell, family, number, len(places)))

        count = len(places)
        stored = kept.all(count, computed) if kept else map(computed, range(count))
        taken = measured_block.joined([measured_block.of_block(each) for each in stored])
        result = _in_one(taken.results)
        metrics = {
            "mask": ready.masks_are,
            "slow_images": ready.slow_images,
            "slow_methods": ready.slow,
            **result.metrics,
            **({"unmeasured": unmeasured} if unmeasured else {}),
        }
        artifacts.write_trust(cell, family, summary.stored(ready.rows, result))
        if first:
            artifacts.write_common(cell, ready.rows.image_index, dict(taken.in_common))
        artifacts.write_metrics(stage, cell, metrics)
        timing = {f"{name}_seconds": seconds for name, seconds in taken.seconds.items()}
        artifacts.write_timing(stage, cell, timing)
        parts = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in taken.seconds.items())
        maps = len(ready.rows.maps) + len(CONTROLS) * ready.controlled
        print(f"{cell}: {len(result.values)} measures of {maps} maps: {parts}", flush=True)
        run.log_metrics(timing)
        run.log_results(metrics, paths.metrics(stage, cell))


def measure_block(study: Params, cell: str, family: str, number: int, kept: Kept) -> None:
    """Measure one block of a cell's images, for the stage to find it there.

    Raises:
        UserError: as `measure`.
    """
    if kept.read(number):
        return
    ready = prepared(study, cell, [family])
    places = bounds(ready.rows.image_index)
    if number < len(places):
        listed, _ = _listed(ready, study.assess.measures)
        title = _title(cell, family, number, len(places))
        kept.write(number, _block(ready, listed, places[number], title))
        return
    kept.tell_of_none(number, len(places))


def _title(cell: str, family: str, number: int, count: int) -> str:
    return f"{cell}: {family}" + (f", block {number + 1} of {count}" if count > 1 else "")


def _listed(ready: Prepared, measures: MeasuresOptions) -> tuple[dict[str, Block], dict[str, str]]:
    """Return the families of measures that are listed, with their options, and why not others."""
    listed, unmeasured = {}, {}
    for name, family in FAMILIES.items():
        if (options := getattr(measures, name, None)) is not None:
            if reason := unserved(family.needs, ready.network.opaque):
                unmeasured[name] = reason
            else:
                listed[name] = resolved(options, ready.context.size)
    return listed, unmeasured


def _block(ready: Prepared, listed: Mapping[str, Block], place: slice, title: str) -> StoredBlock:
    """Take the measures that are listed of some of the images.

    title: of the progress that is shown.
    """
    assessment = ready.part(place)
    read = set(assessment.in_common)
    results, seconds = {}, {}
    ready.network.progress = progress = Progress(title, len(listed))
    for name, options in listed.items():
        started = time.monotonic()
        with progress.part(name):
            results[name] = FAMILIES[name].take(assessment, options)
        seconds[name] = round(time.monotonic() - started, 3)
    computed = {name: each for name, each in assessment.in_common.items() if name not in read}
    return measured_block.as_block(Measured(results, seconds, computed))


def _in_one(results: Mapping[str, Result]) -> Result:
    """Return what all families of measures gave as one result."""
    result = Result({})
    for taken in results.values():
        result.values.update(taken.values)
        result.curves.update(taken.curves)
        result.metrics.update(taken.metrics)
    return result
