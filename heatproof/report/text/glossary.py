"""The glossary: every term that the report uses, and the families of methods."""

from dataclasses import dataclass

from heatproof.attribution import registry
from heatproof.attribution.families import FAMILIES
from heatproof.report.text.terms import NETWORK, STUDY, Term
from heatproof.report.text.terms_maps import MAPS, TRUST


@dataclass(frozen=True)
class Group:
    """Terms that belong together."""

    id: str
    title: str
    terms: tuple[Term, ...]


def family_terms() -> tuple[Term, ...]:
    """The families of methods, each with its methods' names and papers."""
    return tuple(
        Term(
            f"family-{family.name}",
            family.title,
            family.meaning,
            ("methods#methods", "cell#examples"),
            "; ".join(
                f"{method.label} ({method.reference})"
                for method in registry.methods().values()
                if family.name in (method.family, *method.also)
            ),
        )
        for family in FAMILIES
    )


def groups() -> tuple[Group, ...]:
    """The whole glossary in the order in which a page is read."""
    return (
        Group("terms-network", "How good a network is", NETWORK),
        Group("terms-maps", "Heat maps", MAPS),
        Group("terms-families", "Families of methods", family_terms()),
        Group("terms-trust", "Whether maps can be trusted", TRUST),
        Group("terms-study", "The study", STUDY),
    )
