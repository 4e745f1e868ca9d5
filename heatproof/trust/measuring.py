"""Every measure of one family's attributions of a cell: per-image values, and durations.

By family, so that a new method has those of its own family measured again, and no others. What is
the same for every family is computed with the first one, and kept for the others.
"""

import time

from heatproof.attribution.core.method import unserved
from heatproof.attribution.core.sizes import resolved
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config.params import Params
from heatproof.run import tracking
from heatproof.run.progress import Progress
from heatproof.storage import artifacts, paths
from heatproof.trust import summary
from heatproof.trust.assessment import Assessment
from heatproof.trust.measure import Result
from heatproof.trust.options import MeasuresOptions
from heatproof.trust.preparation import prepare
from heatproof.trust.registry import FAMILIES


def measure(study: Params, cell: str, family: str) -> None:
    """Put a family's maps of a cell, and the controls, to every test; write what comes out.

    Raises:
        UserError: the cell is unknown, or an earlier stage's file is missing or does not fit.
    """
    stage, first = f"measure_{family}", family == STAGE_FAMILIES[0]
    assessment = prepare(study, cell, [family])
    index = assessment.rows.image_index
    if not first:
        assessment.in_common.update(artifacts.read_common(cell, index))
    used = {
        "seed": study.seed,
        "threads": study.threads,
        "assess": study.assess,
        family: getattr(study.explain, family),
    }
    with tracking.run(stage, cell, used) as run:
        result, timing, unmeasured = _taken(assessment, study.assess.measures, f"{cell}: {family}")
        metrics = {
            "mask": assessment.masks_are,
            "slow_images": assessment.slow_images,
            "slow_methods": assessment.slow,
            **result.metrics,
            **({"unmeasured": unmeasured} if unmeasured else {}),
        }
        artifacts.write_trust(cell, family, summary.stored(assessment.rows, result))
        if first:
            artifacts.write_common(cell, index, assessment.in_common)
        artifacts.write_metrics(stage, cell, metrics)
        artifacts.write_timing(stage, cell, timing)
        parts = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in timing.items())
        print(
            f"{cell}: {len(result.values)} measures of {len(assessment.maps)} maps: "
            f"{parts.replace('_seconds', '')}",
            flush=True,
        )
        run.log_metrics(timing)
        run.log_results(metrics, paths.metrics(stage, cell))


def _taken(
    assessment: Assessment, listed: MeasuresOptions, title: str
) -> tuple[Result, dict[str, float], dict[str, str]]:
    """Take the measures that are listed; return what they gave, their seconds, and why not others.

    title: of the progress that is shown.
    """
    result, timing, unmeasured = Result({}), {}, {}
    size = (assessment.images.shape[1], assessment.images.shape[2])
    possible = {}
    for name, family in FAMILIES.items():
        if (options := getattr(listed, name, None)) is not None:
            if reason := unserved(family.needs, assessment.network.opaque):
                unmeasured[name] = reason
            else:
                possible[name] = resolved(options, size)
    assessment.network.progress = progress = Progress(title, len(possible))
    for name, options in possible.items():
        started = time.monotonic()
        with progress.part(name):
            taken = FAMILIES[name].take(assessment, options)
        timing[f"{name}_seconds"] = round(time.monotonic() - started, 3)
        result.values.update(taken.values)
        result.curves.update(taken.curves)
        result.metrics.update(taken.metrics)
    return result, timing, unmeasured
