"""Check a cell against the libraries. `python -m stages.crosscheck --cell <cell>`

Each library runs in a process of its own (`heatproof.crosscheck.program`); this one loads neither
TensorFlow nor a library.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.crosscheck")

from heatproof.config import arguments
from heatproof.crosscheck.crosscheck import crosscheck


def main() -> None:
    crosscheck(*arguments.read("Check a cell against tf-keras-vis, lime, shap and scikit-learn."))
