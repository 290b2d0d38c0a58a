"""Interval jobs: declared, kept equal in rq-scheduler, and run by workers on time."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from app.runner.schedule import declare, enqueue_due, open_scheduler, synchronise
from app.services.context import Context
from app.storage import job as jobs
from app.storage import setting
from tests.conftest import Process, wait_for
from tests.plugins.tick import Tick


def entries(ctx: Context) -> set[str]:
    scheduler = open_scheduler(ctx.bell)
    return {name.decode() for name in ctx.bell.client.zrange(scheduler.scheduled_jobs_key, 0, -1)}


def test_new_unchanged_changed_and_removed(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = open_scheduler(ctx.bell)
    added, removed = synchronise(scheduler, ctx.bell, declare(ctx))
    assert len(added) == sum(1 for worker in ctx.registry.workers.values() if worker.interval)
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
    assert entries(ctx) == before != set()


def test_due_entries_are_enqueued_with_the_id_as_json(ctx: Context) -> None:
    scheduler = open_scheduler(ctx.bell)
    declared = declare(ctx)
    synchronise(scheduler, ctx.bell, declared)
    assert enqueue_due(scheduler) == len(declared)
    assert ctx.bell.queue("tick").get_jobs()[0].args == [declared["tick"][0]]


def test_two_schedulers_do_not_both_enqueue(ctx: Context) -> None:
    first, second = open_scheduler(ctx.bell), open_scheduler(ctx.bell)
    synchronise(first, ctx.bell, declare(ctx))
    assert first.acquire_lock()
    assert enqueue_due(second) == 0


def runs(ctx: Context) -> list[tuple[float, float]]:
    found = setting.all_settings(ctx.database)
    return sorted((value[0], value[1]) for name, value in found.items() if name.startswith("tick.ran."))


def test_a_standing_task_runs_at_its_interval(ctx: Context, workers: Process) -> None:
    began = time.time()
    wait_for(lambda: len(runs(ctx)) >= 3, "three runs")
    starts = [start for start, _ in runs(ctx)]
    turns = [int(start // 2) for start in starts]
    assert len(set(turns)) == len(turns), starts
    assert starts[2] - began < 20


def test_a_slow_one_never_overlaps_itself(ctx: Context, workers: Process) -> None:
    setting.put(ctx.database, "tick.seconds", 3)
    wait_for(lambda: len(runs(ctx)) >= 3, "three runs")
    times = runs(ctx)
    assert all(later[0] >= earlier[1] for earlier, later in pairwise(times)), times
