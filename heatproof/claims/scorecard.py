"""All claims compared: what data/claims.json holds, and the report shows."""

from typing import Any

from heatproof.claims import confusions, figures, statements
from heatproof.claims.description import Claim, ClaimsFile, Confusion, Figure
from heatproof.claims.evidence import Evidence
from heatproof.claims.verdicts import NOT_RUN, VERDICTS, Comparison, MissingEvidence
from heatproof.config.params import Params


def scorecard(study: Params, book: ClaimsFile) -> dict[str, Any]:
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
    comparison = _judged(claim, evidence)
    cells = evidence.cells_of(claim)
    here = [cell for cell in cells if cell in evidence.study.cells]
    # Of a network on another dataset the source says nothing that a schedule could follow.
    elsewhere = isinstance(claim, Figure) and bool(claim.domain)
    # Nor of one that was opened from its file.
    trained = cells == here and not any(map(evidence.opened, cells))
    as_published = evidence.as_published(*cells) and not elsewhere if trained else None
    return {
        "id": name,
        "source": claim.source,
        "kind": claim.kind,
        "statement": claim.statement,
        "subject": claim.subject if isinstance(claim, Figure) else None,
        "cells": here,
        "published": _published(claim),
        "measured": {
            "text": comparison.text,
            "interval": comparison.interval,
            "value": comparison.value,
            "low": comparison.low,
            "high": comparison.high,
        },
        "as_published": as_published if cells else None,
        "device": claim.device if isinstance(claim, Figure) else None,
        "verdict": comparison.verdict,
        "sentence": comparison.sentence,
    }


def _judged(claim: Claim, evidence: Evidence) -> Comparison:
    try:
        if isinstance(claim, Figure):
            return figures.find(claim, evidence)
        if isinstance(claim, Confusion):
            return confusions.find(claim, evidence)
        return statements.find(claim, evidence)
    except MissingEvidence as missing:
        return Comparison(NOT_RUN, str(missing))


def _published(claim: Claim) -> dict[str, Any]:
    if isinstance(claim, Confusion) or not claim.given:
        return {"text": "", "low": None, "high": None}
    low, high = claim.bounds()
    return {"text": claim.text(), "low": low, "high": high}
