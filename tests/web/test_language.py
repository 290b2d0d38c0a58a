"""Pages in another language: one made up of all that is marked, so that what is not marked stands out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import available_timezones

import polars as pl
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient

from app.domain.dataset import Kind, Status
from app.domain.texts import declared, say, say_many, told
from app.domain.user import User
from app.factory import create_app
from app.plugins.registry import Registry
from app.services import language
from app.services.context import Context
from app.services.password_link import ask_for_link
from app.settings import Settings
from app.storage import dataset as datasets
from app.storage.dataset import Ending
from tests.conftest import PASSWORD, finished_posts, import_posts, with_settings
from tests.results import store, store_table
from tests.web.conftest import Visitor, csrf_of

GERMAN = "de"
"""The language that stands for the made-up one, since browsers and Babel must know it."""
SHOWN = ("title", "placeholder", "aria-label", "alt", "data-dialog")
ENDING = Ending(Status.FINISHED, "", rows=3, kind=Kind.TABLE)
HIDDEN = {"script", "style", "code", "pre", "kbd", "textarea", "svg", "time"}
DATA = r"coffee and tea, number|post \d|posts\.csv|author\d|Done\.|“none”|ada|4?CAT|tests|(ND)?JSON|CSV"
DATA += r"|English|Deutsch|name,email,tags[^⟦]*"  # the names of languages, and the example of a table of users
UNIT = r"(bytes|kB|MB|GB|s|min|h|ms|UTC|th|st|nd|rd)"


class Texts(HTMLParser):
    """What is to be read on a page: its texts, and those of attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in HIDDEN:
            self._within.append(tag)
        self.found += [value for name, value in attrs if name in SHOWN and value]

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if not self._within and data.strip():
            self.found.append(data.strip())


def without_marks(html: str) -> str:
    """A page without all that a translation has put there, which may hold tags and further translations."""
    before = ""
    while before != html:
        before, html = html, re.sub(r"⟦[^⟦⟧]*⟧", " ", html)
    return html


def known_names(registry: Registry) -> tuple[str, ...]:
    """What is called the same in every language: columns, types of work, zones, and what only tests bring along."""
    of_tests = [
        text
        for plugin in registry.queues().values()
        if plugin.__module__.startswith("tests.")
        for text in (getattr(plugin, "title", ""), plugin.description().replace("`", ""))
    ]
    names = [*of_tests, *registry.queues(), *available_timezones(), "id", "thread_id", "timestamp", "author", "body"]
    return tuple(sorted({*names, "subject", "hashtags"} - {""}, key=len, reverse=True))


def unmarked(page: str, known: tuple[str, ...]) -> list[str]:
    """What can be read on a page and is neither translated nor data."""
    reader = Texts()
    reader.feed(without_marks(page))
    left = []
    for text in reader.found:
        if text in known:
            continue
        if re.search(r"[A-Za-z]{2}", re.sub(rf"{DATA}|https?://\S+|\b[\d.,]*\s?{UNIT}\b", " ", text)):
            left.append(text)
    return left


@pytest.fixture(scope="module")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a language in which every message stands in brackets."""
    folder = tmp_path_factory.mktemp("translations")
    with (language.CATALOGUES / "messages.pot").open("rb") as file:
        template = read_po(file)
    made = Catalog(locale=GERMAN)
    for message in template:
        if message.id:
            is_plural = isinstance(message.id, tuple)
            made.add(message.id, tuple(f"⟦{one}⟧" for one in message.id) if is_plural else f"⟦{message.id}⟧")
    place = folder / GERMAN / "LC_MESSAGES"
    place.mkdir(parents=True)
    with (place / "messages.mo").open("wb") as file:
        write_mo(file, made)
    return folder


@pytest.fixture
def foreign(ctx: Context, settings: Settings, catalogues: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application with that language."""
    monkeypatch.setattr(language, "CATALOGUES", catalogues)
    app = create_app(settings, ctx)
    app.config["TESTING"] = True
    app.test_client_class = Visitor
    return app


@pytest.fixture
def reader(foreign: Flask, admin: User) -> FlaskClient:
    """An administrator whose browser asks for that language."""
    browser = foreign.test_client()
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de-AT,de;q=0.9,en;q=0.5"
    token = csrf_of(browser, "/login")
    browser.post("/login", data={"csrf_token": token, "name": admin.name, "password": PASSWORD})
    browser.token = csrf_of(browser, "/account")
    return browser


def test_every_text_of_the_main_pages_is_translated(
    reader: FlaskClient, ctx: Context, admin: User, tmp_path: Path
) -> None:
    posts = finished_posts(ctx, admin)
    waiting = import_posts(ctx, admin)
    chart = tmp_path / "chart.vl.json"
    chart.write_text(json.dumps({"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "data": {"values": []}}))
    drawn = store(ctx, admin, Kind.CHART, {"chart": chart}, columns=["date"], rows=3, label="posts.csv")
    here = f"/datasets/{posts.key}"
    pages = ["/datasets", "/datasets?whose=deleted", "/datasets?q=none", "/create", "/datasources", "/account"]
    pages += [f"/create/{source}" for source in ("upload", "fourchan", "tiktok")]
    pages += [here, f"{here}?tab=log", f"{here}?tab=provenance", f"{here}/share", f"{here}/analyses"]
    pages += [f"{here}/{form}" for form in ("rename", "tags", "expiry", "delete")]
    pages += [f"{here}/explore", f"{here}/explore?view=table", f"{here}/annotations", f"/datasets/{waiting.key}"]
    pages += [f"{here}/analyses/{type_}" for type_ in ("count-posts", "column-filter", "tokenise-posts")]
    pages += [f"/datasets/{drawn.key}", "/nothing-here", "/control", "/datasources/fourchan", "/datasources/upload"]
    pages += [f"/control/{tab}" for tab in ("jobs", "users", "tags", "requests", "tokens", "messages", "datasets")]
    pages += ["/about", "/page/citing", "/control/pages", "/control/pages/texts.news"]
    pages += [f"/control/{tab}" for tab in ("logs", "plugins", "settings", f"users/{admin.id}", "users/new")]
    known = known_names(ctx.registry)
    left = {path: unmarked(reader.get(path).text, known) for path in pages}
    assert {path: texts for path, texts in left.items() if texts} == {}


def test_errors_and_amounts_are_put_together_in_that_language(reader: FlaskClient, ctx: Context, admin: User) -> None:
    posts = finished_posts(ctx, admin)
    answer = reader.change(f"/datasets/{posts.key}/analyses/random-filter", sample_size="none")
    assert answer.status_code == 422
    assert "⟦Not a valid integer.⟧" in answer.text
    missing = reader.piece("/datasets/nothing/explore")
    assert "⟦There is no dataset nothing.⟧" in missing.text
    assert "⟦0 open jobs⟧" in reader.get(f"/control/users/{admin.id}").text
    import_posts(ctx, admin)
    assert "⟦1 open job⟧" in reader.get(f"/control/users/{admin.id}").text


def test_what_datasets_were_told_is_in_that_language(reader: FlaskClient, ctx: Context, admin: User) -> None:
    posts = finished_posts(ctx, admin)
    made = say_many("{n} row made", "{n} rows made", 3)
    message = say_many("{n} item read, {made}.", "{n} items read, {made}.", 60, made=made)
    warning = say("Items without a date are not shown.")
    with ctx.database.transaction() as tx:
        datasets.end(tx, posts.key, replace(ENDING, message=message, warnings=(warning,)))
    page = reader.get(f"/datasets/{posts.key}").text
    assert "⟦60 items read, ⟦3 rows made⟧.⟧" in page
    assert "⟦Items without a date are not shown.⟧" in page
    kept = reader.get(f"/api/datasets/{posts.key}").json
    assert (kept["message"], kept["warnings"]) == ("60 items read, 3 rows made.", [warning])
    ctx.database.run("UPDATE datasets SET message = 'Written over.'")
    assert "Written over." in reader.get(f"/datasets/{posts.key}").text
    ctx.bell.show(posts.key, 0.5, say("{amount:,} posts found", amount=5000))
    ctx.database.run("UPDATE datasets SET status = 'running', message = ''")
    page = reader.get(f"/datasets/{posts.key}").text
    assert "⟦5,000 posts found⟧" in page
    assert 'data-tell="⟦posts.csv: running, 50%⟧"' in page


def test_cells_without_a_value_are_called_so_in_that_language(
    reader: FlaskClient, ctx: Context, admin: User, tmp_path: Path
) -> None:
    made = store_table(ctx, admin, tmp_path, pl.DataFrame({"id": ["1", "2"], "author": ["ann", None]}))
    assert "⟦(empty)⟧" in reader.piece(f"/datasets/{made.key}/facets/author").text


def test_scripts_are_given_their_texts(reader: FlaskClient) -> None:
    page = reader.get("/datasets").text
    assert '<html lang="de"' in page
    found = re.search(r'<script type="application/json" id="texts">(.*?)</script>', page)
    assert found is not None
    texts = json.loads(found[1])
    assert texts["Copied"] == "⟦Copied⟧"
    assert texts["{n} picked"] == {"one": "⟦{n} picked⟧", "other": "⟦{n} picked⟧"}
    assert texts["{n} node"] == {"one": "⟦{n} node⟧", "other": "⟦{n} nodes⟧"}
    assert "Copied" not in reader.get("/datasets", headers={"Accept-Language": "en-GB"}).text


@pytest.mark.parametrize("wanted", ["en", "fr-FR,fr;q=0.9", "en-US,de;q=0.3", "", "*;q=0"])
def test_others_read_english(foreign: Flask, admin: User, wanted: str) -> None:
    page = foreign.test_client().get("/login", headers={"Accept-Language": wanted})
    assert '<html lang="en"' in page.text
    assert "<h1>Sign in</h1>" in page.text
    assert "⟦" not in page.text
    assert "Accept-Language" in page.headers["Vary"]


def test_the_api_and_logs_speak_english(reader: FlaskClient) -> None:
    assert reader.get("/api/datasets/nothing").json["message"] == "There is no dataset nothing."


def test_what_is_not_translated_yet_is_english(foreign: Flask, admin: User, catalogues: Path) -> None:
    with foreign.test_request_context(headers={"Accept-Language": "de"}):
        assert told(say("Nobody has ever said {this}.", this=say("Copied"))) == "Nobody has ever said ⟦Copied⟧."
        assert told(declared("Braces {are} letters.")) == "Braces {are} letters."


def test_where_there_is_one_language_there_is_nothing_to_choose(ursula: FlaskClient) -> None:
    assert 'name="language"' not in ursula.get("/account").text


def test_a_reader_chooses_a_language(foreign: Flask, reader: FlaskClient) -> None:
    page = reader.get("/account").text
    assert re.findall(r'<option value="(\w*)" lang=', page) == ["en", "de"]
    assert ">Deutsch<" in page
    assert reader.change("/account/looks", theme="auto", language="en").status_code == 303
    assert '<html lang="en"' in reader.get("/datasets").text
    reader.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert reader.change("/account/looks", theme="auto", language="de").status_code == 303
    assert '<html lang="de"' in reader.get("/datasets").text
    wrong = reader.change("/account/looks", theme="auto", language="xx")
    assert (wrong.status_code, "⟦Choose from: en, de.⟧" in wrong.text) == (422, True)
    assert foreign.test_client().get("/login").text.count("⟦") == 0


def test_mails_are_in_the_language_of_who_gets_them(
    ctx: Context, user: User, catalogues: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "CATALOGUES", catalogues)
    mailing = with_settings(ctx, mail_url="smtp://mail.invalid", site_url="https://4cat.example.org")
    reads = {"": "A new password for 4CAT", "de": "⟦A new password for 4CAT⟧"}
    for chosen, subject in reads.items():
        with mailing.database.transaction() as tx:
            tx.run(
                "UPDATE users SET language = %(lang)s, email = 'u@example.org' WHERE id = %(id)s",
                lang=chosen,
                id=user.id,
            )
        ask_for_link(mailing, "u@example.org")
        sent = mailing.database.one("SELECT subject, body FROM mails ORDER BY id DESC LIMIT 1")
        assert sent["subject"] == subject
    assert f"⟦Your name here is: {user.name}⟧" in sent["body"]
    assert "⟦The link works once, and for ⟦2 hours⟧." in sent["body"]
