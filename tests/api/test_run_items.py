"""Lists that are sent to be analysed at once, without a dataset of one's own making."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.dataset import Status
from app.domain.user import User
from app.services.context import Context
from app.services.site_setting import set_site_setting
from app.storage import dataset as datasets
from tests.api.conftest import Call
from tests.conftest import Process, wait_for_end

ITEMS = [
    {"id": str(n), "thread_id": "1", "timestamp": f"2026-01-0{1 + n % 2} 10:00:00", "author": "ann", "body": "tea"}
    for n in range(5)
]
RUN = "/api/processors/count-posts/run"


def rows(ctx: Context) -> int:
    return int(ctx.database.one("SELECT (SELECT count(*) FROM datasets) + (SELECT count(*) FROM uploads) AS n")["n"])


def test_a_posted_list_is_analysed_and_goes_by_itself(
    ctx: Context, admin: User, user: User, call: Call, workers: Process
) -> None:
    set_site_setting(ctx, admin, "limits.posted_days", 3)
    asked = {
        "json": call("owner", "POST", RUN + '?options={"timeframe":"day"}', json=ITEMS),
        "ndjson": call(
            "owner", "POST", RUN, data="\n".join(map(json.dumps, ITEMS)), content_type="application/x-ndjson"
        ),
    }
    for answer in asked.values():
        assert answer.status_code == 202, answer.json
        assert answer.json is not None and answer.headers["Location"].endswith(answer.json["key"])
        ended = wait_for_end(ctx, answer.json["key"])
        assert (ended.status, ended.type, ended.is_private) == (Status.FINISHED, "count-posts", True), ended.message
        posted = datasets.get(ctx.database, ended.top)
        assert posted.rows == 5 and posted.is_private and posted.expires is not None
        assert abs(posted.expires - datetime.now(UTC) - timedelta(days=3)) < timedelta(hours=1)
    assert asked["json"].json is not None
    found = call("owner", "GET", f"/api/datasets/{asked['json'].json['key']}/items").json
    assert found is not None
    assert sum(row["value"] for row in found["items"]) == 5 and len(found["items"]) == 2


def test_what_cannot_be_asked_for_leaves_nothing_behind(ctx: Context, user: User, call: Call) -> None:
    refused: dict[str, Any] = {
        "unknown": call("owner", "POST", "/api/processors/none/run", json=ITEMS),
        "option": call("owner", "POST", RUN + '?options={"timeframe":"aeon"}', json=ITEMS),
        "not posts": call("owner", "POST", "/api/processors/vectorise-tokens/run", json=ITEMS),
        "form": call("owner", "POST", RUN, data={"items": "1"}),
        "empty": call("owner", "POST", RUN, data="", content_type="application/x-ndjson"),
        "not JSON": call("owner", "POST", RUN + "?options=x", json=ITEMS),
    }
    found = {name: answer.status_code for name, answer in refused.items()}
    assert found == {"unknown": 404, "option": 422, "not posts": 422, "form": 422, "empty": 422, "not JSON": 422}
    assert rows(ctx) == 0
