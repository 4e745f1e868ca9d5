"""Explain a cell's predictions. `python -m stages.explain --cell <cell> --family gradients`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.explain", uses="tensorflow", check="heatproof.config.arguments:check")

from functools import partial

from heatproof.attribution.explaining import attributions, explain, explain_block
from heatproof.config import arguments
from heatproof.storage.blocks import Kept


def main() -> None:
    study, cell, family, block = arguments.read_family("Explain a trained cell's predictions.")
    kept = Kept(f"explain_{family}", cell)
    if block is not None:
        explain_block(study, cell, family, block, kept)
        return
    explain(study, cell, family, partial(attributions, kept=kept))
    kept.finish()
