"""A process that stands still in the middle of a transaction holds up nobody for long, and loses what it had begun."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from app.domain.dataset import Dataset, Status
from app.domain.job import JobState
from app.domain.user import User
from app.runner import entry
from app.runner.conclude import conclude
from app.runner.reconcile import Reconciler
from app.runner.report import End, Outcome
from app.runner.watch import Watched
from app.services.context import Context
from app.services.dataset import cancel_dataset
from app.services.run import run_processor
from app.services.token import create_token
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import setting
from tests.conftest import finished_posts, wait_for
from tests.reliability.frozen import standing_still, thaw
from tests.web.conftest import SignIn, visit

__all__ = ["visit"]

PATIENCE = 0.5
BOUND = 20.0
"""Far more than a busy machine takes for what waits half a second, and less than what is frozen would be waited for."""
TYPE = "misbehave"


@pytest.fixture
def top(ctx: Context, admin: User, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A dataset, in an installation that waits half a second for what is locked."""
    monkeypatch.setattr("app.storage.database._LOCK_SECONDS", PATIENCE)
    ctx.database.close()
    return finished_posts(ctx, admin)


def ask(ctx: Context, admin: User, top: Dataset, mark: str) -> Dataset:
    return run_processor(ctx, admin, top.key, TYPE, {"way": "work", "mark": mark})[0]


def row_of(dataset: Dataset) -> str:
    return f"SELECT 1 FROM datasets WHERE key = '{dataset.key}' FOR UPDATE"


def job_row_of(dataset: Dataset) -> str:
    return f"SELECT 1 FROM jobs WHERE dataset = '{dataset.key}' FOR UPDATE"


def state_of(ctx: Context, dataset: Dataset) -> JobState:
    job = jobs.for_dataset(ctx.database, dataset.key)
    assert job is not None
    return job.state


def test_pages_and_requests_are_answered_and_say_what_to_do(
    ctx: Context, admin: User, top: Dataset, visit: SignIn, app: Flask
) -> None:
    asked = ask(ctx, admin, top, "first")
    browser = visit(admin)
    token = {"Authorization": f"Bearer {create_token(ctx, admin, 'all')[1]}"}
    began = time.monotonic()
    with standing_still(ctx.database.url, row_of(asked), job_row_of(asked)):
        assert browser.get(f"/datasets/{asked.key}").status_code == 200
        page = browser.change(f"/datasets/{asked.key}/cancel")  # type: ignore[attr-defined]
        piece = browser.change(f"/datasets/{asked.key}/cancel", htmx=True)  # type: ignore[attr-defined]
        answer = app.test_client().post(f"/api/datasets/{asked.key}/cancel", headers=token)
        gone = app.test_client().delete(f"/api/datasets/{asked.key}", headers=token)
        assert time.monotonic() - began < BOUND
    for shown in (page, piece):
        assert shown.status_code == 503
        assert "has not come to its end, so nothing was changed" in shown.text
    assert "Not possible right now" in page.text
    for told in (answer, gone):
        assert (told.status_code, told.headers["Retry-After"]) == (503, "5")
        assert "so nothing was changed. Try again soon." in told.json["message"]  # type: ignore[index]
    assert cancel_dataset(ctx, admin, asked.key).status is Status.CANCELLED


def test_the_reconciler_sees_to_the_rest_and_comes_again(ctx: Context, admin: User, top: Dataset) -> None:
    frozen, other = (ask(ctx, admin, top, mark) for mark in ("first", "second"))
    lost = "UPDATE jobs SET rung = now() - interval '1 minute', rings = rings"
    ctx.database.run(lost)
    ctx.bell.client.flushall()
    began = time.monotonic()
    with standing_still(ctx.database.url, row_of(frozen), job_row_of(frozen)):
        assert Reconciler(ctx).look() == 1
        assert rings(ctx) == {frozen.key: 1, other.key: 2}
        assert time.monotonic() - began < BOUND
    wait_for(lambda: Reconciler(ctx).look() == 1, "the reconciler to ring the one that was frozen", BOUND)
    assert rings(ctx) == {frozen.key: 2, other.key: 2}


def rings(ctx: Context) -> dict[str, int]:
    rows = ctx.database.many("SELECT dataset, rings FROM jobs WHERE type = %(type)s", type=TYPE)
    return {row["dataset"]: row["rings"] for row in rows}


def test_the_queue_passes_over_a_job_that_is_held(ctx: Context, admin: User, top: Dataset) -> None:
    setting.put(ctx.database, f"workers.{TYPE}.max_workers", 0)
    held, other = (ask(ctx, admin, top, mark) for mark in ("first", "second"))
    setting.put(ctx.database, f"workers.{TYPE}.max_workers", 1)
    with standing_still(ctx.database.url, job_row_of(held)):
        assert ctx.queue.dispatch(TYPE) == 1
        assert [state_of(ctx, dataset) for dataset in (held, other)] == [JobState.WAITING, JobState.RUNG]


def test_who_asks_for_work_is_not_held_up_by_who_hands_it_out(ctx: Context, admin: User, top: Dataset) -> None:
    began = time.monotonic()
    lock = f"SELECT pg_advisory_xact_lock(hashtext('4cat dispatch'), hashtext('{TYPE}'))"
    with standing_still(ctx.database.url, lock):
        asked = ask(ctx, admin, top, "first")
        assert state_of(ctx, asked) is JobState.WAITING
        assert time.monotonic() - began < BOUND
    wait_for(lambda: Reconciler(ctx).look() == 1, "the reconciler to hand it out", BOUND)
    assert state_of(ctx, asked) is JobState.RUNG


def test_what_stood_still_for_too_long_has_changed_nothing_and_hears_of_it(
    ctx: Context, admin: User, top: Dataset
) -> None:
    asked = ask(ctx, admin, top, "first")
    change = f"UPDATE datasets SET label = 'by the frozen one' WHERE key = '{asked.key}'"
    shorter = "SET LOCAL idle_in_transaction_session_timeout TO 200"  # a minute, where this is not said
    with standing_still(ctx.database.url, change, shorter) as process:
        wait_for(lambda: not locked(ctx, asked), "the database to take back what it had locked", BOUND)
        assert thaw(process) == "Unavailable"
    assert datasets.get(ctx.database, asked.key).label == asked.label


def locked(ctx: Context, dataset: Dataset) -> bool:
    found = "SELECT 1 FROM datasets WHERE key = %(key)s FOR UPDATE SKIP LOCKED"
    return ctx.database.find(found, key=dataset.key) is None


def test_an_attempt_that_waits_for_its_end_is_not_taken_for_dead(ctx: Context, admin: User, top: Dataset) -> None:
    asked = ask(ctx, admin, top, "first")
    rung = jobs.for_dataset(ctx.database, asked.key)
    assert rung is not None
    task = entry._claim(ctx, rung.id)
    assert task is not None
    with ThreadPoolExecutor(1) as pool, standing_still(ctx.database.url, row_of(asked)) as process:
        ended = pool.submit(conclude, ctx, task, Watched(outcome=Outcome(End.REFUSED, "It does not fit.")))
        ctx.database.run("UPDATE jobs SET heartbeat = now() - interval '1 hour'")
        alive = "SELECT 1 FROM jobs WHERE heartbeat > now() - interval '1 minute'"
        wait_for(lambda: ctx.database.find(alive), "a sign of life", BOUND)
        process.kill()
        ended.result(BOUND)
    assert datasets.get(ctx.database, asked.key).message == "It does not fit."
