"""Annotations over the API: who may code, what each sees, columns wherever items are read, files, agreement."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.domain.agreement import MOST_COMPARED
from app.domain.dataset import Dataset
from app.domain.user import User
from app.services.context import Context
from tests.api.conftest import Call
from tests.results import store_table

STANCE = {"name": "stance", "kind": "choice", "choices": ["pro", "con"]}


@pytest.fixture
def posts(ctx: Context, user: User, tmp_path: Path) -> Dataset:
    """A dataset that all may see."""
    return store_table(ctx, user, tmp_path, is_private=False)


def add_field(call: Call, key: str, **wanted: Any) -> dict[str, Any]:
    answer = call("owner", "POST", f"/api/datasets/{key}/annotations/fields", json={**STANCE, **wanted})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return dict(answer.json or {})


def code(call: Call, role: str, key: str, *values: tuple[str, str], field: str = "stance", **more: Any) -> Any:
    lines = [{"item": item, "field": field, "value": value, **more} for item, value in values]
    return call(role, "PUT", f"/api/datasets/{key}/annotations", json={"values": lines})


def column(call: Call, role: str, key: str, name: str, **query: Any) -> list[Any]:
    found = call(role, "GET", f"/api/datasets/{key}/items", query_string=query).json
    assert found is not None
    return [row.get(name) for row in found["items"]]


def test_each_coder_has_a_value_and_the_most_frequent_one_is_agreed(call: Call, posts: Dataset) -> None:
    add_field(call, posts.key)
    assert code(call, "owner", posts.key, ("1", "pro"), ("2", "pro")).json == {"saved": 2}
    assert column(call, "owner", posts.key, "stance") == ["pro", "pro", None, None, None, None]
    code(call, "other", posts.key, ("1", "con"), ("2", "pro"))
    code(call, "admin", posts.key, ("1", "con"))

    assert column(call, "owner", posts.key, "stance") == ["con", "pro", None, None, None, None]
    assert column(call, "owner", posts.key, "stance (ursula)")[:2] == ["pro", "pro"]
    assert column(call, "owner", posts.key, "id", filter="stance (otto)==con") == ["1"]
    assert column(call, "owner", posts.key, "id", sort="-stance")[:2] == ["2", "1"]
    code(call, "other", posts.key, ("1", "pro"))
    code(call, "owner", posts.key, ("1", ""))
    assert column(call, "owner", posts.key, "stance")[0] is None  # one for, one against
    listed = call("owner", "GET", f"/api/datasets/{posts.key}/annotations?coder=otto").json
    assert listed is not None
    assert [(one["item"], one["value"]) for one in listed["values"]] == [("1", "pro"), ("2", "pro")]


def test_a_blind_field_shows_coders_only_their_own_values(call: Call, posts: Dataset) -> None:
    field = add_field(call, posts.key)
    code(call, "owner", posts.key, ("1", "pro"))
    code(call, "other", posts.key, ("2", "con"))
    address = f"/api/datasets/{posts.key}/annotations"

    assert column(call, "other", posts.key, "stance") == [None, "con", None, None, None, None]
    assert column(call, "owner", posts.key, "stance") == ["pro", "con", None, None, None, None]
    assert (call("other", "GET", address).json or {})["total"] == 1
    assert call("other", "GET", f"{address}/agreement").json == []
    assert b"ursula" not in call("other", "GET", f"{address}/file").data
    reader = call("reader", "GET", address).json or {}
    assert reader["total"] == 2  # a token of the owner that may only read

    call("owner", "PATCH", f"{address}/fields/{field['id']}", json={"is_blind": False})
    assert column(call, "other", posts.key, "stance")[:2] == ["pro", "con"]


def test_who_may_code_is_the_owners_decision(call: Call, posts: Dataset) -> None:
    field = add_field(call, posts.key, is_open=False)
    refused = code(call, "other", posts.key, ("1", "pro"))
    assert refused.status_code == 403
    address = f"/api/datasets/{posts.key}/annotations/fields/{field['id']}"
    assert call("other", "PATCH", address, json={"is_open": True}).status_code == 403
    assert call("other", "DELETE", address).status_code == 403
    call("owner", "PATCH", address, json={"is_open": True})
    assert code(call, "other", posts.key, ("1", "pro")).status_code == 200
    assert code(call, "other", posts.key, ("1", "pro"), coder="ursula").status_code == 422
    assert code(call, "owner", posts.key, ("1", "con"), coder="someone else").status_code == 200


@pytest.mark.parametrize(
    ("wanted", "wrong"),
    [
        ({"name": "author"}, "name"),
        ({"name": " "}, "name"),
        ({"name": "a=b"}, "name"),
        ({"kind": "number"}, "kind"),
        ({"choices": ["one"]}, "choices"),
        ({"name": "Stance"}, "name"),
    ],
)
def test_fields_that_will_not_do_are_refused(call: Call, posts: Dataset, wanted: dict[str, Any], wrong: str) -> None:
    add_field(call, posts.key)
    answer = call(
        "owner", "POST", f"/api/datasets/{posts.key}/annotations/fields", json={**STANCE, "name": "x", **wanted}
    )
    assert (answer.status_code, list((answer.json or {})["errors"])) == (422, [wrong])


def test_choices_that_are_used_stay_and_a_deleted_field_takes_its_values_along(call: Call, posts: Dataset) -> None:
    field = add_field(call, posts.key)
    code(call, "owner", posts.key, ("1", "pro"))
    address = f"/api/datasets/{posts.key}/annotations/fields/{field['id']}"
    kept = call("owner", "PATCH", address, json={"choices": ["con", "neither"]})
    assert (kept.status_code, "pro" in (kept.json or {})["message"]) == (422, True)
    assert call("owner", "PATCH", address, json={"choices": ["pro", "neither"]}).status_code == 200
    assert call("owner", "DELETE", address).status_code == 204
    assert "stance" not in (call("owner", "GET", f"/api/datasets/{posts.key}/items").json or {})["columns"]


def test_downloads_have_the_columns_in_every_format(ctx: Context, call: Call, posts: Dataset) -> None:
    add_field(call, posts.key)
    address = f"/api/datasets/{posts.key}/download?format="
    plain = call("owner", "GET", f"{address}csv").headers["ETag"]
    code(call, "owner", posts.key, ("1", "pro"), ("3", "con"))
    code(call, "other", posts.key, ("1", "pro"))
    wanted = ["pro", None, "con", None, None, None]

    answer = call("owner", "GET", f"{address}csv")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True), newline="")))
    assert [row["stance"] or None for row in rows] == wanted
    assert rows[0]["stance (otto)"] == "pro"
    assert answer.headers["ETag"] != plain
    lines = [json.loads(line) for line in call("owner", "GET", f"{address}ndjson").data.splitlines()]
    assert [line["stance"] for line in lines] == wanted
    assert [row["stance"] for row in json.loads(call("owner", "GET", f"{address}json").data)] == wanted
    stored = pl.read_parquet(io.BytesIO(call("owner", "GET", f"{address}parquet").data))
    assert stored["stance"].to_list() == wanted
    assert stored["hashtags"].to_list()[0] == ["a", "b"]
    sheet = pl.read_excel(io.BytesIO(call("owner", "GET", f"{address}xlsx").data))
    assert sheet["stance"].to_list() == wanted
    assert posts.result is not None
    assert "stance" not in pl.read_parquet_schema(ctx.files.local(posts.result.files["table"]))


def test_annotations_go_out_as_a_file_and_come_in_again(call: Call, posts: Dataset) -> None:
    add_field(call, posts.key)
    add_field(call, posts.key, name="note", kind="long", choices=[])
    code(call, "owner", posts.key, ("1", "pro"), ("2", "con"))
    code(call, "other", posts.key, ("1", "con"))
    code(call, "owner", posts.key, ("4", 'two\nlines, "quoted"'), field="note")
    address = f"/api/datasets/{posts.key}/annotations"
    for format in ("csv", "ndjson"):
        file = call("owner", "GET", f"{address}/file?format={format}").data
        before = (call("owner", "GET", address).json or {})["values"]
        for field in ("stance", "note"):
            code(call, "owner", posts.key, ("1", ""), ("2", ""), ("4", ""), field=field)
        code(call, "owner", posts.key, ("1", ""), coder="otto")
        assert (call("owner", "GET", address).json or {})["total"] == 0
        sent = call("owner", "POST", f"{address}/file", data={"file": (io.BytesIO(file), f"codes.{format}")})
        assert sent.json == {"saved": 4}
        assert (call("owner", "GET", address).json or {})["values"] == before


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "id,value\n1,pro\n", "lacks field"),
        ("a.csv", "id,field,value\n1,stance,pro\n9,stance,con\n", "Line 3: this dataset has no item 9"),
        ("a.csv", 'id,field,value\n1,stance,"pro\n', "Line 2 cannot be read as CSV"),
        ("a.csv", "id,field,value\n1,stance,maybe\n", "Line 2: “maybe” is not a choice of “stance”"),
        ("a.csv", "id,field,value\n1,mood,pro\n", "Line 2: There is no field “mood”. The fields are: stance."),
        ("a.csv", "id,field,value,time\n1,stance,pro,soon\n", "Line 2: “soon” is not a time"),
        ("a.csv", "id,field,value\n1,stance,pro,more\n", "Line 2 has 4 cells"),
        ("a.ndjson", '{"id": "1", "field": "stance", "value": "pro"}\n{"id": \n', "Line 2 is not JSON"),
        ("a.ndjson", "[1]\n", "Line 1 is not a JSON object"),
        ("a.csv", b"id,field,value\n1,stance,pr\xff\n", "Line 2 is not UTF-8"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(
    call: Call, posts: Dataset, name: str, text: str | bytes, says: str
) -> None:
    add_field(call, posts.key)
    content = text if isinstance(text, bytes) else text.encode()
    address = f"/api/datasets/{posts.key}/annotations"
    answer = call("owner", "POST", f"{address}/file", data={"file": (io.BytesIO(content), name)})
    assert answer.status_code == 422
    assert says in (answer.json or {})["message"]
    assert (call("owner", "GET", address).json or {})["total"] == 0


def test_of_many_coders_one_is_compared_with_the_others(call: Call, posts: Dataset) -> None:
    add_field(call, posts.key)
    coders = [f"coder {number}" for number in range(MOST_COMPARED + 1)]
    for coder in coders:
        code(call, "owner", posts.key, ("1", "pro"), ("2", "con" if coder == "coder 0" else "pro"), coder=coder)
    address = f"/api/datasets/{posts.key}/annotations/agreement"
    (found,) = call("owner", "GET", address).json or []
    assert (found["coders"], found["items"], found["pairs"]) == (dict.fromkeys(coders, 2), 2, [])
    (found,) = call("owner", "GET", f"{address}?coder=coder+0").json or []
    assert [(pair["first"], pair["second"], pair["share"]) for pair in found["pairs"]] == [
        ("coder 0", other, 0.5) for other in coders[1:]
    ]
    refused = call("owner", "GET", f"{address}?coder=nobody")
    assert (refused.status_code, list((refused.json or {})["errors"])) == (422, ["coder"])


def test_agreement_is_shown_for_each_field(call: Call, posts: Dataset) -> None:
    add_field(call, posts.key)
    code(call, "owner", posts.key, ("1", "pro"), ("2", "pro"), ("3", "con"), ("4", "con"))
    code(call, "other", posts.key, ("1", "pro"), ("2", "con"), ("3", "con"), ("4", "con"), ("5", "pro"))
    (found,) = call("owner", "GET", f"/api/datasets/{posts.key}/annotations/agreement").json or []
    assert found["coders"] == {"otto": 5, "ursula": 4}
    assert (found["items"], found["share"]) == (4, 0.75)
    assert found["pairs"] == [{"first": "otto", "second": "ursula", "items": 4, "share": 0.75, "kappa": 0.5}]
    assert found["alpha"] == pytest.approx(1 - 7 * 2 / 30)
