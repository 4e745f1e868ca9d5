"""Write a cell's network for the report's live page. `python -m stages.playground --cell <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.playground", uses="tensorflow", check="heatproof.config.arguments:check")

from heatproof.config import arguments
from heatproof.playground.export import export
from heatproof.run import runtime


def main() -> None:
    study, cell = arguments.read("Write a trained cell's network for the report's live page.")
    runtime.configure(study.threads, study.seed)
    export(study, cell)
