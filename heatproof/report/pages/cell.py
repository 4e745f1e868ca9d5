"""One cell's page: accuracy, mistakes, explanations, and whether these can be trusted."""

from typing import Any

from heatproof.config.runs import DerivedRun, Run
from heatproof.report.cell_results import CellResults
from heatproof.report.charts import colours
from heatproof.report.sections import (
    cell_trust,
    class_section,
    confusion,
    cross_validation,
    crosscheck,
    curves,
    domains_section,
    domains_summary,
    layers_section,
    leaks,
    smaller,
    verdicts,
)
from heatproof.report.sections.attention_section import attention
from heatproof.report.sections.concepts_section import concepts
from heatproof.report.sections.counterfactual_section import counterfactuals
from heatproof.report.sections.features_section import features
from heatproof.report.sections.gallery import gallery
from heatproof.report.sections.influence_section import influence
from heatproof.report.sections.key_findings import FEW
from heatproof.report.sections.manipulation_section import manipulation
from heatproof.report.sections.opening import chosen, opening
from heatproof.report.sections.seeds import over_seeds
from heatproof.report.sections.squares import Squares, squares
from heatproof.report.study import Study
from heatproof.report.text import methods
from heatproof.report.text.methods import Number
from heatproof.run.errors import UserError
from heatproof.run.nested import leaves
from heatproof.statistics import numbers
from heatproof.storage import confusions, paths
from heatproof.storage.folders import file_name
from heatproof.storage.records import Predictions
from heatproof.training.presets import filled_in

SHOWN_EXAMPLES = 2  # of each kind; the others are folded away, so that the page has an end


def context(study: Study, result: CellResults) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The values of a cell's template, and its picture files: suffix of the name -> PNG."""
    params, run, evaluate = study.params, study.params.run(result.name), result.evaluate
    explanations, predictions = result.explanations(), result.predictions()
    probabilities = predictions.probabilities if predictions else None
    examples = gallery(explanations, probabilities, result.test_masks()) if explanations else None
    shown, folded = chosen(examples, result.verdict) if examples else ([], [])
    drawn = {
        "squares": _squares(result, predictions),
        "features": features(result.findings("features"), result.explain.get("features", {})),
        "attention": attention(
            result.findings("features"), result.explain.get("features", {}), result.test_images()
        ),
        "counterfactuals": counterfactuals(result.findings("counterfactual")),
        "domains": domains_section.domains(result),
        "concepts": concepts(result),
        "influence": influence(result),
        "manipulated": manipulation(
            result.assess, result.trust(), explanations.class_names if explanations else ()
        ),
    }
    matrices = [
        confusion.matrix(
            part,
            confusions.matrix(evaluate[f"confusion_{part}"], len(evaluate["class_names"])),
            evaluate["class_names"],
        )
        for part in ("test", "train")
        if evaluate
    ]
    values = {
        "params": params,
        "result": result,
        "remarks": _remarks(study, result, predictions),
        "opened": result.name in params.saved,
        "derived": result.name in params.derived,
        "charts": curves.of_cell(result),
        "few": FEW,
        "history": curves.rows(result.history),
        "matrices": matrices,
        "max_names": confusion.MAX_NAMES,
        "classes": class_section.classes(evaluate) if evaluate else None,
        "tested_classes": sum(c["support"] > 0 for c in evaluate.get("per_class", {}).values()),
        "thresholds": class_section.thresholds(evaluate) if evaluate else [],
        "gallery": examples,
        "opening": opening(examples, result.verdict) if examples and result.verdict else None,
        "chosen": shown,
        "folded": folded,
        "marks": result.verdict.methods if result.verdict else {},
        "unjudged": verdicts.unjudged(result),
        "explained": set(explanations.image_index.tolist()) if explanations else (),
        "palette": colours.palette(),
        **drawn,
        "shown": SHOWN_EXAMPLES,
        "own_errors": own_errors(result.methods()),
        "unsupported": unsupported(result.methods()),
        "not_possible": {
            family: f"Not possible: {found['unsupported']}."
            for family, found in result.explain.items()
            if "unsupported" in found
        },
        "over_seeds": over_seeds(result.seeds, evaluate.get("test_images")),
        "over_folds": cross_validation.details(result.folds) if result.folds else "",
        "open_folds": cross_validation.unfinished(result.fold_runs),
        "runs": result.compared,
        "top": params.compare_runs.top,
        "beside_origin": smaller.of_cell(study.derived, result, study.cells),
        "derived_from_it": [each for each in study.derived if each.origin == result.name],
        "cell_pages": {each.name for each in study.cells},
        "other_run": params.listed("compared", result.name).run if result.compared else "",
        "trust": cell_trust.section(params, result, study.showcases[result.name]),
        "zero_maps": verdicts.zero(study.showcases[result.name]),
        "verdict_maps": f"../images/verdict-{file_name(result.name)}.png",
        "kept": layers_section.finding(result.inversion),
        "concepts_asked": result.name in params.concepts,
        "influence_asked": result.name in params.influenced,
        "tried": domains_section.is_tried(params, result.name),
        "corruption": domains_section.label,
        "measure_labels": domains_summary.LABELS,
        "significant": domains_summary.significant,
        "crosscheck": crosscheck.line(result.crosscheck),
        "hit_keys": confusion.HIT_KEYS,
        "miss_keys": confusion.MISS_KEYS,
        "settings": {
            title: [(name, _typed(value)) for name, value in leaves(block) if value is not None]
            for title, block in _settings(study, result, run).items()
        },
    }
    files = {f"-{m.part}": m.picture for m in matrices if m.picture is not None}
    if examples is not None:
        files |= {"": examples.images.png(), "-maps": examples.maps.png()}
    files |= {f"-{kind}": sheet.sprite.png() for kind, sheet in drawn.items() if sheet is not None}
    return values, files


def _settings(study: Study, result: CellResults, run: Run) -> dict[str, dict[str, Any]]:
    """Return what params.yaml says of the cell's network, and of its training if it is trained."""
    network = {f"Network: {run.network.architecture}": run.network.model_dump(exclude_none=True)}
    if result.schedule is None or isinstance(run, DerivedRun):
        return network
    return {
        "Schedule": result.schedule.model_dump(exclude={"training", "augmentation"}),
        **network,
        "Training": run.training.model_dump(),
        "Augmentation of the data": _augmentation(study, run),
    }


def _augmentation(study: Study, run: Run) -> dict[str, Any]:
    """Say how images are changed: in numbers where the images' size is known."""
    augmentation = run.augmentation
    if prepared := study.datasets.get(run.dataset):
        augmentation = filled_in(augmentation, prepared["height"], prepared["width"])
    return augmentation.model_dump(exclude_none=True)


def _remarks(study: Study, result: CellResults, predictions: Predictions | None) -> list[str]:
    found = leaks.of_cell(study, result, predictions)
    return [*result.remarks, *([found.sentence] if found else [])]


def own_errors(summaries: dict[str, dict[str, Any]]) -> list[tuple[str, Number, dict[str, Any]]]:
    """List the methods' own errors over the explained rows, methods in the report's order.

    Args:
        summaries: method -> the explain stage's summary of it.

    Returns:
        Of each the method's label, what the number is called and means, and its spread.
    """
    return [
        (methods.describe(name).label, methods.number(number), spread)
        for name in methods.ordered(summaries)
        for number, spread in summaries[name].items()
        if isinstance(spread, dict)
    ]


def unsupported(summaries: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """List the methods that do not support this network, those of one reason together, with it."""
    labels: dict[str, list[str]] = {}
    for name in methods.ordered(summaries):
        if "unsupported" in summaries[name]:
            reason = str(summaries[name]["unsupported"])
            labels.setdefault(reason, []).append(methods.describe(name).label)
    return [(numbers.listing(each), reason) for reason, each in labels.items()]


def _squares(result: CellResults, predictions: Predictions | None) -> Squares | None:
    """The test images of the confusion matrix; None where images or predictions are missing."""
    images = result.test_images()
    if predictions is None or images is None:
        return None
    if len(images) != len(predictions.labels):
        predicted = paths.predictions(result.name)
        dataset = paths.processed(result.cell.dataset)
        raise UserError(
            f"{predicted} has {len(predictions.labels)} predictions, but {dataset} has "
            f"{len(images)} test images; run `dvc repro evaluate@{result.name}`"
        )
    return squares(images, predictions)


def _typed(value: Any) -> str:
    """A parameter's value as typed after `dvc exp run -S`."""
    return str(value).lower() if isinstance(value, bool) else numbers.printable(value)
