"""The documentation as the tool serves it: to everybody, with its pictures, without a link that leads nowhere."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.web import help as helping
from tests.web.test_budget import KB


def test_the_guide_is_there_for_everybody(client: FlaskClient, admin: object) -> None:
    page = client.get("/help")
    assert (page.status_code, page.text.count("<h1")) == (200, 1)
    assert "researcher&#39;s first hour</h1>" in page.text
    pictures = re.findall(r"<img src=\"(/help/images/[^\"]+)\"([^>]*)>", page.text)
    assert len(pictures) >= 10
    for address, rest in pictures:
        assert re.search(r'width="\d+" height="\d+" alt="[^"]+" loading="lazy"', rest), rest
        with client.get(address) as answer:
            assert (answer.status_code, answer.mimetype) == (200, "image/png")
            assert "immutable" in answer.headers["Cache-Control"]
            assert int(re.search(r'width="(\d+)"', rest)[1]) == int.from_bytes(answer.data[16:20])  # type: ignore[index]


def test_a_first_visit_is_as_small_as_that_of_any_page(client: FlaskClient, admin: object) -> None:
    page = client.get("/help")
    needed = set(re.findall(r'<(?:script|link)[^>]+(?:src|href)="(/[^"]+)"', page.text))
    first = re.findall(r'<img src="(/help[^"]+)"', page.text)[:2]  # the others are below what a browser fetches ahead
    assert len(needed) + len(first) + 1 <= 12
    sizes = [len(zlib.compress(page.data))]
    for address in (*needed, *first):
        with client.get(address) as answer:
            sizes.append(len(zlib.compress(answer.data)))
    assert sum(sizes) <= 250 * KB, sizes


@pytest.mark.parametrize("name", [*helping.FOR_RESEARCHERS, *helping.FOR_OPERATORS])
def test_every_link_leads_somewhere(client: FlaskClient, admin: object, name: str) -> None:
    page = client.get(f"/help/{name}").text
    article = page[page.index("<article") :]
    assert ".md" not in "".join(re.findall(r'href="([^"]+)"', page))
    for address in set(re.findall(r'<a href="([^"]+)"', article)):
        if address.startswith("https://"):
            continue
        path, _, place = address.partition("#")
        there = client.get(path).text if path else page
        assert "<h1" in there, address
        assert not place or f'id="{place}"' in there, address
    for place in re.findall(r'<a href="#([^"]+)" lang', page):
        assert f'id="{place}"' in article, place


def test_nothing_else_of_the_machine_is_served(client: FlaskClient, admin: object) -> None:
    for address in (
        "/help/README",
        "/help/schema",
        "/help/images/../guide.md",
        "/help/images/x.png",
        "/help/images/a.svg",
    ):
        assert client.get(address).status_code in (303, 404), address


def test_a_copy_without_documentation_has_no_link_to_it(
    ada: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 'href="/help"' in ada.get("/datasets").text
    monkeypatch.setattr(helping, "FOLDER", tmp_path)
    assert 'href="/help"' not in ada.get("/datasets").text
    assert ada.get("/help").status_code == 404
