"""What the reconciler mends, without workers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.domain.dataset import Dataset, Status
from app.domain.user import User
from app.runner.reconcile import Reconciler
from app.runner.recover import recover
from app.services.context import Context
from app.services.dataset import cancel_dataset, retry_dataset
from app.services.ending import end_dataset
from app.services.run import run_processor
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import repair
from app.storage.database import Transaction
from app.storage.dataset import Ending
from tests.conftest import finished_posts


def test_work_of_a_type_that_is_gone_fails_with_the_reason(ctx: Context, admin: User) -> None:
    asked = run_processor(ctx, admin, finished_posts(ctx, admin).key, "misbehave", {"way": "work"})[0]
    ctx.database.run("UPDATE jobs SET type = 'removed-long-ago', claim_after = now() - interval '1 second'")
    assert Reconciler(ctx).look() == 0
    assert datasets.get(ctx.database, asked.key).status is Status.WAITING

    ctx.database.run("UPDATE jobs SET queued = now() - interval '11 minutes'")
    assert Reconciler(ctx).look() == 1

    ended = datasets.get(ctx.database, asked.key)
    reason = "Nothing here does work of the type removed-long-ago any more."
    assert (ended.status, ended.message) == (Status.FAILED, reason)
    job = jobs.for_dataset(ctx.database, asked.key)
    assert job is not None
    assert (job.state, job.error) == ("failed", reason)
    assert [row["text"] for row in repair.latest(ctx.database, 5)] == [reason]


@pytest.mark.parametrize("status", [Status.FINISHED, Status.FAILED, None])
def test_what_waits_for_something_that_has_ended_goes_on_or_ends(
    ctx: Context, admin: User, status: Status | None
) -> None:
    top = finished_posts(ctx, admin)
    first = run_processor(ctx, admin, top.key, "misbehave", {"way": "work"})[0]
    second = run_processor(ctx, admin, first.key, "misbehave", {"way": "work"})[0]
    ctx.database.run("DELETE FROM jobs WHERE dataset = %(key)s", key=first.key)
    if status is None:
        ctx.database.run("UPDATE jobs SET blocked_by = 'gone'")
    else:
        sql = "UPDATE datasets SET status = %(status)s WHERE key = %(key)s"
        ctx.database.run(sql, status=str(status), key=first.key)
    assert Reconciler(ctx).look() == 1
    child, job = datasets.get(ctx.database, second.key), jobs.for_dataset(ctx.database, second.key)
    if status is Status.FAILED:
        assert (child.status, job) == (Status.FAILED, None)
    else:
        assert job is not None
        assert (child.status, job.blocked_by, job.state) == (Status.WAITING, None, "rung")


def test_an_attempt_that_has_shown_life_meanwhile_is_left_alone(ctx: Context, admin: User) -> None:
    asked = run_processor(ctx, admin, finished_posts(ctx, admin).key, "misbehave", {"way": "work"})[0]
    waiting = jobs.for_dataset(ctx.database, asked.key)
    assert waiting is not None
    with ctx.database.transaction() as tx:
        job = ctx.queue.claim(tx, waiting.id)
    assert job is not None
    assert not recover(ctx, job, "It was thought dead.", silent_for=30)
    ctx.database.run("UPDATE jobs SET heartbeat = now() - interval '31 seconds'")
    assert recover(ctx, job, "It was dead.", silent_for=30)


def test_who_retries_waits_for_the_end_of_what_is_read(ctx: Context, admin: User) -> None:
    top = finished_posts(ctx, admin)
    source = run_processor(ctx, admin, top.key, "misbehave", {"way": "work"})[0]
    child = run_processor(ctx, admin, source.key, "misbehave", {"way": "work"})[0]
    cancel_dataset(ctx, admin, child.key)
    with ThreadPoolExecutor(1) as pool:
        with ctx.database.transaction() as tx:
            locked = datasets.lock(tx, source.key)
            retried = pool.submit(retry_dataset, ctx, admin, child.key)
            with pytest.raises(TimeoutError):
                retried.result(0.5)
            end_dataset(ctx, tx, locked, Ending(Status.FINISHED, "Done.", result=top.result, columns=("id",)))
        assert retried.result(20).status is Status.WAITING
    job = jobs.for_dataset(ctx.database, child.key)
    assert job is not None
    assert (job.blocked_by, job.state) == (None, "rung")


def test_what_cannot_be_mended_holds_up_nothing_else(
    ctx: Context, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.runner.reconcile._SECOND_LOOK", 0)
    top = finished_posts(ctx, admin)
    broken, lost = (run_processor(ctx, admin, top.key, "misbehave", {"mark": mark})[0] for mark in "ab")
    ctx.database.run("DELETE FROM jobs WHERE dataset IS NOT NULL")

    def end(ctx: Context, tx: Transaction, dataset: Dataset, ending: Ending) -> None:
        if dataset.key == broken.key:
            raise ZeroDivisionError
        end_dataset(ctx, tx, dataset, ending)

    monkeypatch.setattr("app.runner.reconcile.end_dataset", end)
    assert Reconciler(ctx).look() == 1
    assert datasets.get(ctx.database, lost.key).status is Status.FAILED
    assert datasets.get(ctx.database, broken.key).status is Status.WAITING


def test_what_was_deleted_while_it_was_asked_for_anew_ends_too(
    ctx: Context, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.runner.reconcile._SECOND_LOOK", 0)
    asked = run_processor(ctx, admin, finished_posts(ctx, admin).key, "misbehave", {})[0]
    ctx.database.run("DELETE FROM jobs WHERE dataset IS NOT NULL")
    ctx.database.run("UPDATE datasets SET deleted = now() WHERE key = %(key)s", key=asked.key)
    assert Reconciler(ctx).look() == 1
    assert Reconciler(ctx).look() == 0


@pytest.mark.parametrize("state", ["waiting", "rung", "running"])
def test_a_clock_that_is_set_back_holds_up_no_job(ctx: Context, admin: User, state: str) -> None:
    """What an hour does that the database lives through twice: all that is noted down lies an hour ahead."""
    run_processor(ctx, admin, finished_posts(ctx, admin).key, "misbehave", {})
    if state == "running":
        with ctx.database.transaction() as tx:
            tx.run("UPDATE jobs SET state = 'running', claimed = now(), heartbeat = now(), token = 7")
    else:
        ctx.database.run("UPDATE jobs SET state = %(state)s", state=state)
    ctx.database.run(
        "UPDATE jobs SET queued = queued + interval '1 hour', claim_after = claim_after + interval '1 hour',"
        " rung = rung + interval '1 hour', claimed = claimed + interval '1 hour',"
        " heartbeat = heartbeat + interval '1 hour'"
    )
    Reconciler(ctx).look()
    latest = "SELECT greatest(queued, claim_after, rung, claimed, heartbeat) <= now() AS is_past, state FROM jobs"
    (row,) = ctx.database.many(latest)
    assert row == {"is_past": True, "state": "rung" if state == "waiting" else state}


def test_what_is_to_wait_waits_as_long_as_before_when_the_clock_is_set_back(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        ctx.queue.enqueue(tx, "misbehave", "a", delay=1000)
        ctx.queue.enqueue(tx, "tick", "b", interval=600)
        tx.run("UPDATE jobs SET claim_after = now() + interval '1000 s', queued = now() - interval '1 day'")
    assert Reconciler(ctx).look() == 0  # what lies ahead for a reason of its own is left alone
    ctx.database.run(
        "UPDATE jobs SET queued = now() + interval '2 hours', claim_after = now() + interval '2 hours 1000 s'"
    )
    Reconciler(ctx).look()
    wait = "SELECT remote_id, extract(epoch FROM claim_after - now())::int AS seconds FROM jobs ORDER BY remote_id"
    found = {row["remote_id"]: row["seconds"] for row in ctx.database.many(wait)}
    assert 900 <= found["a"] <= 1000
    assert 0 <= found["b"] <= 600  # at the next point of its grid
