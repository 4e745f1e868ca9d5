"""The glossary, as the report's own page has it."""

import html
import re

from heatproof.attribution.families import FAMILIES
from heatproof.report import rendering
from tools.reference.markdown import text

_PART = re.compile(
    r'<h3 id="(?P<part>[^"]+)">(?P<title>.*?)</h3>'
    r'|<div id="term-(?P<term>[^"]+)"><dt>(?P<name>.*?)</dt><dd>(?P<meaning>.*?) '
    r'<span class="quiet">(?P<source>.*?)See </span></dd></div>',
    re.DOTALL,
)


def page() -> str:
    """Return the page."""
    parts = ["# Glossary\n\nThe report’s glossary, whose terms there link to their places.\n"]
    for found in _PART.finditer(_rendered()):
        words = {name: text(html.unescape(each or "")) for name, each in found.groupdict().items()}
        if found["part"]:
            parts.append(f"\n## {words['title']} {{ #{found['part']} }}\n")
            continue
        parts.append(f"\n### {words['name']} {{ #{found['term']} }}\n\n{words['meaning']}\n")
        if source := words["source"].strip():
            parts.append(f"\n*{source}*\n")
    return "\n".join(parts)


def _rendered() -> str:
    """Return the report's glossary of no study in particular, without links into the report."""
    template = rendering.environment().get_template("glossary.html")
    families = [(family, "") for family in FAMILIES]
    return template.render(families=families, params={"runs": {}}, to=lambda places: "")
