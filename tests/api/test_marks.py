"""Lists, marks, expiry and undo over the API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.domain.dataset import Dataset
from app.domain.user import User
from app.services.context import Context
from tests.api.conftest import Call
from tests.results import store_table


@pytest.fixture
def posts(ctx: Context, user: User, tmp_path: Path) -> Dataset:
    return store_table(ctx, user, tmp_path, is_private=False)


def listed(call: Call, role: str, query: str) -> list[str]:
    answer = call(role, "GET", f"/api/datasets?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return [dataset["key"] for dataset in found["datasets"]]


def test_a_favourite_is_ones_own(posts: Dataset, call: Call) -> None:
    path = f"/api/datasets/{posts.key}"
    assert call("other", "PATCH", path, json={"favourite": True}).get_json()["favourite"] is True
    assert call("owner", "GET", path).get_json()["favourite"] is False
    assert listed(call, "other", "whose=favourites") == [posts.key]
    assert listed(call, "owner", "whose=favourites") == []
    assert call("other", "PATCH", path, json={"favourite": False, "tags": ["x"]}).status_code == 403
    assert call("reader", "PATCH", path, json={"favourite": True}).status_code == 403


def test_tags_and_expiry_are_set_and_listed(posts: Dataset, call: Call) -> None:
    path = f"/api/datasets/{posts.key}"
    changed = call(
        "owner", "PATCH", path, json={"tags": ["Thesis", "2026"], "expires": "2090-01-02T00:00:00+00:00"}
    ).get_json()
    assert (changed["tags"], changed["expires"][:10], changed["keep"]) == (["2026", "thesis"], "2090-01-02", False)
    kept = call("owner", "PATCH", path, json={"keep": True}).get_json()
    assert (kept["expires"], kept["keep"]) == (None, True)
    assert listed(call, "other", "everyone=true&tag=thesis&owner=ursula&order=name&q=body&since=2020-01-01") == [
        posts.key
    ]
    assert listed(call, "other", "everyone=true&until=2020-01-01") == []
    wrong = call("owner", "PATCH", path, json={"tags": ["a,b"], "label": "New"})
    assert (wrong.status_code, list(wrong.get_json()["errors"])) == (422, ["tags"])
    assert call("owner", "GET", path).get_json()["label"] == posts.label
    for query in ("whose=nobody", "order=random", "since=soon", "cursor=-1"):
        assert call("owner", "GET", f"/api/datasets?{query}").status_code == 422, query


def test_deleting_can_be_undone_or_made_final(posts: Dataset, call: Call) -> None:
    path = f"/api/datasets/{posts.key}"
    assert call("other", "DELETE", f"{path}?undo=true").status_code == 403
    assert call("owner", "DELETE", f"{path}?undo=true").status_code == 204
    assert call("owner", "GET", path).status_code == 404
    assert call("owner", "GET", f"{path}/items").status_code == 404
    assert listed(call, "owner", "whose=deleted") == [posts.key]
    assert call("reader", "POST", f"{path}/restore").status_code == 403
    assert call("other", "POST", f"{path}/restore").status_code == 403
    assert call("owner", "POST", f"{path}/restore").get_json()["status"] == "finished"
    assert call("owner", "GET", f"{path}/items").get_json()["total"] == 6
    call("owner", "DELETE", f"{path}?undo=true")
    assert call("owner", "DELETE", path).status_code == 204
    assert listed(call, "owner", "whose=deleted") == []
