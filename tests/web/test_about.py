"""What administrators write for everybody: the page about the site, pages of their own, and the start page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import __version__
from app.domain.dataset import Status
from app.domain.site_page import CITING_TEXT, find_page, is_page_name
from app.domain.user import User
from app.services.context import Context
from app.services.site_setting import change_site_settings
from app.storage import dataset as datasets
from app.storage import setting
from app.storage.dataset import Ending
from app.web.markdown import as_html
from tests.conftest import import_posts
from tests.results import store_table

TEXTS = "/control/pages"


def footer(page: str) -> list[str]:
    """The links at the foot of a page."""
    found = re.search(r'<footer class="foot">.*?</footer>', page, re.DOTALL)
    return re.findall(r'href="([^"]+)"', found[0]) if found else []


def test_the_site_in_numbers_and_words(
    ursula: FlaskClient, ctx: Context, admin: User, user: User, tmp_path: Path
) -> None:
    store_table(ctx, user, tmp_path)
    ctx.database.run(
        "INSERT INTO imageboard_days (source, board, day, posts) VALUES ('fourchan', 'g', '2026-01-02', 1234),"
        " ('fourchan', 'pol', '2026-01-02', 1)"
    )
    change_site_settings(
        ctx,
        admin,
        {"texts.about": "For **students**.", "texts.news": "- moved", "texts.contact": "ask@example.org"},
    )
    page = ursula.get("/about").text
    rows = ctx.database.one("SELECT rows FROM datasets")["rows"]
    for shown in ("<strong>students</strong>", "<li>moved</li>", 'href="mailto:ask@example.org"', __version__):
        assert shown in page
    numbers = re.findall(r'<dd class="num">([^<]*)</dd>', page)
    assert numbers == [str(rows), "1,235", "1", "0", "2"]
    assert re.search(r'href="/datasources/fourchan">4chan <span[^>]*>1,235 posts</span>', page)
    assert TEXTS not in page


def test_nothing_is_written_yet(ada: FlaskClient, client: FlaskClient) -> None:
    assert f'href="{TEXTS}/texts.about"' in ada.get("/about").text
    assert client.get("/about").status_code == 303
    assert client.get("/page/data-policy").status_code == 404
    assert client.get("/page/Citing!").status_code == 404
    page = client.get("/page/citing")
    assert (page.status_code, f"here it is {__version__}" in page.text) == (200, True)
    assert footer(page.text) == ["/help", "/page/citing"]
    assert 'href="/login">Sign in</a>' in page.text
    assert footer(ada.get("/datasets").text) == ["/about", "/help", "/page/citing"]


def test_a_page_is_written_shown_to_all_and_deleted(ada: FlaskClient, client: FlaskClient, ctx: Context) -> None:
    begun = ada.change(TEXTS, name=" House-Rules ")
    here = f"{TEXTS}/pages.house-rules"
    assert begun.location == here
    assert "Link to it at the foot" in ada.get(here).text
    assert ada.change(here, text="# House rules\nBe *kind*.", menu="on", do="save").location == f"{here}?saved=1"
    assert "Saved." in ada.get(f"{here}?saved=1").text
    page = client.get("/page/house-rules").text
    assert "<h1>House rules</h1>" in page
    assert "<em>kind</em>" in page
    assert page.count("House rules") == 3  # its title, its heading and the link at the foot
    assert footer(page) == ["/help", "/page/citing", "/page/house-rules"]
    assert 'href="/page/house-rules"' in ada.get("/about").text
    ada.change(here, text="# House rules\nBe *kind*.", do="save")
    assert footer(client.get("/login").text) == ["/help", "/page/citing"]
    assert ada.change(here, text="x", do="forget").location == TEXTS
    assert client.get("/page/house-rules").status_code == 404
    assert [name for name in setting.all_settings(ctx.database) if name.startswith("pages.")] == []


def test_a_text_that_there_is_to_begin_with_comes_back(ada: FlaskClient, ctx: Context) -> None:
    here = f"{TEXTS}/pages.citing"
    ada.change(here, text="Cite us.", menu="on", do="save")
    assert setting.all_settings(ctx.database) == {"pages.citing": "Cite us."}
    ada.change(here, text="Cite us.", menu="on", do="forget")
    assert setting.all_settings(ctx.database) == {}
    ada.change(here, text=CITING_TEXT.strip(), do="save")
    assert setting.all_settings(ctx.database) == {"texts.menu": "data-policy"}


def test_a_text_is_seen_before_it_is_saved(ada: FlaskClient, ctx: Context) -> None:
    for htmx in (True, False):
        answer = ada.change(f"{TEXTS}/texts.news", htmx=htmx, text="**new**", do="look")
        assert ("<html" in answer.text, "<strong>new</strong>" in answer.text) == (not htmx, True)
    assert setting.all_settings(ctx.database) == {}


def test_what_cannot_be_saved_is_said(ada: FlaskClient, ursula: FlaskClient) -> None:
    too_long = ada.change(f"{TEXTS}/texts.failure", text="x" * 2001, do="save")
    assert (too_long.status_code, "Write at most 2,000 letters." in too_long.text) == (422, True)
    wrong = ada.change(TEXTS, name="über uns")
    assert (wrong.status_code, 'id="name-error"' in wrong.text) == (422, True)
    assert ada.change(TEXTS, contact="x" * 301).status_code == 422
    assert ada.get(f"{TEXTS}/limits.open_jobs").status_code == 404
    assert ada.get(f"{TEXTS}/nothing").status_code == 404
    assert ursula.change(f"{TEXTS}/texts.news", text="mine", do="save").status_code == 403


def test_whom_to_ask_is_said_where_something_has_failed(
    ada: FlaskClient, ursula: FlaskClient, ctx: Context, user: User
) -> None:
    assert ada.change(TEXTS, contact="ask@example.org").location == TEXTS
    ada.change(f"{TEXTS}/texts.failure", text="Tell the **help desk**.", do="save")
    failed = import_posts(ctx, user)
    with ctx.database.transaction() as tx:
        datasets.end(tx, failed.key, Ending(Status.FAILED, "It crashed."))
    assert "<strong>help desk</strong>" in ursula.get(f"/datasets/{failed.key}").text


def test_the_site_is_called_as_administrators_say(ada: FlaskClient, ctx: Context) -> None:
    assert ada.change(TEXTS, site="Our <lab>", contact="").location == TEXTS
    assert "<title>Datasets · Our &lt;lab&gt;</title>" in ada.get("/datasets").text
    assert ada.get("/api/status").json["name"] == ctx.site_name == "Our <lab>"
    too_long = ada.change(TEXTS, site="x" * 61, contact="y")
    assert (too_long.status_code, 'id="site-error"' in too_long.text) == (422, True)
    ada.change(TEXTS, site="", contact="")
    assert (setting.all_settings(ctx.database), ctx.site_name) == ({}, ctx.settings.site_name)


def test_people_begin_where_an_administrator_has_chosen(ada: FlaskClient, app: Flask) -> None:
    assert ada.get("/").location == "/datasets"
    for choice, address in (("create", "/create"), ("about", "/about"), ("datasets", "/datasets")):
        ada.change("/control/settings/people/looks", home=choice)
        assert ada.get("/").location == address
        assert ada.get("/login").location == address
        assert f'<a class="mark" href="{address}">' in ada.get("/account").text


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVa&#115;cript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        '[x](https://example.org "\\" onclick=\\"alert(1)")',
        '![" onerror="alert(1)](https://example.org/a.png)',
        "![x](javascript:alert(1))",
        "<javascript:alert(1)>",
        'https://example.org/"onmouseover="alert(1)',
        "`<script>`",
        "|<b>a</b>|\n|---|\n|<i>b</i>|",
    ],
)
def test_a_text_can_do_no_harm(text: str) -> None:
    html = as_html(text)
    tags = re.findall(r"<(\w+)((?:[^\"'>]|\"[^\"]*\")*)>", html)
    assert {tag for tag, _ in tags} <= {"p", "a", "code", "table", "thead", "tbody", "tr", "th", "td"}
    for _, attributes in tags:
        given = dict(re.findall(r'(\S+?)="([^"]*)"', attributes))
        assert set(given) <= {"href", "title"}
        assert given.get("href", "https:").startswith("https:")


def test_addresses_are_links_but_not_within_links() -> None:
    html = as_html("See https://example.org, [https://a.org](https://b.org) and `https://c.org`.")
    assert re.findall(r'href="([^"]+)"', html) == ["https://example.org", "https://b.org"]


@pytest.mark.parametrize(
    ("name", "is_fit"), [("a-b2", True), ("", False), ("A", False), ("a--b", False), ("-a", False)]
)
def test_names_of_pages(name: str, is_fit: bool) -> None:
    assert is_page_name(name) is is_fit
    assert (find_page({f"pages.{name}": "x"}, name) is not None) is is_fit
