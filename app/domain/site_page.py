"""What administrators write for everybody: texts of the page *About*, and pages of their own, all in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app import __version__
from app.domain.setting import Words
from app.domain.texts import Text, declared, say

TEXTS = "texts"
PAGES = "pages"
CITING, DATA_POLICY = "citing", "data-policy"

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_NAME = 40
_LONGEST = 40_000
_HEADING = re.compile(r"\s*#[ \t]+(.+?)[ \t#]*(?:\r?\n|$)")

TEXT_RULES: Mapping[str, Words] = {
    "name": Words("Name of this site", "Shown on every page and in mails.", longest=60, is_long=False),
    "about": Words(
        "What this site is", "Shown on the page About, in Markdown: who runs this site, and for whom.", longest=_LONGEST
    ),
    "news": Words(
        "News", "Shown on the page About, in Markdown: what has changed here, the newest first.", longest=_LONGEST
    ),
    "contact": Words(
        "Contact",
        "Whom to ask about this site: a name, an e-mail address or the address of a page. Shown on the page About and"
        " where something went wrong.",
        longest=300,
        is_long=False,
    ),
    "failure": Words(
        "When an analysis has failed", "Shown beside the reason, in Markdown: whom to tell, or what to try.", "", 2_000
    ),
    "menu": Words(
        "Pages at the foot",
        "The names of the pages that every page links to at its foot, separated by spaces. Pages without a text are"
        " left out.",
        f"{DATA_POLICY} {CITING}",
        400,
        is_long=False,
    ),
}
"""By the last part of `texts.about` and so on."""

CITING_TEXT = say(
    """\
Say in your paper with what its data were made, so that others can follow it.

## The tool

Name 4CAT on RQ with the version that you have used; here it is {version}. It follows the design of 4CAT, which is \
described in:

> Peeters, S., & Hagen, S. (2022). The 4CAT Capture and Analysis Toolkit: A Modular Tool for Transparent and Traceable \
Social Media Research. *Computational Communication Research*, 4(2), 571–589. https://doi.org/10.5117/CCR2022.2.007.HAGE

## Your data

Each result says under *Provenance* how it was made: a paragraph for your section on methods, with versions, options \
and dates. Give the address of the dataset too, or publish its provenance beside your paper.

## The people whose posts you quote

Few of them wrote for a paper. Leave out names, and remember that a search engine finds who wrote a quoted sentence.
""",
    version=__version__,
)

PAGE_TEXTS: Mapping[str, Text] = {DATA_POLICY: declared(""), CITING: CITING_TEXT}
"""The pages that there always are, with what they say until an administrator has written something."""
_TITLES = {DATA_POLICY: say("Data policy"), CITING: say("How to cite")}

PAGE_HELP = say("A page that everybody can read, in Markdown. It is called what its first line says after a #.")


@dataclass(frozen=True)
class SitePage:
    """A page of the administrators': `text` is Markdown, without the heading that gave it its title."""

    name: str
    title: str
    text: str
    in_menu: bool


def is_page_name(name: str) -> bool:
    """Whether a page may have this name, which is the last part of its address."""
    return len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) is not None


def page_rule(name: str) -> Words:
    """What the setting of a page takes."""
    return Words(_TITLES.get(name, name), PAGE_HELP, PAGE_TEXTS.get(name, ""), _LONGEST)


def text_setting(site: Mapping[str, Any], what: str) -> str:
    """One of the texts of `TEXT_RULES`: what has been written, else its default."""
    found = TEXT_RULES[what].read(site.get(f"{TEXTS}.{what}"))
    return TEXT_RULES[what].default if found is None else found


def page_names(site: Mapping[str, Any]) -> list[str]:
    """The names of all pages: those that there always are, and those that have been written."""
    prefix = f"{PAGES}."
    written = (name.removeprefix(prefix) for name in site if name.startswith(prefix))
    return [*PAGE_TEXTS, *sorted(name for name in written if is_page_name(name) and name not in PAGE_TEXTS)]


def find_page(site: Mapping[str, Any], name: str) -> SitePage | None:
    """One page; None when nothing is written on it."""
    rule = page_rule(name)
    written = rule.read(site.get(f"{PAGES}.{name}"))
    text = rule.default if written is None else written
    if not is_page_name(name) or not text.strip():
        return None
    heading = _HEADING.match(text)
    title: str = heading[1] if heading else _TITLES.get(name, name.replace("-", " ").capitalize())
    body = text[heading.end() :] if heading else text
    return SitePage(name, title, body, name in text_setting(site, "menu").split())


def list_pages(site: Mapping[str, Any]) -> Iterator[SitePage]:
    """Every page on which something is written: those in the menu in its order, then the others by name."""
    found = [page for name in page_names(site) if (page := find_page(site, name)) is not None]
    order = text_setting(site, "menu").split()
    yield from sorted(found, key=lambda page: (order.index(page.name) if page.in_menu else len(order), page.name))
