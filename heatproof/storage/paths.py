"""Where what a study consists of lies, relative to the study's folder."""

from pathlib import Path

DATA = Path("data")  # in DVC's cache
RECORD, IMAGES, MASKS = "record.npz", "images.npy", "masks.npy"  # in `raw`
RAW = DATA / "raw"
METRICS = Path("metrics")  # in git, for people: no stage depends on it
CLAIMS = DATA / "claims.json"  # one file for the whole study
CLAIM_COUNTS = METRICS / "claims.json"


def raw(dataset: str) -> Path:
    """The folder with a dataset as its source gives it: `RECORD`, `IMAGES`, `MASKS`."""
    return RAW / dataset


def origins(dataset: str) -> Path:
    return DATA / "origins" / f"{dataset}.npz"


def processed(dataset: str) -> Path:
    return DATA / "processed" / f"{dataset}.npz"


def inspection(dataset: str) -> Path:
    """Pictures that data/metrics/inspect/<dataset>.json names."""
    return DATA / "inspections" / f"{dataset}.npz"


def weights(run: str) -> Path:
    return DATA / "models" / f"{run}.weights.h5"


def member(cell: str, run: str) -> Path:
    """The weights of a run as those of a member of an ensemble."""
    return DATA / "members" / cell / f"{run}.weights.h5"


def predictions(run: str) -> Path:
    return DATA / "predictions" / f"{run}.npz"


def predictions_csv(run: str) -> Path:
    return DATA / "predictions" / f"{run}.csv"


def explanations(cell: str, family: str) -> Path:
    return DATA / "explanations" / cell / f"{family}.npz"


def playground(cell: str) -> Path:
    """The network as the report's live page opens it."""
    return DATA / "playground" / f"{cell}.json"


def domain(cell: str, other: str | None = None) -> Path:
    """Arrays of a network on another dataset, or on corrupted copies of its own."""
    return explanations(cell, "corrupted" if other is None else f"on-{other}")


def trust(cell: str, part: str) -> Path:
    return DATA / "trust" / cell / f"{part}.npz"


def metrics(stage: str, name: str) -> Path:
    """Every number of a stage; `headline` has those for people."""
    return DATA / "metrics" / stage / f"{name}.json"


def headline(stage: str, name: str) -> Path:
    return METRICS / stage / f"{name}.json"


def history(run: str) -> Path:
    return DATA / "history" / f"{run}.csv"


def timing(stage: str, name: str) -> Path:
    return DATA / "timing" / stage / f"{name}.json"
