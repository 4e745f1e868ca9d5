"""Take a dataset from its source. `python -m stages.fetch --dataset <dataset>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.fetch")

import argparse
from dataclasses import replace

from heatproof.config import params
from heatproof.config.registry import modules
from heatproof.datasets.canonical import in_canonical_order
from heatproof.datasets.options import SOURCES
from heatproof.storage import artifacts, origins, paths


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Take a dataset from its source and write data/raw/<dataset>.",
        epilog="DATASETS_MIRROR=<folder> reads mnist, fashion_mnist and cifar10 from their "
        "official files in <folder>/<dataset>, verified, instead of downloading them.",
    )
    parser.add_argument("--dataset", required=True, help="its name in params.yaml")
    fetch(parser.parse_args().dataset)


def fetch(name: str) -> None:
    """Write data/raw/<name>, in canonical order, and data/origins/<name>.npz.

    Raises:
        UserError: the dataset is unknown, or its source cannot give it.
    """
    study = params.load()
    options = study.dataset(name).fetch
    if not study.is_used(name):
        remedy = f"remove datasets.{name} from params.yaml to fetch it no longer"
        print(f"fetch {name}: no cell uses this dataset; {remedy}", flush=True)
    source = modules(SOURCES)[options.source]
    paths.RAW.mkdir(parents=True, exist_ok=True)  # where images wait until all are there
    raw = source.fetch(options)
    ordered = in_canonical_order(raw)
    artifacts.write_raw(name, ordered)
    known = ordered.origins or origins.UNKNOWN
    origins.write(name, replace(known, remarks=ordered.remarks))
    for remark in raw.remarks:
        print(f"fetch {name}: {remark}", flush=True)
