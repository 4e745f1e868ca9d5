"""Whether the cells and runs of params.yaml fit the models and datasets that are there."""

from pathlib import Path
from typing import TYPE_CHECKING

from heatproof.config.models import DEFAULT
from heatproof.config.runs import SHUFFLED, Cell, CellRun, ComparedRun, on_domain
from heatproof.models.options import unfit
from heatproof.run.errors import UserError, nearest, require_known, shown_value

if TYPE_CHECKING:
    from heatproof.config.params import Params


def check_runs(path: Path, study: "Params") -> None:
    """Refuse cells and runs that do not fit together, or that are not called what they are.

    Raises:
        UserError: with what to write instead.
    """
    for name, cell in study.cells.items():
        _check_cell(path, study, name, cell)
    for name, run in study.runs.items():
        _check_run(path, study, name, run)
    for name, cell in study.derived.items():
        _check_known(path, study, f"derived.{name}", cell)
        _check_name(f"{path}: derived.{name}", name, f"{cell.model}-{cell.dataset}")
    for place in ("published", "saved"):
        for name, cell in getattr(study, place).items():
            _check_listed(path, study, place, name, cell)
    for name, cell in study.saved.items():
        if not study.models[cell.model].is_saved:
            raise UserError(
                f"{path}: saved.{name}: models.{cell.model} is no saved model; expected one with "
                "network: {architecture: saved, file: …}; remove this line"
            )
    for place in ("shuffled", "compared"):
        for name, cell in getattr(study, place).items():
            _check_listed(path, study, place, name, cell)
            _check_other_run(path, study, place, name, cell)


def _check_cell(path: Path, study: "Params", name: str, cell: Cell) -> None:
    _check_known(path, study, f"cells.{name}", cell)
    _check_name(f"{path}: cells.{name}", name, f"{cell.model}-{cell.dataset}")
    _check_size(path, study, cell)
    if study.models[cell.model].is_saved:
        _check_saved(path, study, name)
    elif study.models[cell.model].is_trained and name not in study.runs:
        raise UserError(
            f"{path}: runs: the cell '{name}' is missing; add `<<: *cells` to runs, which "
            "takes in every cell, and begin `cells: &cells`"
        )


def _check_run(path: Path, study: "Params", name: str, run: CellRun) -> None:
    _check_known(path, study, f"runs.{name}", run)
    cell = f"{run.model}-{run.dataset}"
    if not study.models[run.model].is_trained:
        kind = study.models[run.model].network.architecture
        raise UserError(
            f"{path}: runs.{name}: models.{run.model} is a {kind} network, which is never "
            "trained, from no other seed and on no shuffled labels; remove this line (where "
            "it comes of `<<: *cells`, list the trained cells in its place)"
        )
    if cell not in study.cells:
        raise UserError(
            f"{path}: runs.{name}: there is no cell '{cell}'"
            f"{nearest(cell, list(study.cells))}; add it to cells, or remove this line of runs"
        )
    if run.seed == study.seed and run.only_seed_differs:
        raise UserError(
            f"{path}: runs.{name}.seed = {run.seed}: this is `seed`, from which the cell "
            "itself is trained; give another here, or remove this line of runs"
        )
    _check_name(f"{path}: runs.{name}", name, _name_of(study, cell, run))
    _check_folds(path, study, name, run)
    if name in study.cells and name != cell:
        raise UserError(
            f"{path}: runs.{name}: the cell '{name}' and a run of the cell '{cell}' have one "
            f"name; rename the dataset '{study.cells[name].dataset}'"
        )
    if study.schedule_under(study.budget, cell) is None:
        raise UserError(
            f"{path}: models.{run.model}.schedules.{study.budget} has neither '{run.dataset}' "
            f"nor '{DEFAULT}', and the cell '{cell}' needs one: add a line for it (copy "
            "another dataset's)"
        )


def _check_size(path: Path, study: "Params", cell: Cell) -> None:
    """Refuse an option of a network that does not fit the size to which images are brought.

    The size of other images is known when they are prepared: `build_model` refuses it then.
    """
    size = getattr(study.datasets[cell.dataset].fetch, "size", None)
    if size is None:
        return
    height, width = (size, size) if isinstance(size, int) else size
    if reason := unfit(study.models[cell.model].network, height, width):
        raise UserError(
            f"{path}: models.{cell.model}.network.{reason}; the images are those of "
            f"datasets.{cell.dataset}"
        )


def _check_saved(path: Path, study: "Params", name: str) -> None:
    """Refuse the cell of a saved network that `saved` does not list, or with another file."""
    cell = study.cells[name]
    file = getattr(study.models[cell.model].network, "file", "")
    listed = study.saved.get(name)
    if listed is None or listed.file != file:
        raise UserError(
            f"{path}: saved.{name}: expected {{model: {cell.model}, dataset: {cell.dataset}, "
            f"file: {file}}}, as models.{cell.model}.network has it; "
            f"{'correct it' if listed else 'add this line below saved'}"
        )


def _check_known(path: Path, study: "Params", place: str, cell: Cell) -> None:
    """Refuse a cell or run whose model or dataset does not exist."""
    for part, value, known in (
        ("model", cell.model, study.models),
        ("dataset", cell.dataset, study.datasets),
    ):
        require_known(f"{path}: {place}.{part} = {shown_value(value)}: unknown", value, known)


def _name_of(study: "Params", cell: str, run: CellRun) -> str:
    seed = study.seed if run.seed is None else run.seed
    if run.labels == SHUFFLED:
        return f"{cell}-{SHUFFLED}{seed}"
    own = cell if seed == study.seed else f"{cell}-seed{seed}"
    if run.train_images_per_class:
        return f"{own}-{run.train_images_per_class}perclass"
    return own if run.fold is None else f"{own}-fold{run.fold}of{run.folds}"


def _check_folds(path: Path, study: "Params", name: str, run: CellRun) -> None:
    """Refuse folds of several numbers for one cell: their accuracies have no common interval."""
    of_the_cell = (
        each.folds
        for each in study.runs.values()
        if (each.model, each.dataset) == (run.model, run.dataset) and each.folds
    )
    if run.folds and (first := next(of_the_cell)) != run.folds:
        raise UserError(
            f"{path}: runs.{name}.folds = {run.folds}: other runs of the cell have {first}; give "
            "all runs of a cell the same number of folds"
        )


def _check_name(place: str, name: str, expected: str) -> None:
    if name != expected:
        raise UserError(
            f"{place}: this should be called '{expected}' (a cell is <model>-<dataset>, a run of "
            "another seed <cell>-seed<seed>, one of shuffled labels <cell>-shuffled<seed>; one "
            "that leaves out a fold ends in -fold<fold>of<folds>, one on few images of each class "
            "in -<images>perclass); rename it, or correct what it says"
        )


def _check_listed(path: Path, study: "Params", place: str, name: str, cell: Cell) -> None:
    """Refuse an entry of a list of cells that is of no cell, or says otherwise than the cell."""
    if name not in study.cells:
        raise UserError(
            f"{path}: {place}.{name}: there is no such cell{nearest(name, list(study.cells))}; "
            f"name one of cells, or remove this line of {place}"
        )
    expected = study.cells[name]
    if (cell.model, cell.dataset) != (expected.model, expected.dataset):
        raise UserError(
            f"{path}: {place}.{name}: expected {{model: {expected.model}, dataset: "
            f"{expected.dataset}}}, as under cells; correct it"
        )


def _check_other_run(
    path: Path, study: "Params", place: str, name: str, listed: ComparedRun
) -> None:
    shuffled = place == SHUFFLED
    fitting = [
        run
        for run, options in study.runs.items()
        if f"{options.model}-{options.dataset}" == name
        and run != name
        and (options.labels == SHUFFLED if shuffled else options.only_seed_differs)
    ]
    model = study.models[listed.model]
    if not model.is_trained:
        raise UserError(
            f"{path}: {place}.{name}: its network is a {model.network.architecture} one, which is "
            "never trained: there is no other run of it to compare with; remove this line"
        )
    if listed.run not in fitting:
        known = f"known: {', '.join(fitting)}" if fitting else "add one to runs"
        kind = "on shuffled labels" if shuffled else "from another seed"
        raise UserError(
            f"{path}: {place}.{name}.run = {shown_value(listed.run)}: expected a run of this cell "
            f"{kind}{nearest(listed.run, fitting)}; {known}"
        )


def check_domains(path: Path, study: "Params") -> None:
    """Refuse what cells are to be evaluated on where it is not there, or their own dataset.

    Raises:
        UserError: with what to write instead.
    """
    for place in ("corrupted", "inversions", "influenced"):
        for name, cell in getattr(study, place).items():
            _check_listed(path, study, place, name, cell)
    for name, entry in study.evaluate_on.items():
        place, cell = f"{path}: evaluate_on.{name}", f"{entry.model}-{entry.dataset}"
        _check_known(path, study, f"evaluate_on.{name}", entry)
        require_known(f"{place}: there is no cell '{cell}'", cell, study.cells)
        what = f"{place}.domain = {shown_value(entry.domain)}: unknown"
        require_known(what, entry.domain, study.datasets)
        if entry.domain == entry.dataset:
            raise UserError(
                f"{place}.domain = {shown_value(entry.domain)}: this is the dataset that the cell "
                "is trained on, whose test images `evaluate` takes; name another one, or list the "
                "cell under `corrupted` for corrupted copies of them"
            )
        expected = on_domain(cell, entry.domain)
        if name != expected:
            raise UserError(
                f"{place}: this should be called '{expected}' (<model>-<dataset>-on-<dataset>); "
                "rename it, or correct what it says"
            )


def check_concepts(path: Path, study: "Params") -> None:
    """Refuse concepts of no cell, and those of another dataset that the entry does not read.

    Raises:
        UserError: with what to write instead.
    """
    for name, cell in study.concepts.items():
        _check_listed(path, study, "concepts", name, cell)
        for concept, described in cell.concepts.items():
            place, dataset = f"{path}: concepts.{name}.concepts.{concept}", described.dataset
            if dataset is not None and dataset != cell.dataset:
                what = f"{place}.dataset = {shown_value(dataset)}: unknown"
                require_known(what, dataset, study.datasets)
                expected = f"data/processed/{dataset}.npz"
                if cell.reads != expected:
                    raise UserError(
                        f"{path}: concepts.{name}.reads = {shown_value(cell.reads)}: expected "
                        f"{expected}, since the concept '{concept}' is of {dataset}; correct it (a "
                        "cell’s concepts are of one other dataset, or of one folder)"
                    )
            if described.images is not None and cell.reads.startswith("data/"):
                raise UserError(
                    f"{path}: concepts.{name}.reads = {shown_value(cell.reads)}: expected a folder "
                    f"of pictures, since the concept '{concept}' has images"
                )


def check_datasets_named(path: Path, params: "Params") -> None:
    """Refuse a name of a dataset, outside of cells, that `datasets` does not have.

    Raises:
        UserError: naming the key and the nearest dataset.
    """
    places = [("assess.foreground", name) for name in params.assess.foreground]
    places += [
        (f"models.{model}.schedules.{budget}", dataset)
        for model, options in params.models.items()
        for budget, schedules in options.schedules.items()
        for dataset in schedules
        if dataset != DEFAULT
    ]
    for key, name in places:
        require_known(f"{path}: {key}: {shown_value(name)} is no dataset", name, params.datasets)
