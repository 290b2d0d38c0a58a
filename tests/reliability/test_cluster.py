"""Several managers on one queue: limits and turns hold for all of them together, and any of them may go."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.domain.dataset import Dataset, Status
from app.domain.user import User
from app.runner import entry
from app.runner.conclude import conclude
from app.runner.report import End, Outcome
from app.runner.watch import Watched
from app.services.context import Context
from app.services.dataset import cancel_dataset, log_text
from app.services.dataset_bin import delete_dataset
from app.services.run import run_processor
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import setting
from tests.conftest import Process, Starter, finished_posts, wait_for, wait_for_end, wait_for_manager
from tests.reliability.asking import most_at_once, spans


@pytest.fixture
def top(ctx: Context, admin: User) -> Dataset:
    return finished_posts(ctx, admin)


@pytest.fixture
def managers(ctx: Context, start: Starter) -> list[Process]:
    """Two managers and a scheduler."""
    started = [start("-m", "app.runner") for _ in range(2)]
    start("scheduler.py")
    for manager in started:
        wait_for_manager(ctx, manager)
    return started


def ask(ctx: Context, actor: User, top: Dataset, way: str, number: int = 0, **options: Any) -> Dataset:
    return run_processor(ctx, actor, top.key, "misbehave", {"way": way, "mark": str(number), **options})[0]


def ask_many(ctx: Context, actor: User, top: Dataset, count: int, seconds: float, trace: Path) -> list[Dataset]:
    return [ask(ctx, actor, top, "span", n, seconds=seconds, trace=str(trace)) for n in range(count)]


def limit(ctx: Context, most: int) -> None:
    setting.put(ctx.database, "workers.misbehave.max_workers", most)


def at_work(ctx: Context) -> int:
    """How many jobs have been rung or run."""
    row = ctx.database.one(
        "SELECT count(*) AS found FROM jobs WHERE type = 'misbehave' AND state IN ('rung', 'running')"
    )
    return int(row["found"])


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def working(trace: Path, attempts: int = 1) -> psutil.Process:
    """The process of the latest attempt, once there have been so many."""
    wait_for(lambda: trace.exists() and len(trace.read_text().split()) >= attempts, "the trace")
    return psutil.Process(int(trace.read_text().split()[-1]))


@pytest.mark.usefixtures("managers")
class TestLimits:
    """How many run at once, and who is next."""

    def test_managers_share_the_limit_and_obey_its_change(
        self, ctx: Context, admin: User, top: Dataset, tmp_path: Path
    ) -> None:
        trace = tmp_path / "trace"
        limit(ctx, 1)
        for dataset in ask_many(ctx, admin, top, 5, 0.2, trace):
            wait_for_end(ctx, dataset.key)
        assert most_at_once(spans(trace)) == 1

        limit(ctx, 5)
        more = tmp_path / "more"
        asked = ask_many(ctx, admin, top, 60, 1.5, more)
        wait_for(lambda: most_at_once(spans(more)) >= 5, "five at once")

        limit(ctx, 1)
        wait_for(lambda: at_work(ctx) <= 1, "those that had been rung before")
        lowered = time.time()
        wait_for(lambda: sum(began > lowered for began, _ in spans(more)) >= 3, "three more")
        assert most_at_once([span for span in spans(more) if span[0] > lowered]) == 1
        assert most_at_once(spans(more)) == 5
        for dataset in asked:
            delete_dataset(ctx, admin, dataset.key)

    def test_the_single_job_of_another_starts_next(
        self, ctx: Context, admin: User, user: User, top: Dataset, tmp_path: Path
    ) -> None:
        theirs = finished_posts(ctx, user)
        ask_many(ctx, admin, top, 30, 0.4, tmp_path / "many")
        wait_for(lambda: len(spans(tmp_path / "many")) >= 2, "the first to end")
        single = ask(ctx, user, theirs, "span", seconds=0.1, trace=str(tmp_path / "single"))
        asked_at = time.time()
        job = jobs.find_open(ctx.database, "misbehave", single.key)
        assert ctx.queue.position(job) in (1, None)
        assert wait_for_end(ctx, single.key).status is Status.FINISHED
        wait_for(lambda: len(spans(tmp_path / "many")) >= 8, "some more")
        began = spans(tmp_path / "single")[0][0]
        before = [span for span in spans(tmp_path / "many") if asked_at < span[0] < began]
        assert len(before) <= 2, "only those whose doorbell had been rung already"


@pytest.mark.usefixtures("managers")
class TestCrashes:
    """What a crash leaves."""

    def test_a_program_ends_with_the_plug_in_that_started_it(
        self, ctx: Context, admin: User, top: Dataset, tmp_path: Path
    ) -> None:
        trace = tmp_path / "trace"
        asked = ask(ctx, admin, top, "program", seconds=60, trace=str(trace))
        plugin = working(trace)
        program = wait_for(plugin.children, "the program")[0]  # type: ignore[index]
        plugin.kill()
        wait_for(lambda: not alive(program), "the program to end")
        working(trace, attempts=2)
        delete_dataset(ctx, admin, asked.key)

    def test_a_death_is_seen_though_a_fork_of_the_process_lives_on(
        self, ctx: Context, admin: User, top: Dataset, tmp_path: Path
    ) -> None:
        trace = tmp_path / "trace"
        ended = wait_for_end(ctx, ask(ctx, admin, top, "die-forked", seconds=600, trace=str(trace)).key)
        assert (ended.status, "signal 9" in ended.message) == (Status.FAILED, True), ended.message

    def test_a_message_with_anything_in_it_is_stored(self, ctx: Context, admin: User, top: Dataset) -> None:
        ended = wait_for_end(ctx, ask(ctx, admin, top, "raise-binary").key)
        assert (ended.status, "ValueError: bytes: " in ended.message) == (Status.FAILED, True), ended.message
        assert "raise ValueError" in log_text(ctx, admin, ended.key)


def test_what_is_cancelled_as_it_fails_is_not_tried_again(ctx: Context, admin: User, top: Dataset) -> None:
    asked = ask(ctx, admin, top, "work")
    job = jobs.for_dataset(ctx.database, asked.key)
    assert job is not None
    task = entry._claim(ctx, job.id)
    assert task is not None
    cancel_dataset(ctx, admin, asked.key)
    conclude(ctx, task, Watched(outcome=Outcome(End.BROKEN, "It crashed.", permanent=False)))
    assert datasets.get(ctx.database, asked.key).status is Status.CANCELLED
    assert jobs.for_dataset(ctx.database, asked.key) is None


def test_no_token_is_given_twice_even_if_the_database_forgets_the_last_ones(
    ctx: Context, admin: User, top: Dataset
) -> None:
    asked = ask(ctx, admin, top, "work")
    job = jobs.for_dataset(ctx.database, asked.key)
    assert job is not None
    tokens = set()
    for _ in range(3):
        ctx.database.run("SELECT setval('job_tokens', 1)")
        with ctx.database.transaction() as tx:
            claimed = ctx.queue.claim(tx, job.id)
            assert claimed is not None
            tokens.add(claimed.token)
        ctx.database.run("UPDATE jobs SET state = 'rung' WHERE id = %(id)s", id=job.id)
    assert len(tokens) == 3
    assert datasets.get(ctx.database, asked.key).status is Status.WAITING
