"""A small cell whose maps are measured and assessed."""

from typing import Any

from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config import params
from heatproof.evaluation.remarks import NEEDED
from heatproof.storage import artifacts
from heatproof.trust.assess import assess
from heatproof.trust.measuring import measure

CELL = "simple_cnn-digits"
BLOCKS = {"explain": {"images": {"right_per_class": 1, "wrong_per_class": 1}}}
BESIDE_SHUFFLED = {"shuffled_spearman", "shuffled_ssim"}


def write_accuracy(low: float) -> None:
    """Write what assess reads of the evaluation: always the majority class is right on 0.3."""
    content = dict.fromkeys(NEEDED, 0) | {"accuracy_low": low, "majority_accuracy": 0.3}
    artifacts.write_metrics("evaluate", CELL, content)


def measured(study: params.Params, *families: str) -> dict[str, Any]:
    """Measure and assess, by some families of measures alone if named; return the metrics."""
    if families:
        others = dict.fromkeys(study.assess.measures.model_fields_set - set(families))
        measures = study.assess.measures.model_copy(update=others)
        options = study.assess.model_copy(update={"measures": measures})
        study = study.model_copy(update={"assess": options})
    for family in STAGE_FAMILIES:
        measure(study, CELL, family)
    assess(study, CELL)
    return artifacts.read_metrics("assess", CELL)
