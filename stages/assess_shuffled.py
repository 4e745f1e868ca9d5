"""Compare a cell's maps with those after labels without meaning.

`python -m stages.assess_shuffled --cell <cell>`

Label randomisation, Adebayo et al. 2018, "Sanity Checks for Saliency Maps"
(https://arxiv.org/abs/1810.03292), section 3.2. A stage of its own because only some cells are
trained on shuffled labels.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.assess_shuffled", uses="tensorflow", check="heatproof.config.params:load")

import argparse

from heatproof.config import params
from heatproof.run import tracking
from heatproof.storage import artifacts
from heatproof.storage.artifacts import SHUFFLED
from heatproof.trust import examination, summary
from heatproof.trust.subject import prepared, trained_model
from stages.assess import tracked, values


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare maps with those after shuffled labels.")
    parser.add_argument(
        "--cell", required=True, help="a cell that params.yaml lists under shuffled"
    )
    assess_shuffled(parser.parse_args().cell)


def assess_shuffled(cell: str) -> None:
    """Explain the assessed images by the network of shuffled labels; write values and metrics.

    Raises:
        UserError: the cell is unknown or not listed, an earlier stage's file is missing or does not
            fit, or Keras runs on another backend than TensorFlow.
    """
    study = params.load()
    study.shuffled_cell(cell)
    assessed = prepared(study, cell)
    other = trained_model(study, cell, assessed.rows, SHUFFLED)
    used = {"seed": study.seed, "threads": study.threads, "assess": study.assess}
    with tracking.run(stage="assess_shuffled", cell=cell, params=used) as run:
        originals = assessed.originals()
        table = examination.of_labels(
            originals, assessed.explaining(other), assessed.subject, study.seed
        )
        summarised = summary.summaries(table, study.assess.bootstrap_samples, study.seed)
        metrics = {"measures": summarised, "uninformative": summary.flagged(summarised)}
        artifacts.write_trust(cell, values(assessed.rows, table), SHUFFLED)
        artifacts.write_metrics("assess_shuffled", cell, metrics)
        print(f"{cell}: {len(originals)} maps beside those of shuffled labels", flush=True)
        run.log_metrics(tracked(summarised))
