"""Which pages of the documentation are made from the code."""

from collections.abc import Callable

from tools.reference import commands, glossary, make_targets, measures, methods, parameters

# Markdown by the page's path in docs/.
PAGES: dict[str, Callable[[], str]] = {
    "reference/parameters.md": parameters.page,
    "reference/commands.md": commands.page,
    "reference/glossary.md": glossary.page,
    "reference/make.md": make_targets.page,
    "reference/methods.md": methods.page,
    "reference/measures.md": measures.page,
}
