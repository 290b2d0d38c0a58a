"""Jobs, datasets of everybody, logs, plug-ins and the restart in the control panel."""

from __future__ import annotations

import csv
import re
import time
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.dataset import Status
from app.domain.setting import restart_asked
from app.domain.user import User
from app.installation import keep_installation
from app.queue.connection import Bell, connect_redis
from app.services import dataset_admin
from app.services.context import Context
from app.storage import dataset as datasets
from tests.conftest import finished_posts, import_posts


def test_jobs_are_listed_and_cancelled(ada: FlaskClient, ctx: Context, user: User) -> None:
    assert "No such jobs" in ada.get("/control/jobs").text
    dataset = import_posts(ctx, user)
    page = ada.get("/control/jobs?type=upload").text
    number = re.search(r"/control/jobs/(\d+)/cancel", page)
    assert number
    assert "posts.csv" in page
    assert f"dataset <code>{dataset.key[:8]}</code>" in page
    assert "No such jobs" in ada.get("/control/jobs?state=failed").text
    back = ada.change(f"/control/jobs/{number[1]}/cancel", next="/control/jobs?type=upload")
    assert back.location == "/control/jobs?type=upload"
    assert datasets.get(ctx.database, dataset.key).status is Status.CANCELLED
    assert ada.change(f"/control/jobs/{number[1]}/cancel").status_code == 404


def put_jobs(ctx: Context, number: int, **values: object) -> None:
    """Jobs in one state, straight into the table."""
    columns = {"type": "count-posts", "error": None, "failed": None, "interval": None, **values}
    ctx.database.run(
        f"INSERT INTO jobs (remote_id, {', '.join(columns)}) SELECT md5(random()::text),"
        f" {', '.join(f'%({name})s' for name in columns)} FROM generate_series(1, %(number)s)",
        number=number,
        **columns,
    )


def numbers_on(page: str) -> list[int]:
    return [int(number) for number in re.findall(r"· job (\d+)<", page)]


def test_what_needs_attention_is_first_and_standing_tasks_are_last(ada: FlaskClient, ctx: Context) -> None:
    put_jobs(ctx, 1, state="waiting", interval=60)
    put_jobs(ctx, 2, state="waiting")
    put_jobs(ctx, 1, state="failed", error="no", failed="now")
    put_jobs(ctx, 1, state="running", claimed="now", heartbeat="now")
    put_jobs(ctx, 1, state="waiting", interval=60, error="no", failed="now")
    put_jobs(ctx, 1, state="failed", error="no", failed="now")
    rows = ctx.database.many("SELECT id FROM jobs ORDER BY id")
    standing, older, newer, failed, running, faulty, last = (row["id"] for row in rows)
    page = ada.get("/control/jobs").text
    assert numbers_on(page) == [last, faulty, failed, running, newer, older, standing]
    headings = re.findall(r'<h2 id="need-\d">([^<]+)', page)
    assert headings == ["Needs attention", "Running", "Waiting", "Standing tasks"]


def test_ten_thousand_jobs_are_paged_each_seen_once_and_fast(ada: FlaskClient, ctx: Context) -> None:
    put_jobs(ctx, 150, state="failed", error="no", failed="now")
    put_jobs(ctx, 9_900, state="waiting")
    ctx.database.run("ANALYZE jobs")
    first = ada.get("/control/jobs").text
    following = re.search(r'href="(/control/jobs\?after=[^"]+)" rel="next"', first)
    assert following
    second = ada.get(following[1]).text
    seen = numbers_on(first) + numbers_on(second)
    assert len(seen) == len(set(seen)) == 200
    assert seen[:150] == sorted(seen[:150], reverse=True) and seen[150] > seen[0]
    assert ada.get("/control/jobs?after=nonsense").text.count("<li>") == first.count("<li>")
    assert "No more jobs" in ada.get("/control/jobs?after=3.1").text

    def seconds(path: str) -> float:
        started = time.monotonic()
        ada.get(path)
        return time.monotonic() - started

    for path in ("/control/jobs", following[1], "/control/jobs?state=waiting&type=count-posts"):
        assert min(seconds(path) for _ in range(8)) < 0.1, path


def test_a_page_shows_the_newest_datasets_and_the_table_has_all(
    ada: FlaskClient, ctx: Context, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_admin.find_datasets, "__defaults__", (1,))
    older, newer = finished_posts(ctx, admin), finished_posts(ctx, admin)
    page = ada.get("/control/datasets").text
    assert (newer.key in page, older.key in page) == (True, False)
    assert ", the newest 1 are shown" in page
    assert {newer.key, older.key} <= set(ada.get("/control/datasets?format=csv").text.replace(",", " ").split())


def test_the_table_of_datasets_runs_nothing_in_a_spreadsheet(ada: FlaskClient, ctx: Context, user: User) -> None:
    header = "key,label,datasource,status,rows,bytes,owner,is_private,created"
    assert ada.get("/control/datasets?format=csv").text.splitlines() == [header]
    import_posts(ctx, user, label="=HYPERLINK(1)")
    (row,) = csv.DictReader(ada.get("/control/datasets?format=csv").text.splitlines())
    assert (row["label"], row["owner"], row["status"]) == ("'=HYPERLINK(1)", "ursula", "waiting")


def test_datasets_of_everybody_are_found_and_changed_at_once(
    ada: FlaskClient, ctx: Context, user: User, admin: User
) -> None:
    mine, other = finished_posts(ctx, admin), finished_posts(ctx, user)
    found = ada.get("/control/datasets?owner=urs&words=POSTS&source=upload&after=2020-01-01").text
    assert (other.key in found, mine.key in found) == (True, False)
    assert "No datasets found" in ada.get("/control/datasets?before=2020-01-01").text
    assert ada.get("/control/datasets?format=csv").text.startswith("key,label,datasource")
    assert "Choose datasets first" in ada.change("/control/datasets", action="public").text
    refused = ada.change("/control/datasets", key=other.key, action="owner", heir="nobody").text
    assert "no user called nobody" in refused
    assert 'value="nobody"' in refused
    assert '<option value="owner" selected>' in refused
    ticked = [key for key in (mine.key, other.key) if f'value="{key}" checked' in refused]
    assert ticked == [other.key]
    done = ada.change("/control/datasets", key=other.key, action="owner", heir="ada").text
    assert ("Done for 1 of 1" in done, " checked" in done, 'value="ada"' in done) == (True, False, False)
    ada.change("/control/datasets", key=[mine.key, other.key], action="public")
    changed = [datasets.get(ctx.database, dataset.key) for dataset in (mine, other)]
    assert [(dataset.owner_id, dataset.is_private) for dataset in changed] == [(admin.id, False)] * 2
    for action, is_kept in (("keep", True), ("unkeep", False)):
        assert "Done for 2 of 2" in ada.change("/control/datasets", key=[mine.key, other.key], action=action).text
        assert [datasets.get(ctx.database, one.key).is_kept for one in (mine, other)] == [is_kept] * 2
    assert "Done for 2 of 2" in ada.change("/control/datasets", key=[mine.key, other.key], action="delete").text


def test_an_error_has_a_number_that_leads_to_its_traceback(
    ada: FlaskClient, app: Flask, ctx: Context, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TESTING", "PROPAGATE_EXCEPTIONS"):
        monkeypatch.setitem(app.config, name, False)
    monkeypatch.setitem(app.view_functions, "sources.overview", lambda **_: 1 / 0)
    page = ada.get("/datasources")
    assert page.status_code == 500
    number = re.search(r"number of this error: (\w+)\.", page.text)
    assert number
    found = ada.get(f"/control/logs?words={number[1]}").text
    assert "ZeroDivisionError: division by zero" in found
    assert "GET /datasources" in found
    assert "No error holds these words" in ada.get("/control/logs?words=zebra").text
    dataset = finished_posts(ctx, admin)
    with ctx.database.transaction() as tx:
        datasets.add_log(tx, dataset.key, [(dataset.created, "Read 60 rows.")])
    assert "Read 60 rows." in ada.get("/control/logs").text


def test_what_processes_say_is_shown(ada: FlaskClient, app: Flask, ctx: Context) -> None:
    assert "What goes wrong in a process" in ada.get("/control/logs").text
    fields = {"process": "worker", "place": "host-b 71", "level": "ERROR", "text": "it failed\nTraceback: <why>"}
    ctx.bell.client.xadd(f"{ctx.bell.prefix}:said:grave", {**fields})
    page = ada.get("/control/logs").text
    for text in ("it failed", "host-b 71", "Traceback: &lt;why&gt;"):
        assert text in page
    assert "Nothing that was said holds these words." in ada.get("/control/logs?words=zebra").text
    gone = replace(ctx, bell=Bell(connect_redis("redis://127.0.0.1:9"), "nowhere"))
    keep_installation(app, gone)
    try:
        assert "Redis, which has them, does not answer" in ada.get("/control/logs").text
    finally:
        keep_installation(app, ctx)


def test_plugins_are_listed_with_what_keeps_them_away(ada: FlaskClient) -> None:
    page = ada.get("/control/plugins").text
    assert "count-posts" in page
    assert "tests.plugins" in page


def test_the_workers_start_anew_when_asked(ada: FlaskClient, ctx: Context) -> None:
    assert restart_asked(ctx.site_settings()) == 0
    assert ada.change("/control/restart").location == "/control?restarting=1"
    assert restart_asked(ctx.site_settings()) > 1_700_000_000
    ctx.database.run("INSERT INTO measures VALUES (now(), '{\"stored_bytes\": 5}')")
    page = ada.get("/control?restarting=1").text
    assert "start anew" in page
    assert "The last 30 days" in page
