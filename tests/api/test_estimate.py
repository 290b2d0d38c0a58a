"""How much a search will find, over the API."""

from __future__ import annotations

from app.services.context import Context
from tests.api.conftest import Call
from tests.board_posts import keep, post

PATH = "/api/datasources/fourchan/estimate"


def test_it_is_a_number_or_unknown(call: Call, ctx: Context) -> None:
    keep(ctx, [post(number, "tea") for number in range(12)])
    assert call("owner", "POST", PATH, json={"parameters": {"body_match": "tea"}}).json == {"items": 12}
    whole = {"body_match": "tea", "search_scope": "full-threads"}
    assert call("owner", "POST", PATH, json={"parameters": whole}).json == {"items": None}


def test_parameters_are_checked_as_when_the_dataset_is_made(call: Call) -> None:
    answer = call("owner", "POST", PATH, json={"parameters": {"body_match": "(tea", "colour": "red"}})
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["colour"]
    answer = call("owner", "POST", PATH, json={"parameters": {"body_match": "(tea"}})
    assert answer.json["errors"] == {"body_match": ["This bracket is not closed. (at the mark: ▸(tea)"]}
    assert call("owner", "POST", "/api/datasources/none/estimate", json={}).status_code == 404
    assert call("nobody", "POST", PATH, json={}).status_code == 401
