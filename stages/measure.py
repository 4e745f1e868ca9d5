"""Measure a family's attributions. `python -m stages.measure --cell <cell> --family gradients`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.measure", uses="tensorflow", check="heatproof.config.arguments:check")

from heatproof.config import arguments
from heatproof.run import runtime
from heatproof.storage.blocks import Kept
from heatproof.trust.measuring import measure, measure_block


def main() -> None:
    study, cell, family, block = arguments.read_family("Measure a family's attributions.")
    runtime.configure(study.threads, study.seed)
    kept = Kept(f"measure_{family}", cell)
    if block is not None:
        measure_block(study, cell, family, block, kept)
        return
    measure(study, cell, family, kept)
    kept.finish()
