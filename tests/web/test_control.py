"""The control panel: what it shows of the machinery, and what can be done about failures."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.dataset import Dataset, Status
from app.domain.right import CONTROL, Right
from app.domain.user import User
from app.services.context import Context
from app.services.user_tag import assign_tag
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import repair
from app.storage.dataset import Ending
from tests.conftest import import_posts
from tests.safety.roles import holder

TRACEBACK = 'Traceback (most recent call last):\n  File "<count>.py", line 7\nZeroDivisionError: division by zero'


def failed(ctx: Context, owner: User) -> tuple[Dataset, int]:
    """A dataset that failed with a traceback, and its job's number."""
    dataset = import_posts(ctx, owner, label="Tea & coffee")
    job = jobs.for_dataset(ctx.database, dataset.key)
    assert job is not None
    with ctx.database.transaction() as tx:
        jobs.fail(tx, job.id, TRACEBACK)
        datasets.end(tx, dataset.key, Ending(Status.FAILED, "It broke."))
    return dataset, job.id


def test_everything_at_work_is_shown(ada: FlaskClient, ctx: Context, user: User) -> None:
    running = import_posts(ctx, user, label="Tea & coffee")
    job = jobs.for_dataset(ctx.database, running.key)
    assert job is not None
    with ctx.database.transaction() as tx:
        assert ctx.queue.claim(tx, job.id) is not None
        ctx.queue.cancel(tx, job)
        tx.run("UPDATE jobs SET heartbeat = now() - interval '42 seconds', host = 'machine-7', pid = 4711")
        repair.add(tx, "dead attempt", "It had not been heard of.", type_="upload", dataset=running.key, host="m-8")
        repair.add(tx, "lost doorbell", "Rang it again.", dataset="deleted since")
    facts = {"host": "m-9", "pid": 12, "started": datetime.now(UTC).timestamp(), "version": "0.0", "queues": ["upload"]}
    ctx.bell.sign("m-9-12", {**facts, "workers": {"upload": 2}, "signed": datetime.now(UTC).timestamp()}, 30)
    page = ada.get("/control").text
    for text in (
        "Tea &amp; coffee",
        "machine-7",
        "4711",
        "ursula",
        "being stopped",
        "1 of 3",
        "m-9",
        "× 2",
        "2 processes ready",
    ):
        assert text in page, text
    assert re.search(r'<td class="n">4\d s ago</td>', page)
    for text in ("It had not been heard of.", "m-8", "Rang it again.", "deleted", "dead attempt 1, lost doorbell 1"):
        assert text in page, text


def test_work_that_nobody_takes_is_said_first(ada: FlaskClient, ctx: Context, user: User) -> None:
    import_posts(ctx, user)
    ctx.database.run("UPDATE jobs SET claim_after = now() - interval '2 min', rung = now() - interval '2 min'")
    page = ada.get("/control").text
    assert "Work waits and nobody takes it." in page
    assert page.index("no machine takes any work") < page.index('id="queues"')


def test_a_failure_shows_its_traceback_and_is_run_again(ada: FlaskClient, ctx: Context, user: User) -> None:
    dataset, job_id = failed(ctx, user)
    page = ada.piece("/control").text
    assert "<html" not in page
    assert '<p class="what">ZeroDivisionError: division by zero</p>' in page
    assert "File &#34;&lt;count&gt;.py&#34;, line 7" in page
    again = ada.change(f"/control/jobs/{job_id}/retry", htmx=True)
    assert "ZeroDivisionError" not in again.text
    assert datasets.get(ctx.database, dataset.key).status is Status.WAITING
    gone = ada.change(f"/control/jobs/{job_id}/retry", htmx=True)
    assert (gone.status_code, "may have been run again" in gone.text) == (404, True)


def test_a_failure_is_dismissed(ada: FlaskClient, ctx: Context, user: User) -> None:
    dataset, job_id = failed(ctx, user)
    assert ada.change(f"/control/jobs/{job_id}/dismiss").location == "/control"
    assert "ZeroDivisionError" not in ada.get("/control").text
    assert datasets.get(ctx.database, dataset.key).status is Status.FAILED


def test_others_can_do_nothing_about_failures(ursula: FlaskClient, ctx: Context, user: User) -> None:
    _, job_id = failed(ctx, user)
    for do in ("retry", "dismiss"):
        assert ursula.change(f"/control/jobs/{job_id}/{do}").status_code == 403
    assert jobs.find(ctx.database, job_id) is not None


@pytest.mark.parametrize("right", sorted(CONTROL))
def test_who_has_one_right_finds_the_pages_that_it_opens_and_nothing_else(
    ctx: Context, app: Flask, user: User, admin: User, right: Right
) -> None:
    failed(ctx, user)
    assign_tag(ctx, admin, user.name, "course")
    call = holder(ctx, app, right)
    assert 'href="/control"' in call("GET", "/datasets").text
    first = call("GET", "/control", follow_redirects=True)
    assert first.status_code == 200
    tabs = re.findall(r'<a href="(/control[^"]*)"', first.text.split("control-tabs")[1].split("</nav>")[0])
    assert tabs
    for tab in tabs:
        page = call("GET", tab)
        assert page.status_code == 200, tab
        for link in set(re.findall(r'href="(/control[^"#]*)', page.text.replace("&amp;", "&"))):
            assert call("GET", link, follow_redirects=True).status_code == 200, (tab, link)


def test_who_has_no_right_finds_no_control_panel(ursula: FlaskClient) -> None:
    assert 'href="/control"' not in ursula.get("/datasets").text
