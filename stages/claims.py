"""Compare every published claim with what was measured. `python -m stages.claims`

Reads claims.yaml, params.yaml and data/; writes data/claims.json, and how many claims came out how
to metrics/claims.json. They repeat to the byte: training times are compared in the report.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.claims")

import argparse

from heatproof.claims import description, statements
from heatproof.claims.scorecard import scorecard
from heatproof.config import params
from heatproof.storage import paths
from heatproof.storage.formats import write_json


def main() -> None:
    """Parse the command line, compare, write, and say how many claims came out how."""
    argparse.ArgumentParser(
        prog="python -m stages.claims",
        description="Compare every published claim of claims.yaml with what was measured.",
    ).parse_args()
    content = scorecard(params.load(), description.load(statements.NEEDS))
    write_json(paths.CLAIMS, content)
    write_json(paths.CLAIM_COUNTS, content["counts"])
    counted = ", ".join(f"{n} {verdict}" for verdict, n in content["counts"].items() if n)
    print(f"claims: {len(content['claims'])} compared under budget {content['budget']}: {counted}")
