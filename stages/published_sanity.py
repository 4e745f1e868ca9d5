"""Measure what the published weight-randomisation table shows.

`python -m stages.published_sanity --cell <cell>`
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "stages.published_sanity", uses="tensorflow", check="heatproof.config.arguments:check"
    )

from heatproof.config import arguments
from heatproof.run import runtime
from heatproof.trust.published import published_sanity


def main() -> None:
    study, cell = arguments.read("Measure what the published table shows.")
    runtime.configure(study.threads, study.seed)
    published_sanity(study, cell)
