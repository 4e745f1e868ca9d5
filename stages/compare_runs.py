"""Compare a cell with its run of another seed. `python -m stages.compare_runs --cell <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "stages.compare_runs", uses="tensorflow", check="heatproof.config.arguments:check"
    )

from heatproof.comparisons.run_comparison import compare_runs
from heatproof.config import arguments
from heatproof.run import runtime


def main() -> None:
    study, cell = arguments.read("Compare a cell with its run of another seed.")
    runtime.configure(study.threads, study.seed)
    compare_runs(study, cell)
