"""Open the saved network of a cell. `python -m stages.open --cell <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.open", uses="tensorflow", check="heatproof.config.arguments:check")

from heatproof.config import arguments
from heatproof.evaluation.saved_network import open_network
from heatproof.run import runtime


def main() -> None:
    study, cell = arguments.read("Open the saved network of a cell, and check how it is read.")
    runtime.configure(study.threads, study.seed)
    for line in open_network(study, cell):
        print(f"open {cell}: {line}", flush=True)
