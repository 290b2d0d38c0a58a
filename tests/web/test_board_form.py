"""The form that searches imageboards: what it shows, and what it says of mistakes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.domain.user import User
from app.plugins import Database
from app.services import estimate as estimates
from app.services.context import Context
from app.storage import dataset as datasets
from app.web import create
from app.web.shown import rough
from datasources.fourchan import FourChan
from tests.board_posts import keep, post
from tests.scraping import count_board_posts


def test_it_explains_the_language(ada: FlaskClient) -> None:
    page = ada.get("/create/fourchan").text
    assert 'name="body_match"' in page
    assert "<code>-decaf</code>: not this word." in page
    assert 'value="t_' in page
    assert 'name="country_name"' not in ada.get("/create/eightkun").text


def test_the_boards_that_are_kept_can_be_picked_the_largest_first(ada: FlaskClient, ctx: Context) -> None:
    keep(ctx, [post(1, board="g"), post(1, board="pol"), post(2, board="pol")])
    count_board_posts(ctx)
    keep(ctx, [post(1, board="his")])
    page = ada.get("/create/fourchan").text
    picks = re.findall(r'data-word="(\w+)" data-for="o-board" aria-pressed="false">\w+(?: <[^>]*>(\d+))?', page)
    assert picks == [("pol", "2"), ("g", "1"), ("his", "")]
    assert "data-word" not in ada.get("/create/eightkun").text


def test_boards_are_not_offered_while_the_database_is_busy(ada: FlaskClient, ctx: Context) -> None:
    keep(ctx, [post(1)])
    with ctx.database.transaction() as tx:
        tx.run("LOCK TABLE imageboard_days IN ACCESS EXCLUSIVE MODE")
        page = ada.get("/create/fourchan")
    assert page.status_code == 200
    assert "data-word" not in page.text


def test_a_link_fills_in_the_form(ada: FlaskClient, ctx: Context) -> None:
    keep(ctx, [post(1)])
    count_board_posts(ctx)
    source = ada.get("/datasources/fourchan").text
    assert 'href="/create/fourchan?board=pol"' in source
    form = ada.get("/create/fourchan?board=pol&body_match=%22hot+coffee%22&get_deleted=true&nothing=1").text
    assert 'name="board" type="text" value="pol"' in form
    assert 'name="body_match" type="text" value="&#34;hot coffee&#34;"' in form
    assert 'name="get_deleted" value="true" checked' in form
    assert ctx.database.many("SELECT key FROM datasets") == []


def test_a_mistake_is_shown_at_its_field_and_nothing_is_lost(ada: FlaskClient, ctx: Context) -> None:
    keep(ctx, [post(1, "coffee")])
    answer = ada.change("/create/fourchan", body_match='hot "coffee', board="xyz")
    assert answer.status_code == 422
    assert "This quotation is not closed. (at the mark: hot ▸" in answer.text
    assert 'value="xyz"' in answer.text


def test_a_search_is_asked_for(ada: FlaskClient, ctx: Context) -> None:
    keep(ctx, [post(1, "coffee")])
    answer = ada.change("/create/fourchan", body_match="coffee", board="pol", country_name="NL")
    assert answer.status_code == 303, answer.text
    asked = datasets.get(ctx.database, answer.location.rsplit("/", 1)[1])
    assert (asked.parameters["country_name"], asked.parameters["search_scope"]) == (["NL"], "posts-only")


def test_it_brings_a_script_and_says_which_boards_have_flags(ada: FlaskClient) -> None:
    page = ada.piece("/create/fourchan").text
    found = re.search(r'<script type="module" src="([^"]+)"', page)
    assert found
    script = ada.get(found[1])
    assert (script.status_code, script.mimetype) == (200, "text/javascript")
    assert "immutable" in script.headers["Cache-Control"]
    assert "script-src 'self'" in script.headers["Content-Security-Policy"]
    assert 'data-flag-boards="[&#34;pol&#34;, &#34;sp&#34;, &#34;int&#34;, &#34;bant&#34;]"' in page
    assert "data-flag-boards" not in ada.get("/create/lainchan").text
    assert "pol" not in re.split(r"\W+", script.text)


@pytest.mark.parametrize(
    "name", ["source.py", "..%2fsource.py", "..", "%2e%2e%2f__init__.py", "form.html", ".form.js", "none.js"]
)
def test_nothing_but_its_static_files_is_served(ada: FlaskClient, name: str) -> None:
    assert ada.get(f"/sources/fourchan/static/{name}").status_code == 404


def test_what_lies_elsewhere_is_not_brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "secret.js").write_text("secret")
    (tmp_path / "static" / "other.js").symlink_to(tmp_path / "secret.js")
    (tmp_path / "static" / "own.js").write_text("own")
    monkeypatch.setattr(FourChan, "folder", classmethod(lambda cls: tmp_path))
    assert FourChan.brought("static/own.js") == (tmp_path / "static" / "own.js").resolve()
    assert FourChan.brought("static/other.js") is None
    assert FourChan.brought("static/../secret.js") is None


def test_it_says_how_many_posts_match(ada: FlaskClient, ctx: Context) -> None:
    keep(ctx, [post(number, "coffee" if number % 4 else "tea") for number in range(40)])
    ctx.database.run("ANALYZE imageboard_posts")
    told = ada.change("/create/fourchan/estimate", htmx=True, body_match="tea")
    assert "<html" not in told.text
    assert 'About <span class="num">10</span> posts match' in told.text
    assert "No posts match." in ada.change("/create/fourchan/estimate", htmx=True, body_match="milk").text
    threads = ada.change("/create/fourchan/estimate", htmx=True, body_match="tea", search_scope="full-threads")
    assert "cannot be told" in threads.text


def test_a_query_that_finds_much_is_asked_for_twice(
    ada: FlaskClient, ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(create, "HEAVY", 5)
    keep(ctx, [post(number, "coffee") for number in range(40)])
    ctx.database.run("ANALYZE imageboard_posts")
    assert "you are asked once more" in ada.change("/create/fourchan/estimate", htmx=True, body_match="coffee").text
    asked = ada.change("/create/fourchan", body_match="coffee", label="Mine")
    assert asked.status_code == 422
    assert "That is much." in asked.text
    assert 'value="Mine"' in asked.text
    assert ada.change("/create/fourchan", body_match="coffee", sure="yes").status_code == 303


def test_how_long_work_takes_is_judged_by_what_has_ended(ctx: Context, admin: User) -> None:
    assert estimates.expected_seconds(ctx, "fourchan", 10) is None
    ctx.database.run(
        "INSERT INTO datasets (key, type, datasource, top, acts_as, label, owner_id, status, rows, started, ended)"
        " SELECT n::text, 'fourchan', 'fourchan', n::text, 'items', 'x', %(owner)s, 'finished', 100 * n,"
        " now() - n * interval '2 seconds', now() FROM generate_series(1, 2) n",
        owner=admin.id,
    )
    assert estimates.expected_seconds(ctx, "fourchan", 1_000) == pytest.approx(20, abs=0.1)
    assert estimates.expected_seconds(ctx, "fourchan", 1) == pytest.approx(2, abs=0.1)


def test_what_is_typed_wrong_is_said_and_what_is_missing_is_a_hint(ada: FlaskClient, ctx: Context) -> None:
    keep(ctx, [post(1, "coffee")])
    told = ada.change("/create/fourchan/estimate", htmx=True, body_match='hot "coffee').text
    assert told.count("This quotation is not closed. (at the mark: hot") == 1
    assert "data-field-errors" in told
    empty = ada.change("/create/fourchan/estimate", htmx=True, body_match="").text
    assert 'data-field-errors="{}"' in empty
    assert "Say what posts contain" in empty


def test_without_a_script_the_answer_is_the_form_again(ada: FlaskClient, ctx: Context) -> None:
    keep(ctx, [post(1, "coffee")])
    page = ada.change("/create/fourchan/estimate", body_match="coffee", label="Mine").text
    assert 'formaction="/create/fourchan/estimate"' in page
    assert 'About <span class="num">1</span> post matches' in page
    assert 'value="Mine"' in page


def test_a_source_that_cannot_reckon_is_not_asked(ada: FlaskClient) -> None:
    assert ada.change("/create/upload/estimate", htmx=True).status_code == 404
    assert ada.change("/create/none/estimate", htmx=True).status_code == 404


def test_a_number_that_takes_too_long_is_not_told(ctx: Context, admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(options: object, database: Database) -> int:
        database.one("SELECT pg_sleep(60)")
        return 1

    monkeypatch.setattr(estimates, "_SECONDS", 0.05)
    monkeypatch.setattr(FourChan, "estimate", slow)
    assert estimates.estimate_capture(ctx, admin, "fourchan", {"body_match": "coffee"}) is None


def test_large_numbers_are_rough() -> None:
    assert [rough(number) for number in (0, 7, 999, 12_345, 1_234_567)] == [0, 7, 999, 12_300, 1_230_000]
