"""The site in one file: nothing is lost, nothing is doubled, every link leads somewhere in it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from heatproof.report import single_file
from heatproof.report.charts import sprites
from heatproof.run.errors import UserError
from tests.report import read_pages

BASE = "<style>a{}</style><script>one()</script>"
MORE = "<style>a{}.tile image, .x img { image-rendering: auto }</style><script>one()two()</script>"


def page(title: str, head: str, main: str) -> str:
    return (
        f"<!doctype html><html><head><title>{title}</title>{head}</head><body>"
        f'<a class="skip" href="#main">Skip</a><header><nav><a href="index.html">Home</a></nav>'
        f'<button id="theme"></button></header><main id="main"><h1>{title}</h1>{main}</main>'
        "<footer><p>Made &amp; kept</p></footer></body></html>"
    )


@pytest.fixture
def two_pages(folder: Path) -> Path:
    """A site of two pages that share a picture, an id and the name of a choice."""
    made = Path("site")
    (made / "cells").mkdir(parents=True)
    (made / "images").mkdir()
    picture = sprites.png(np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3))
    for name in ("a", "same"):
        (made / "images" / f"{name}.png").write_bytes(picture)
    (made / "index.html").write_text(
        page(
            "All &lt;of&gt; it",
            BASE,
            '<h2 id="part">Part</h2><a href="cells/one.html#part">There</a>'
            '<svg viewBox="0 0 7 5"><image class="under" href="images/a.png" width="7" height="5"/>'
            '<linearGradient id="g"></linearGradient><rect fill="url(#g)"/></svg>'
            '<a href="images/a.png">whole</a><a href="data:,x">data</a>',
        )
    )
    data = {"sheet": "../images/same.png", "to": "#part", "page": "../index.html#part", "n": "<b>"}
    (made / "cells" / "one.html").write_text(
        page(
            "One",
            MORE,
            '<section id="part" aria-labelledby="a b"><h2 id="a">A</h2><i id="b" title="it&#39;s">'
            '&eacute;</i><label for="r">R</label><input id="r" type="radio" name="method">'
            '<img class="big" src="../images/same.png" alt="A &quot;picture&quot;"></section>'
            f'<script type="application/json" class="data">{json.dumps(data)}</script>'
            '<button data-shows="#part" data-colour="#fff">B</button>'
            '<a href="../index.html">Back</a><a href="#part">Up</a>',
        ).replace('href="index.html"', 'href="../index.html"')
    )
    return made


def test_ids_and_what_refers_to_them_stay_together(two_pages):
    html = single_file.merge(two_pages)
    found = read_pages.parse(html)
    assert len(found.ids) == len(set(found.ids))
    assert {"index", "index:part", "cells.one", "cells.one:part", "main", "theme"} <= set(found.ids)
    for link in found.links:
        assert link.startswith("data:") or link[1:] in found.ids, link
    assert "#cells.one:part" in found.links
    assert ("aria-labelledby", "cells.one:a cells.one:b") in found.attributes
    assert ("for", "cells.one:r") in found.attributes
    assert ("name", "cells.one:method") in found.attributes
    assert ("fill", "url(#index:g)") in found.attributes
    assert ("data-shows", "#cells.one:part") in found.attributes
    assert ("data-colour", "#fff") in found.attributes


def test_a_picture_is_stored_once_and_drawn_wherever_it_was(two_pages):
    html = single_file.merge(two_pages)
    assert html.count("data:image/png") == 1
    assert '<use class="under" href="#picture-1" width="7" height="5"/>' in html
    assert 'aria-label="A &quot;picture&quot;"' in html
    assert 'class="big img"' in html
    assert ".tile :is(image, use), .x :is(img, .img) { image-rendering: auto }" in html
    assert "<img" not in html


def test_data_for_scripts_lead_to_the_same_things_and_close_no_tag(two_pages):
    html = single_file.merge(two_pages)
    (text,) = re.findall(r'<script type="application/json" class="data">(.*?)</script>', html)
    assert "<" not in text
    assert json.loads(text) == {
        "sheet": "#picture-1", "to": "#cells.one:part", "page": "#index:part", "n": "<b>",
    }  # fmt: skip


def test_styles_and_scripts_are_there_once_and_allowed_by_their_hashes(two_pages):
    html = single_file.merge(two_pages)
    head = html.partition("</head>")[0]
    assert re.findall(r"<script>(\w+\(\))</script>", head) == ["one()", "two()"]
    assert head.count("a{}") == 1
    policy = re.search(r'Policy" content="([^"]*)"', html)[1]
    assert policy.startswith("default-src &#39;none&#39;")
    assert policy.count("sha256-") == 4
    assert "unsafe" not in policy
    assert "img-src data:;" in policy


def test_text_and_headings_survive(two_pages):
    html = single_file.merge(two_pages)
    assert "<title>All &lt;of&gt; it</title>" in html
    assert "&eacute;" in html
    assert "Made &amp; kept" in html
    assert re.findall(r"<h1[^>]*>", html)[1:] == ['<h1 aria-level="2">'] * 2
    assert '<h2 id="cells.one:a" aria-level="3">' in html


def test_a_missing_picture_and_a_missing_site_are_reported(two_pages, folder):
    (two_pages / "images" / "same.png").unlink()
    with pytest.raises(UserError, match=r"same\.png: a page shows this picture"):
        single_file.merge(two_pages)
    with pytest.raises(UserError, match=r"nowhere/index\.html: there is no such file.*make repro"):
        single_file.merge(folder / "nowhere")


def test_the_whole_report_in_one_file(small_site):
    reports = small_site / "reports"
    html = single_file.merge(reports)
    assert single_file.merge(reports) == html
    found = read_pages.parse(html)
    assert len(found.ids) == len(set(found.ids))
    inner = [link for link in found.links if link.startswith("#")]
    assert {link[1:] for link in inner} <= set(found.ids)
    used = re.findall(r'<use[^>]* href="#([^"]+)"', html)
    assert set(used) <= set(found.ids)
    site_pages = list(reports.rglob("*.html"))
    for path in site_pages:
        alone = read_pages.read(path)
        text = alone.text.partition(" Dark ")[2]  # behind the page's own bar
        assert text and text[-3000:-600] in found.text, path
    pictures = {path.read_bytes() for path in reports.rglob("*.png")}
    assert html.count("data:image/png") == len(pictures)
    assert html.count('class="page"') == len(site_pages)
    addresses = [v for k, v in found.attributes if k in ("href", "src")]
    assert not [a for a in addresses if not a.startswith(("#", "data:"))]
    total = sum(path.stat().st_size for path in reports.rglob("*.*"))
    assert len(html.encode()) < 1.4 * total
