"""What every page has: headers, pieces, errors; and that every template is whole."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from flask import Flask
from flask.testing import FlaskClient

from app.domain.user import User
from app.services.context import Context
from tests.conftest import finished_posts, with_settings

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "path"}


class _Balance(HTMLParser):
    """Finds elements that are not closed, inline scripts and styles, and controls without a name."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "style" in given or any(name.startswith("on") for name in given) or (tag == "script" and "src" not in given):
            self.wrong.append(f"inline: {tag} {given}")
        if "id" in given:
            self.ids.append(str(given["id"]))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"closed out of turn: {tag} at {self.getpos()}")


def _check(html: str) -> None:
    page = _Balance()
    page.feed(html)
    assert page.wrong == []
    assert page.open == []
    assert len(page.ids) == len(set(page.ids)), sorted(name for name in page.ids if page.ids.count(name) > 1)


def test_templates_compile_and_pieces_are_pieces(app: Flask) -> None:
    names = app.jinja_env.list_templates()
    assert len(names) > 20
    for name in names:
        app.jinja_env.get_template(name)
        source = app.jinja_env.loader.get_source(app.jinja_env, name)[0]  # type: ignore[union-attr]
        if name.rsplit("/", 1)[-1].startswith("_"):
            assert "<html" not in source, name
            assert "{% extends" not in source, name


def test_pages_are_well_formed(ada: FlaskClient, ctx: Context, admin: User) -> None:
    key = finished_posts(ctx, admin).key
    paths = [
        "/datasets",
        "/datasets?q=nothing",
        "/create",
        "/create/fourchan",
        "/account",
        "/control",
        f"/datasets/{key}",
    ]
    paths += [f"/datasets/{key}/explore"]
    paths += [f"/datasets/{key}/{tab}" for tab in ("table", "log", "provenance")]
    paths += [f"/datasets/{key}/analyses", *(f"/datasets/{key}/analyses/{type_}" for type_ in ctx.registry.processors)]
    for path in paths:
        answer = ada.get(path)
        assert answer.status_code == 200, path
        assert answer.text.startswith("<!doctype html>"), path
        _check(answer.text)


def test_htmx_gets_the_piece(ada: FlaskClient, ctx: Context, admin: User) -> None:
    key = finished_posts(ctx, admin).key
    for path in ("/datasets", f"/datasets/{key}", f"/datasets/{key}/analyses", f"/datasets/{key}/analyses/count-posts"):
        piece = ada.piece(path)
        assert piece.status_code == 200
        assert "<html" not in piece.text
        assert piece.headers["Vary"].find("HX-Request") >= 0
        _check(piece.text)


def test_a_main_piece_brings_its_title(ada: FlaskClient, ctx: Context, admin: User) -> None:
    key = finished_posts(ctx, admin).key
    for path, target in (
        (f"/datasets/{key}", "house"),
        (f"/datasets/{key}/explore", "page"),
        ("/create/upload", "page"),
    ):
        title = re.search("<title>.+</title>", ada.get(path).text)
        assert title and ada.piece(path, target).text.startswith(title[0])
    for target in ("result", "dialog-body"):
        assert "<title>" not in ada.piece(f"/datasets/{key}", target).text
    renamed = ada.change(f"/datasets/{key}/rename", htmx=True, target="dialog-body", label="<Tea> & milk").text
    assert renamed.startswith('<title>&lt;Tea&gt; &amp; milk · 4CAT</title><div id="page">')


def test_pages_may_run_only_our_own_scripts(ada: FlaskClient) -> None:
    headers = ada.get("/datasets").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_nothing_comes_from_elsewhere(ada: FlaskClient) -> None:
    page = ada.get("/datasets").text
    for address in re.findall(r'(?:src|href|data-[a-z-]+)="([^"]+)"', page):
        assert not address.startswith(("http:", "https:", "//")), address


def test_assets_have_long_lives_under_their_hash(ada: FlaskClient) -> None:
    page = ada.get("/datasets").text
    address = re.search(r'href="(/static/app\.css\?v=[0-9a-f]{12})"', page)
    assert address
    with ada.get(address[1]) as named, ada.get("/static/app.css") as plain:
        assert "immutable" in named.headers["Cache-Control"]
        assert "immutable" not in plain.headers["Cache-Control"]


def test_errors_are_pages(ada: FlaskClient) -> None:
    answer = ada.get("/datasets/nothere")
    assert answer.status_code == 404
    assert "There is no dataset nothere." in answer.text
    _check(answer.text)
    assert ada.get("/nowhere").status_code == 404
    assert ada.get("/logout").status_code == 405


def test_errors_are_notices_for_htmx(ada: FlaskClient) -> None:
    answer = ada.piece("/datasets/nothere")
    assert answer.status_code == 404
    assert answer.headers["HX-Retarget"] == "#notices"
    assert "<html" not in answer.text


def test_errors_under_the_api_are_json(ada: FlaskClient) -> None:
    answer = ada.get("/api/datasets/nothere")
    assert (answer.status_code, answer.json["code"]) == (404, 404)
    assert ada.get("/api/nowhere").json["code"] == 404


def test_a_dead_database_is_said_without_its_address(ctx: Context, admin: User) -> None:
    from app.factory import create_app
    from app.storage.database import Database

    broken = with_settings(ctx)
    object.__setattr__(broken, "database", Database("postgresql://nobody:secret@127.0.0.1:1/none"))
    answer = create_app(broken.settings, broken).test_client().get("/datasets")
    assert answer.status_code == 503
    assert "The database does not answer" in answer.text
    assert "127.0.0.1" not in answer.text


def test_alive_needs_nobody(client: FlaskClient) -> None:
    assert client.get("/healthz").text == "ok\n"
    assert "Disallow: /" in client.get("/robots.txt").text
    with client.get("/favicon.ico") as icon:
        assert icon.mimetype == "image/svg+xml"
