"""Compare every published claim with what was measured. `python -m stages.claims`

Reads claims.yaml, params.yaml and data/; writes data/claims.json, and how many claims came out how
to metrics/claims.json. They repeat byte for byte: training times are compared in the report.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.claims", purpose="Compare all of claims.yaml with what was measured.")

from heatproof.claims import description, statements
from heatproof.claims.scorecard import scorecard
from heatproof.config import params
from heatproof.storage import paths
from heatproof.storage.formats import write_json, write_record


def main() -> None:
    """Compare, write, and say how many claims came out how."""
    content = scorecard(params.load(), description.load(statements.NEEDS))
    write_record(paths.CLAIMS, content, "claims")
    write_json(paths.CLAIM_COUNTS, content["counts"])
    counted = ", ".join(f"{n} {verdict}" for verdict, n in content["counts"].items() if n)
    print(f"claims: {len(content['claims'])} compared under budget {content['budget']}: {counted}")
