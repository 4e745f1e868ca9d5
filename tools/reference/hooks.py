"""What MkDocs calls while it builds the documentation (`hooks` in mkdocs.yml).

Pages of the reference are made here, from the code, and are in no folder; equations become MathML;
and a page that would ask the network for anything stops the build.
"""

from typing import Any

from latex2mathml.converter import convert
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from tools.reference import methods, rendered
from tools.reference.pages import PAGES


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
    return rendered.with_equations(html, convert)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Refuse a page that loads something from elsewhere; add what the theme leaves out."""
    if outside := rendered.loaded_from_elsewhere(output):
        raise PluginError(f"{page.file.src_uri}: it loads {outside}: put the file into docs/")
    return rendered.accessible(output)
