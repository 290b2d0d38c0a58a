"""Fields of annotations on pages: deleting one wants a word more, and what is blind stays so beside the items."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.domain.agreement import MOST_COMPARED
from app.domain.user import User
from app.services.annotation import create_field, get_view
from app.services.annotation_file import save_codes
from app.services.context import Context
from tests.results import store_table


@pytest.fixture
def posts(ctx: Context, admin: User, tmp_path: Path) -> str:
    """The key of a dataset with a blind field, which two people have coded."""
    key = store_table(ctx, admin, tmp_path).key
    create_field(ctx, admin, key, name="stance", kind="text", is_blind=True)
    given = [{"item": "1", "field": "stance", "coder": coder, "value": f"{coder} says so"} for coder in ("bob", "cleo")]
    save_codes(ctx, admin, key, enumerate(given, 1))
    return key


def test_beside_the_items_an_owner_who_codes_sees_nothing_of_others(ada: FlaskClient, posts: str) -> None:
    cards = ada.get(f"/datasets/{posts}/explore").text
    assert "stance" in cards
    assert "says so" not in cards
    assert "bob says so" in ada.get(f"/datasets/{posts}/explore?show=stance+(bob)").text
    assert "bob says so" in ada.get(f"/datasets/{posts}").text


def test_a_field_is_deleted_when_the_box_is_ticked(ada: FlaskClient, ctx: Context, admin: User, posts: str) -> None:
    (field,) = get_view(ctx, admin, posts).fields
    path = f"/datasets/{posts}/annotations/fields/{field.id}"
    refused = ada.change(path, delete="yes")
    assert refused.status_code == 422
    assert "Nothing has been deleted." in refused.text
    assert 'value="stance"' in refused.text
    assert get_view(ctx, admin, posts).fields == [field]
    ada.change(path, delete="yes", sure="yes")
    assert get_view(ctx, admin, posts).fields == []


def test_of_many_coders_one_is_compared_with_the_others(
    ada: FlaskClient, ctx: Context, admin: User, posts: str
) -> None:
    given = [{"item": "1", "field": "stance", "coder": f"coder {n}", "value": "pro"} for n in range(MOST_COMPARED)]
    save_codes(ctx, admin, posts, enumerate(given, 1))
    page = ada.get(f"/datasets/{posts}/annotations").text
    assert "Choose a coder to see how far each of the others agrees with them." in page
    assert "coder 1 and" not in page
    chosen = ada.get(f"/datasets/{posts}/annotations?coder=coder+1").text
    assert chosen.count("coder 1 and ") == MOST_COMPARED + 1
    assert "coder 2 and" not in chosen
    assert ada.get(f"/datasets/{posts}/annotations?coder=nobody").status_code == 422
