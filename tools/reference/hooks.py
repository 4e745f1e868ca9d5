"""What MkDocs calls while it builds the documentation (`hooks` in mkdocs.yml).

Pages of the reference are made here, from the code, and are in no folder; equations become MathML;
and a page that would ask the network for anything stops the build.
"""

import re
from html import unescape
from typing import Any

from latex2mathml.converter import convert
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from tools.reference import methods
from tools.reference.pages import PAGES

# As pymdownx.arithmatex marks them.
_EQUATION = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)
# What a browser loads by itself; links are for the reader to follow.
_LOADED = re.compile(
    r'<(?:script|img|iframe|source|video)\b[^>]*\bsrc="(?:https?:)?//[^"]*"'
    r'|<link\b[^>]*\brel="(?:stylesheet|icon|preconnect|preload)"[^>]*\bhref="(?:https?:)?//[^"]*"'
)
# What the theme leaves out for who does not see the page, or does not use a mouse.
_ACCESS = (
    ('data-md-component="search" role="dialog"', ' aria-label="Search"'),
    (
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"',
        ' tabindex="0"',
    ),  # scrolls
)


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages to those of docs/."""
    for path, page in PAGES.items():
        files.append(File.generated(config, path, content=page()))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the definitions of methods where a page names them."""
    return methods.with_definitions(markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Write equations as MathML, which needs no script."""
    return _EQUATION.sub(_mathml, html)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Refuse a page that loads something from elsewhere; add what `_ACCESS` lists."""
    if outside := _LOADED.search(output):
        raise PluginError(f"{page.file.src_uri}: it loads {outside[0]}: put the file into docs/")
    for place, attribute in _ACCESS:
        output = output.replace(place, place + attribute)
    return output


def _mathml(equation: re.Match[str]) -> str:
    display = "inline" if equation[2] == "(" else "block"
    return convert(unescape(equation[3]), display=display)
