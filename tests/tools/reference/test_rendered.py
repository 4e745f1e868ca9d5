"""Pages as MkDocs has rendered them: equations, and nothing from the network."""

import pytest

from tools.reference import rendered


def test_equations_are_converted_inline_and_on_lines_of_their_own() -> None:
    page = (
        r'<p>A <span class="arithmatex">\(a &lt; b\)</span>, <code>\(c\)</code></p>'
        '<div class="arithmatex">\\[\nd\n\\]</div>'
    )
    made = rendered.with_equations(page, lambda tex, display: f"<{display}:{tex.strip()}>")
    assert made == r"<p>A <inline:a < b>, <code>\(c\)</code></p><block:d>"


@pytest.mark.parametrize(
    "tag",
    [
        '<script async src="https://cdn.example.org/a.js">',
        '<img alt="x" src="//example.org/a.png">',
        '<link rel="stylesheet" href="https://fonts.example.org/a.css">',
        '<link href="https://fonts.example.org" rel="preconnect">',
    ],
)
def test_what_is_loaded_from_elsewhere_is_found(tag: str) -> None:
    assert rendered.loaded_from_elsewhere(f"<p>{tag}</p>") in tag
    assert rendered.loaded_from_elsewhere(f"<p>{tag}</p>")


def test_links_and_own_files_are_not() -> None:
    own = '<a href="https://example.org">x</a><img src="a.png"><link rel="icon" href="b.ico">'
    assert rendered.loaded_from_elsewhere(own) == ""


def test_what_the_theme_leaves_out_is_added() -> None:
    page = '<div class="s" data-md-component="search" role="dialog"><p>role="dialog"</p>'
    assert 'role="dialog" aria-label="Search">' in rendered.accessible(page)
