"""A cell's maps beside those of a network trained on labels in random order."""

from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config.params import Params
from heatproof.config.runs import SHUFFLED
from heatproof.models.build import trained_network
from heatproof.run import tracking
from heatproof.storage import artifacts, paths
from heatproof.trust import summary
from heatproof.trust.measures import shuffled_labels
from heatproof.trust.preparation import prepare


def assess_shuffled(study: Params, cell: str) -> None:
    """Explain the assessed images by the network of shuffled labels; write values and metrics.

    Raises:
        UserError: the cell is unknown or not listed, or an earlier stage's file is missing or does
            not fit.
    """
    run = study.run(study.listed("shuffled", cell).run)
    assessment = prepare(study, cell, STAGE_FAMILIES)
    rows = assessment.rows
    other = trained_network(run, rows.images.shape[1:], len(rows.class_names))
    used = {"seed": study.seed, "threads": study.threads, "assess": study.assess}
    with tracking.run("assess_shuffled", cell, used) as tracked:
        result = shuffled_labels.take(assessment, other)
        summaries = summary.summaries(result.values, study.assess.bootstrap_samples, study.seed)
        metrics = {"measures": summaries, "uninformative": summary.uninformative(summaries)}
        artifacts.write_trust(cell, SHUFFLED, summary.stored(rows, result))
        artifacts.write_metrics("assess_shuffled", cell, metrics)
        print(f"{cell}: {len(assessment.maps)} maps beside those of shuffled labels", flush=True)
        tracked.log_results(metrics, paths.metrics("assess_shuffled", cell))
