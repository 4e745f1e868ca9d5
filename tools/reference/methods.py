"""The reference of methods, from their records, and what other pages take of it."""

import re

from heatproof.attribution import registry
from heatproof.attribution.core.method import Method
from heatproof.attribution.families import FAMILIES
from tools.reference.markdown import sentence, table, text

_COST = {
    "cheap": "few passes per image",
    "slow": "many passes per image: where maps are made again, of few images",
}

_NEEDS = {
    "predictions": "predictions only, so it explains any network",
    "gradients": "gradients with respect to the image",
    "layers": "gradients and feature maps of its layers",
    "attention": "attention between tokens, and gradients at its weights",
}
_NAMED = re.compile(r"<!-- method: (.*?) -->")


def page() -> str:
    """Return the page."""
    known = registry.methods().values()
    head = ("method", "params.yaml", "reference")
    overview = [
        (f"[{text(each.label)}](#{each.name})", f"`{key(each)}`", text(each.reference))
        for each in known
    ]
    parts = [
        "# Methods\n\nWhat explains a prediction. In the equations S is the logit that is "
        "explained, x the image’s pixels, c their channel and M the map. A method is computed "
        "where `params.yaml` lists it; its options are in [params.yaml](parameters.md).\n",
        table(head, overview),
    ]
    for family in FAMILIES:
        parts.append(f"\n## {family.title}\n\n{text(family.meaning)}\n")
        parts += [_section(each) for each in known if each.family == family.name]
    return "\n".join(parts)


def with_definitions(markdown: str) -> str:
    """Put a method's definition and equation where a page names it, `<!-- method: saliency -->`."""
    return _NAMED.sub(lambda named: _definition(registry.methods()[named[1]]), markdown)


def key(method: Method) -> str:
    """Return a method's key in params.yaml."""
    return f"explain.{registry.stage_of(method)}.{method.name}"


def _section(method: Method) -> str:
    facts = [
        ("Shows", text(sentence(method.shows))),
        ("Values", f"{text(method.unit)}, {'signed' if method.signed else 'not negative'}"),
        ("Cost", _COST[method.cost]),
        ("Asks of the network", _NEEDS[method.needs]),
        ("Deviations", text(method.deviations)),
        ("Reference", text(f"{method.reference}, {method.address}")),
        ("params.yaml", f"`{key(method)}`"),
    ]
    facts += [
        (f"Its own error: {text(number.label)}", text(sentence(number.meaning)))
        for number in method.numbers.values()
    ]
    if method.library:
        facts.append(("Also in", f"{method.library.package} (`engine: library`)"))
    facts_listed = "\n".join(f"- **{name}**: {words}" for name, words in facts) + "\n"
    heading = f"\n### {text(method.label)} {{ #{method.name} }}\n"
    return "\n".join([heading, _definition(method), facts_listed])


def _definition(method: Method) -> str:
    return f"{text(method.definition)}\n\n```text\n{method.equation}\n```\n"
