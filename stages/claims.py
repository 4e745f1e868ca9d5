"""Compare every published claim with what was measured. `python -m stages.claims`

Reads claims.yaml, params.yaml and data/; writes data/claims.json, and how many claims came out how
to metrics/claims.json. They repeat to the byte: training times are compared in the report.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.claims")

import argparse
from typing import Any

from heatproof.claims import confusions, description, figures, statements
from heatproof.claims.description import Book, Claim, Confusion, Figure
from heatproof.claims.evidence import Evidence
from heatproof.claims.verdicts import NOT_RUN, VERDICTS, Finding, NotThere
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


def scorecard(study: params.Params, book: Book) -> dict[str, Any]:
    """Compare all claims, and return what data/claims.json says of them.

    Returns:
        `budget`; `counts`, verdict -> how many; `sources`, name -> title and note; `claims`, one
        each, in the order of claims.yaml: `id`, `source`, `kind`, `statement`, `subject` (of a
        figure: what it is of), `cells` (those of the study), `published` (text; low and high in
        base units, seconds for a time), `measured` (text, interval; value, low and high in base
        units), `as_published` (whether its cells were trained by the published schedule; null where
        the study lacks one), `device` (cpu or gpu, of a training time where the source says),
        `verdict`, `sentence`.

    Raises:
        UserError: a metrics file is damaged or older than the code.
    """
    evidence = Evidence(study, book.claims)
    claims = [compared(name, claim, evidence) for name, claim in book.claims.items()]
    return {
        "budget": study.budget,
        "counts": {v: sum(entry["verdict"] == v for entry in claims) for v in VERDICTS},
        "sources": {name: source.model_dump() for name, source in book.sources.items()},
        "claims": claims,
    }


def compared(name: str, claim: Claim, evidence: Evidence) -> dict[str, Any]:
    """Compare one claim; return an entry of `claims`, as `scorecard` describes it."""
    finding = _found(claim, evidence)
    cells = evidence.cells_of(claim)
    here = [cell for cell in cells if cell in evidence.study.cells]
    return {
        "id": name,
        "source": claim.source,
        "kind": claim.kind,
        "statement": claim.statement,
        "subject": claim.subject if isinstance(claim, Figure) else None,
        "cells": here,
        "published": _published(claim),
        "measured": {
            "text": finding.text,
            "interval": finding.interval,
            "value": finding.value,
            "low": finding.low,
            "high": finding.high,
        },
        "as_published": evidence.as_published(*cells) if cells and cells == here else None,
        "device": claim.device if isinstance(claim, Figure) else None,
        "verdict": finding.verdict,
        "sentence": finding.sentence,
    }


def _found(claim: Claim, evidence: Evidence) -> Finding:
    try:
        if isinstance(claim, Figure):
            return figures.find(claim, evidence)
        if isinstance(claim, Confusion):
            return confusions.find(claim, evidence)
        return statements.find(claim, evidence)
    except NotThere as missing:
        return Finding(NOT_RUN, str(missing))


def _published(claim: Claim) -> dict[str, Any]:
    if isinstance(claim, Confusion) or not claim.given:
        return {"text": "", "low": None, "high": None}
    low, high = claim.bounds()
    return {"text": claim.text(), "low": low, "high": high}
