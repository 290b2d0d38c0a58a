"""The documentation, served by the tool itself: a researcher's first hour, and what each part of it can do."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, request, send_from_directory
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markupsafe import Markup, escape

from app.domain.errors import NotFound
from app.domain.texts import say
from app.web.assets import YEAR, fingerprint
from app.web.page import render

pages = Blueprint("help", __name__)

FOLDER = Path(__file__).parents[2] / "docs"
"""Where the documentation lies in every copy of the tool; one without it has no help."""
FOR_RESEARCHERS = ("guide", "imageboards", "annotations", "packages", "api", "pages")
FOR_OPERATORS = ("operations", "settings", "import_4chan", "scale")
_IMAGES = "images"
_DESK, _PHONE = ("desk-light", "desk-dark"), ("phone-light", "phone-dark")
_LINK = re.compile(r"(?:(?P<page>\w+)\.md)?(?P<place>#[\w-]+)?")


@dataclass(frozen=True)
class Article:
    """A page of the documentation: its title, its headings with their places, and its text."""

    title: str
    headings: tuple[tuple[str, str], ...]
    text: Markup


def has_help() -> bool:
    """Whether this copy of the tool comes with its documentation."""
    return (FOLDER / "guide.md").is_file()


@pages.app_context_processor
def _shown_everywhere() -> dict[str, Any]:
    return {"has_help": has_help}


@pages.get("/help")
def guide() -> Response:
    """A researcher's first hour."""
    return article("guide")


@pages.get("/help/<article_name>")
def article(article_name: str) -> Response:
    """One page of the documentation, beside a list of the others."""
    if article_name not in (*FOR_RESEARCHERS, *FOR_OPERATORS) or not _source(article_name).is_file():
        raise NotFound(say("There is no page of help called {name}.", name=article_name))
    lists = [[(name, _read(name).title) for name in names] for names in (FOR_RESEARCHERS, FOR_OPERATORS)]
    return render("help/show.html", name=article_name, article=_read(article_name), lists=lists)


@pages.get("/help/images/<image_name>")
def image(image_name: str) -> Response:
    """A picture of the documentation. Its address changes with it, so browsers keep it."""
    if not image_name.endswith(".png"):
        abort(404)
    answer = send_from_directory(FOLDER / _IMAGES, image_name)
    if "v" in request.args:
        answer.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    return answer


def _source(name: str) -> Path:
    return FOLDER / f"{name}.md"


def _read(name: str) -> Article:
    source = _source(name)
    return _rendered(name, source.stat().st_mtime_ns) if source.is_file() else Article(name, (), Markup(""))


@lru_cache(maxsize=32)
def _rendered(name: str, modified: int) -> Article:
    """An article as HTML; `modified` makes a changed file a new question."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("image", _picture)
    tokens = parser.parse(_source(name).read_text(encoding="utf-8"))
    title = tokens[1].content
    headings = tuple(_mark_headings(tokens))
    for token in tokens:
        token.children = _linked(token.children) if token.children else token.children
    # The documentation is ours, and raw HTML in it is escaped by the library all the same.
    return Article(title, headings, Markup(parser.renderer.render(tokens[3:], parser.options, {})))  # noqa: S704


def _mark_headings(tokens: Sequence[Token]) -> list[tuple[str, str]]:
    """Give headings places that can be linked to, named as on the pages of repositories; those of the second level."""
    found = []
    for opening, inner in pairwise(tokens):
        if opening.type == "heading_open":
            place = re.sub(r"[^\w\- ]", "", inner.content.lower()).replace(" ", "-")
            opening.attrSet("id", place)
            if opening.tag == "h2":
                found.append((place, re.sub(r"[*`]", "", inner.content)))
    return found


def _linked(parts: Sequence[Token]) -> list[Token]:
    """Let links lead to pages here or on the web; one to a file that is not served is its text alone."""
    kept, dropped = [], False
    for part in parts:
        if part.type == "link_open":
            address = _address(str(part.attrs.get("href", "")))
            dropped = address is None
            part.attrSet("href", address or "")
        if not (dropped and part.type in ("link_open", "link_close")):
            kept.append(part)
        if part.type == "link_close":
            dropped = False
    return kept


def _address(href: str) -> str | None:
    if href.startswith("https://"):
        return href
    found = _LINK.fullmatch(href)
    if not found or (found["page"] and found["page"] not in (*FOR_RESEARCHERS, *FOR_OPERATORS)):
        return None
    place = found["place"] or ""
    return f"/help/{found['page']}{place}" if found["page"] else place


def _picture(renderer: RendererProtocol, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    """A picture in the colours and the width of the reader's screen, fetched when it comes near."""
    name, words = Path(str(tokens[place].attrs.get("src", ""))).name, escape(tokens[place].content)
    if not (FOLDER / _IMAGES / name).is_file():
        return str(words)
    sources = [
        (f"(max-width: 600px){dark}", name.replace(_DESK[0], shape))
        for shape, dark in zip(reversed(_PHONE), (" and (prefers-color-scheme: dark)", ""), strict=True)
    ]
    sources.append(("(prefers-color-scheme: dark)", name.replace(*_DESK)))
    kept = "".join(
        f'<source media="{media}" srcset="{_image(file)}" {_size(file)}>'
        for media, file in sources
        if (FOLDER / _IMAGES / file).is_file()
    )
    shown = f'src="{_image(name)}" {_size(name)} alt="{words}" loading="lazy" decoding="async"'
    return f"<picture>{kept}<img {shown}></picture>"


def _image(name: str) -> str:
    path = FOLDER / _IMAGES / name
    return f"/help/images/{name}?v={fingerprint(path, path.stat().st_mtime_ns)}"


def _size(name: str) -> str:
    """Width and height, so that a page keeps the room of what is still on its way."""
    with (FOLDER / _IMAGES / name).open("rb") as file:
        width, height = struct.unpack(">II", file.read(24)[16:])
    return f'width="{width}" height="{height}"'
