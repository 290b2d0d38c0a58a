"""Settings over the API, what one has and may have, and how a limit is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.domain.alert import ALERT_RULES
from app.domain.capture_rules import CAPTURE_RULES, SOURCE_RULES
from app.domain.right import RIGHT_RULES
from app.domain.setting import ACCOUNT_RULES, LIMIT_RULES, LOOK_RULES
from app.domain.site_page import PAGE_TEXTS, TEXT_RULES
from app.domain.user import User
from app.plugins.options import specs
from app.services.context import Context
from app.services.site_setting import set_site_setting
from app.storage import setting
from app.storage import upload as uploads
from tests.api.conftest import Call
from tests.conftest import import_posts
from tests.integration.test_owner_limits import limited, sized
from tests.results import store_table

NAME = "workers.count-posts.max_workers"


def one(call: Call, name: str) -> dict[str, Any]:
    """A setting as the list shows it."""
    return next(found for found in call("admin", "GET", "/api/settings").get_json() if found["name"] == name)


def test_every_setting_says_what_it_is(ctx: Context, call: Call) -> None:
    found = call("admin", "GET", "/api/settings").get_json()
    types = {entry["type"] for entry in found}
    assert types == {None, *ctx.registry.queues()}
    of_sources = sum(len(specs(source.Settings)) + len(SOURCE_RULES) for source in ctx.registry.datasources.values())
    rules = (LIMIT_RULES, RIGHT_RULES, ACCOUNT_RULES, CAPTURE_RULES, LOOK_RULES)
    rules = (*rules, TEXT_RULES, PAGE_TEXTS, ALERT_RULES)
    assert len(found) == sum(map(len, rules)) + of_sources + 3 * len(ctx.registry.queues())
    assert len({entry["name"] for entry in found}) == len(found)
    assert [entry["name"] for entry in found if not entry["help"].endswith(".") or not entry["origin"]] == []
    assert one(call, "limits.open_jobs") == {
        "name": "limits.open_jobs",
        "type": None,
        "source": None,
        "kind": "number",
        "value": 1000,
        "is_set": False,
        "default": 1000,
        "origin": "MAX_OPEN_JOBS",
        "least": 0,
        "most": 1_000_000,
        "unit": "jobs",
        "help": "The most jobs that one person may have waiting and running. With 0 there is no limit.",
        "ignored": None,
    }
    assert one(call, NAME)["origin"] == "declared by the type"
    assert one(call, "workers.count-posts.memory_mb")["origin"] == "JOB_MEMORY_MB"


def test_set_and_unset(ctx: Context, call: Call) -> None:
    default = one(call, NAME)["default"]
    answer = call("admin", "PUT", f"/api/settings/{NAME}", json={"value": 7})
    assert (answer.status_code, answer.get_json()["value"], answer.get_json()["is_set"]) == (200, 7, True)
    assert one(call, NAME)["value"] == 7
    assert call("admin", "DELETE", f"/api/settings/{NAME}").status_code == 204
    assert (one(call, NAME)["value"], one(call, NAME)["is_set"]) == (default, False)
    assert call("admin", "DELETE", f"/api/settings/{NAME}").status_code == 204


@pytest.mark.parametrize("value", ["many", -1, 1.5, True, [1], {}, "", 10_001, 10**30, "١"])
def test_a_wrong_value_is_named_and_changes_nothing(ctx: Context, call: Call, value: object) -> None:
    answer = call("admin", "PUT", f"/api/settings/{NAME}", json={"value": value})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][NAME][0].endswith("Write a whole number from 0 to 10,000.")
    assert setting.all_settings(ctx.database) == {}


@pytest.mark.parametrize("name", ["workers.nothing.max_workers", "limits.colours", "workers", "secret_key"])
def test_a_setting_that_is_not_there(call: Call, name: str) -> None:
    for method, body in (("PUT", {"json": {"value": 1}}), ("DELETE", {})):
        answer = call("admin", method, f"/api/settings/{name}", **body)
        assert (answer.status_code, name in answer.get_json()["message"]) == (404, True)


@pytest.mark.parametrize(
    ("name", "given", "counts"),
    [
        ("fourchan.boards", " pol, g:300 ", "pol, g:300"),
        ("fourchan.autoscrape", "yes", True),
        ("fourchan.autoscrape", False, False),
        ("fourchan.interval", "90", 90),
        ("fourchan.pace", 2.5, 2.5),
        ("fourchan.api_url", "http://localhost:8090", "http://localhost:8090"),
    ],
)
def test_settings_of_data_sources_are_set_as_what_they_are(
    call: Call, name: str, given: object, counts: object
) -> None:
    answer = call("admin", "PUT", f"/api/settings/{name}", json={"value": given})
    assert (answer.status_code, answer.get_json()["value"], answer.get_json()["is_set"]) == (200, counts, True)
    assert (one(call, name)["value"], one(call, name)["source"], one(call, name)["type"]) == (counts, "fourchan", None)
    assert call("admin", "DELETE", f"/api/settings/{name}").status_code == 204
    assert one(call, name)["value"] == one(call, name)["default"]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("fourchan.boards", "pol:soon"),
        ("fourchan.boards", "/pol/"),
        ("fourchan.boards", 7),
        ("fourchan.boards", True),
        ("fourchan.autoscrape", "perhaps"),
        ("fourchan.interval", 0),
        ("fourchan.interval", 1.5),
        ("fourchan.interval", True),
        ("fourchan.pace", 0),
        ("fourchan.pace", "NaN"),
        ("fourchan.api_url", "ftp://example.org"),
        ("fourchan.api_url", ""),
        ("fourchan.no_scrape", ["pol"]),
    ],
)
def test_a_wrong_setting_of_a_data_source_is_named_and_changes_nothing(
    ctx: Context, call: Call, name: str, given: object
) -> None:
    answer = call("admin", "PUT", f"/api/settings/{name}", json={"value": given})
    assert answer.status_code == 422
    assert "will not do. " in answer.get_json()["errors"][name][0]
    assert setting.all_settings(ctx.database) == {}


def test_a_body_without_a_value(call: Call) -> None:
    answer = call("admin", "PUT", f"/api/settings/{NAME}", json={})
    assert answer.get_json()["errors"] == {"value": ["This is required."]}


def test_a_wrong_value_in_the_table_is_shown_and_does_not_count(ctx: Context, call: Call) -> None:
    setting.put(ctx.database, NAME, "lots")
    found = one(call, NAME)
    assert (found["value"], found["is_set"], found["ignored"]) == (found["default"], False, "lots")
    assert ctx.queue.dispatch("count-posts") == 0


def test_more_may_run_from_the_moment_it_is_set(ctx: Context, admin: User, user: User) -> None:
    set_site_setting(ctx, admin, "workers.upload.max_workers", 0)
    for _ in range(3):
        import_posts(ctx, user)
    rung = "SELECT count(*) AS found FROM jobs WHERE state = 'rung'"
    assert ctx.database.one(rung)["found"] == 0
    set_site_setting(ctx, admin, "workers.upload.max_workers", "2")
    assert ctx.database.one(rung)["found"] == 2


def test_the_account_says_what_one_has(ctx: Context, user: User, call: Call) -> None:
    limited(ctx, jobs=3, megabytes=9)
    sized(ctx, user, 2)
    waiting = import_posts(ctx, user)
    found = call("owner", "GET", "/api/account").get_json()
    upload = uploads.find(ctx.database, waiting.work["upload"])
    assert upload is not None
    assert found == {
        "name": "ursula",
        "email": None,
        "tags": [],
        "is_admin": False,
        "rights": ["analyse", "browse", "capture", "export", "publish", "tokens"],
        "read_only": False,
        "theme": "auto",
        "time_zone": "",
        "language": "",
        "open_jobs": 1,
        "open_jobs_limit": 3,
        "stored_bytes": 2_000_000 + upload.file.size,
        "stored_bytes_limit": 9_000_000,
    }


def test_a_limit_on_jobs_is_refused_as_too_many_requests(ctx: Context, user: User, call: Call, tmp_path: Path) -> None:
    limited(ctx, jobs=1)
    posts = store_table(ctx, user, tmp_path)
    import_posts(ctx, user)
    answer = call("owner", "POST", f"/api/datasets/{posts.key}/processors/count-posts", json={})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert answer.get_json()["message"].startswith("You have 1 open job; one person may have 1 here. Wait")


def test_a_limit_on_storage_is_refused_as_insufficient_storage(
    ctx: Context, user: User, call: Call, tmp_path: Path
) -> None:
    limited(ctx, megabytes=1)
    posts = store_table(ctx, user, tmp_path)
    sized(ctx, user, 1)
    answer = call("owner", "POST", f"/api/datasets/{posts.key}/processors/count-posts", json={})
    assert answer.status_code == 507
    assert answer.get_json()["status"] == "Insufficient Storage"
    assert answer.get_json()["message"].endswith("Delete datasets that are no longer needed, for good.")
