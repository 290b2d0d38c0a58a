"""What pages say is marked, so that it can be translated, and the template for translators holds all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.jslexer import tokenize
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from app.local.catalogue import ROOT, as_template, collect
from app.services.language import CATALOGUES
from app.web.language import SCRIPT_TEXTS

TEMPLATES = sorted([*ROOT.glob("app/web/templates/**/*.html"), *ROOT.glob("datasources/*/templates/*.html")])
SCRIPTS = sorted([*ROOT.glob("app/web/static/*.js"), *ROOT.glob("datasources/*/static/*.js")])
SEEN = ("title", "placeholder", "aria-label", "alt", "data-dialog")
NAMES = {"CAT", "API", "UTC", "CSV", "SVG", "PNG"}
NAMES |= {"name", "email", "tags", "ann", "students", "course", "example", "org"}
"""What is the same in every language: names, and the table that is an example of users to make."""
MARKS = ("_", "gettext", "ngettext", "say_many")
_GAP = "\ue000"


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    """All that can be translated, as it is now."""
    return collect()


def words_of(node: nodes.Node) -> str:
    """What a piece of a template puts out as it stands, with a gap where something is filled in."""
    if isinstance(node, nodes.TemplateData):
        return node.data
    if isinstance(node, nodes.CondExpr):
        return f"{_GAP}{_literal(node.expr1)}{_literal(node.expr2)}{_GAP}"
    return f"{_GAP}{_literal(node)}"


def _literal(node: nodes.Node | None) -> str:
    """Text written into an expression without a mark."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return node.value
    if isinstance(node, nodes.Or):
        return _literal(node.left) + _literal(node.right)
    if isinstance(node, nodes.Concat):
        return "".join(_literal(part) for part in node.nodes)
    if isinstance(node, nodes.CondExpr):
        return _literal(node.expr1) + _literal(node.expr2)
    return ""


def put_out(tree: nodes.Node) -> str:
    """All that a template puts out as it stands, in its order."""
    found = []
    for node in tree.iter_child_nodes():
        if isinstance(node, nodes.Output):
            found += [words_of(part) for part in node.nodes]
        else:
            found.append(put_out(node))
    return "".join(found)


def in_expressions(tree: nodes.Node) -> Iterator[str]:
    """Sentences and titles that are written into expressions without a mark: in lists, and for macros."""
    for node in tree.iter_child_nodes():
        is_mark = isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in MARKS
        if is_mark:
            yield from (words for value in node.kwargs for words in in_expressions(value))
        elif isinstance(node, nodes.Const) and isinstance(node.value, str):
            if (
                node.value not in NAMES
                and "noopener" not in node.value
                and re.match(r"[A-Z][a-z]+(\s|$)|[a-z]+ [a-z]+ [a-z]+", node.value)
            ):
                yield node.value
        else:
            yield from in_expressions(node)


def unmarked(source: str) -> Iterator[str]:
    """The words of a template that are shown without a mark."""
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(source)
    yield from in_expressions(tree)
    html = put_out(tree)
    html = re.sub(r"<(script|style|code|kbd)\b[^<]*?>.*?</\1>", " ", html, flags=re.DOTALL)
    html = re.sub(r'\saria-(describedby|invalid)="[^"]*"', " ", html)
    attributes = re.findall(rf'\s(?:{"|".join(SEEN)})="([^"]*)"', html)
    for text in [*attributes, re.sub(r"<[^<>]*>", "\n", html)]:
        for words in re.findall(r"[A-Za-z][A-Za-z’' ,.-]+", re.sub(r"&\w+;|&#\d+;", " ", text)):
            if not set(re.findall("[A-Za-z]+", words)) <= NAMES:
                yield words.strip()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_template_says_nothing_that_is_not_marked(path: Path) -> None:
    assert list(unmarked(path.read_text())) == [], 'write {{ _("...") }} or {% trans %}, see CONTRIBUTING.md'


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello</p>",
        "<p>{{ name }} is here</p>",
        '<input placeholder="Find it">',
        '<p>{{ "Yes" if ok else _("No") }}</p>',
        "<p>{{ name or 'nobody' }}</p>",
        '{{ button("Go on") }}',
        '{% for id, title in (("a", "Status"),) %}{{ title }}{% endfor %}',
        "{% if a %}<b>Some of them</b>{% endif %}",
        '{% macro m() %}<a title="Look {{ x }}">{{ x }}</a>{% endmacro %}',
    ],
)
def test_what_is_not_marked_is_found(source: str) -> None:
    assert list(unmarked(source))


def test_what_is_marked_is_not_found() -> None:
    source = '<p class="one">{{ _("Hello %(x)s", x=x) }} {% trans %}Look <b>here</b>{% endtrans %}</p><code>ls</code>'
    assert list(unmarked(source)) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_says_nothing_that_is_not_marked(path: Path) -> None:
    found, is_marked = [], False
    for token in tokenize(path.read_text(), jsx=False):
        if token.type == "name":
            is_marked = token.value in SCRIPT_TEXTS
        elif token.type in ("string", "template_string") and not is_marked:
            text = re.sub(r"\$\{.*?\}", " ", token.value[1:-1])
            if re.match(r"[A-Z][a-z]+[ .…,]", text) or re.search(r"[a-z] [a-z]+[ .]", text):
                found.append(text)
        elif token.value in (";", "}"):
            is_marked = False
    assert found == [], 'write say("...") or sayMany("...", "...", amount), see CONTRIBUTING.md'


def test_the_template_for_translators_holds_what_pages_say(catalogue: Catalog) -> None:
    with (CATALOGUES / "messages.pot").open("rb") as file:
        written = {message.id for message in read_po(file) if message.id}
    known = {message.id for message in catalogue if message.id}
    assert known - written == set(), "run: make texts"
    assert written - known == set(), "run: make texts"


def test_the_template_for_translators_is_written_the_same_each_time(catalogue: Catalog) -> None:
    written = as_template(catalogue)
    assert as_template(catalogue) == written
    assert not re.search(r"\.(html|py|js):\d|POT-Creation-Date", written)
