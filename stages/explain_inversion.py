"""Seek images again from what layers say. `python -m stages.explain_inversion --cell <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "stages.explain_inversion", uses="tensorflow", check="heatproof.config.arguments:check"
    )

from heatproof.config import arguments
from heatproof.inversion.explain_inversion import explain_inversion
from heatproof.run import runtime


def main() -> None:
    study, cell = arguments.read("Seek images again from what a cell's layers say of them.")
    runtime.configure(study.threads, study.seed)
    explain_inversion(study, cell)
