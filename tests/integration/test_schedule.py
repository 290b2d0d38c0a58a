"""Interval jobs: declared, kept equal in rq-scheduler, and run by workers on time."""

from __future__ import annotations

import time

import pytest

from app.runner.schedule import declare, enqueue_due, open_scheduler, synchronise
from app.runner.tidy import tidy
from app.services.context import Context
from app.storage import job as jobs
from app.storage import setting
from tests.conftest import Process, wait_for
from tests.plugins.tick import Tick
from tests.ticking import assert_on_grid, entries, runs, tick_entries


def test_new_unchanged_changed_and_removed(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = open_scheduler(ctx.bell)
    added, removed = synchronise(scheduler, ctx.bell, declare(ctx))
    assert len(added) == sum(len(worker.standing({})) for worker in ctx.registry.workers.values())
    assert removed == []

    assert synchronise(scheduler, ctx.bell, declare(ctx)) == ([], [])

    monkeypatch.setattr(Tick, "interval", 5)
    added, removed = synchronise(scheduler, ctx.bell, declare(ctx))
    assert [name.rsplit("-", 1)[1] for name in added] == ["5"]
    assert [name.rsplit("-", 1)[1] for name in removed] == ["2"]

    monkeypatch.delitem(ctx.registry.workers, "tick")
    added, removed = synchronise(scheduler, ctx.bell, declare(ctx))
    assert (added, len(removed)) == ([], 1)
    assert "tick" not in {job.type for job in jobs.interval_jobs(ctx.database)}


def test_entries_come_back_after_redis_was_emptied(ctx: Context) -> None:
    scheduler = open_scheduler(ctx.bell)
    synchronise(scheduler, ctx.bell, declare(ctx))
    before = entries(ctx)
    ctx.bell.client.flushall()
    synchronise(scheduler, ctx.bell, declare(ctx))
    assert entries(ctx).keys() == before.keys() != set()


def test_due_entries_are_enqueued_with_the_id_as_json(ctx: Context) -> None:
    scheduler = open_scheduler(ctx.bell)
    declared = declare(ctx)
    synchronise(scheduler, ctx.bell, declared)
    assert enqueue_due(scheduler, ctx.bell) == len(declared)
    assert ctx.bell.queue("tick").get_jobs()[0].args == [
        next(job_id for job_id, (type_, _) in declared.items() if type_ == "tick")
    ]


def test_two_schedulers_do_not_both_enqueue(ctx: Context) -> None:
    first, second = open_scheduler(ctx.bell), open_scheduler(ctx.bell)
    synchronise(first, ctx.bell, declare(ctx))
    assert first.acquire_lock()
    assert enqueue_due(second, ctx.bell) == 0


def test_one_that_still_hangs_is_not_rung_again(ctx: Context) -> None:
    scheduler = open_scheduler(ctx.bell)
    synchronise(scheduler, ctx.bell, declare(ctx))
    for _ in range(3):
        for name in entries(ctx):
            ctx.bell.client.zadd(scheduler.scheduled_jobs_key, {name: time.time() - 3600})
        enqueue_due(scheduler, ctx.bell)
    assert ctx.bell.queue("tick").count == 1


def test_the_next_time_is_on_the_grid(ctx: Context) -> None:
    scheduler = open_scheduler(ctx.bell)
    declared = declare(ctx)
    synchronise(scheduler, ctx.bell, declared)
    before = time.time()
    enqueue_due(scheduler, ctx.bell)
    after = time.time()
    for name, due in entries(ctx).items():
        interval = int(name.rsplit("-", 1)[1])
        assert due % interval == 0
        assert before < due <= after + interval


def test_an_entry_of_which_only_a_part_is_left_is_made_anew(ctx: Context) -> None:
    scheduler = open_scheduler(ctx.bell)
    declared = declare(ctx)
    synchronise(scheduler, ctx.bell, declared)
    name = next(iter(tick_entries(ctx)))
    ctx.bell.client.hdel(f"rq:job:{name}", "data")
    added, removed = synchronise(scheduler, ctx.bell, declared)
    assert (added, removed) == ([name], [])
    assert enqueue_due(scheduler, ctx.bell) == len(declared)


def test_nothing_of_a_removed_one_stays_in_redis(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = open_scheduler(ctx.bell)
    synchronise(scheduler, ctx.bell, declare(ctx))
    enqueue_due(scheduler, ctx.bell)
    ctx.queue.dispatch("tick")
    assert ctx.bell.queue("tick").count == 2
    monkeypatch.delitem(ctx.registry.workers, "tick")
    synchronise(scheduler, ctx.bell, declare(ctx))
    assert ctx.bell.queue("tick").count == 1
    tidy(ctx.bell, ctx.registry.queues())
    assert [name for name in ctx.bell.client.scan_iter() if b"tick" in name] == []
    assert b"rq:queue:4cat:tick" not in ctx.bell.client.smembers("rq:queues")


def test_a_standing_task_runs_at_its_interval(ctx: Context, workers: Process) -> None:
    wait_for(lambda: len(runs(ctx)) >= 3, "three runs", 60)
    assert_on_grid(runs(ctx))


def test_a_slow_one_never_overlaps_itself(ctx: Context, workers: Process) -> None:
    setting.put(ctx.database, "tick.seconds", 3)
    wait_for(lambda: len(runs(ctx)) >= 3, "three runs", 60)
    assert_on_grid(runs(ctx))
