"""Say how far a cell's explanations can be believed. `python -m stages.assess --cell <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.assess")

from heatproof.config import arguments
from heatproof.trust.assess import assess


def main() -> None:
    assess(*arguments.read("Say how far explanations can be believed."))
