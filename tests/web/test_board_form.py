"""The form that searches imageboards: what it shows, and what it says of mistakes."""

from __future__ import annotations

from flask.testing import FlaskClient

from app.services.context import Context
from app.storage import dataset as datasets
from tests.board_posts import keep, post


def test_it_explains_the_language(ada: FlaskClient) -> None:
    page = ada.get("/create/fourchan").text
    assert 'name="body_match"' in page
    assert "-decaf: not this word." in page
    assert 'value="t_' in page
    assert 'name="country_name"' not in ada.get("/create/eightkun").text


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
