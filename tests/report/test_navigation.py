import pytest

from heatproof.report import navigation


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (
            '<h2 id="a">A &amp; b</h2>',
            '<h2 id="a"><a class="heading-link" href="#a">A &amp; b</a></h2>',
        ),
        (
            '<section id="a"><h2 id="a-title">A</h2></section>',
            '<section id="a"><h2 id="a-title">'
            '<a class="heading-link" href="#a">A</a></h2></section>',
        ),
        (
            '<h3 class="x">Why <bdi>Ü3</bdi>?</h3>',
            '<h3 class="x" id="at-why-3"><a class="heading-link" href="#at-why-3">'
            "Why <bdi>Ü3</bdi>?</a></h3>",
        ),
        ('<h3 id="b"><a href="x.html">B</a></h3>', None),
        ('<h2 id="c" class="visually-hidden">C</h2>', None),
        ('<h1 id="d">D</h1><h4 id="e">E</h4>', None),
    ],
)
def test_headings_link_to_themselves(page: str, expected: str | None) -> None:
    assert navigation.linked_headings(page) == (expected or page)


def test_headings_of_the_same_text_have_ids_of_their_own() -> None:
    page = navigation.linked_headings('<p id="at-dark"></p><h3>Dark</h3><h3>Dark</h3><h3>…</h3>')
    assert [part.partition('"')[0] for part in page.split('href="#')[1:]] == [
        "at-dark-2",
        "at-dark-3",
        "at-part",
    ]


def test_only_pages_that_are_there_are_linked_to() -> None:
    assert navigation.pages(["index.html", "guide.html"], "datasets/digits") == [
        ("index", "Overview"),
        ("datasets/digits", "Data"),
        ("guide", "Guide"),
    ]
    assert navigation.pages([]) == []
