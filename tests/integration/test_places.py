"""A job that runs has its place until its process has ended, whatever becomes of its dataset meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from app.domain.dataset import Dataset, StoredFile
from app.domain.job import Job, JobState
from app.domain.user import User
from app.runner.attempt import Task
from app.runner.conclude import conclude
from app.runner.recover import recover
from app.runner.report import End, Outcome
from app.runner.schedule import declare
from app.runner.watch import Stopped, Watched
from app.services.context import Context
from app.services.dataset_bin import delete_dataset, throw_away
from app.services.run import run_processor
from app.services.user_delete import delete_user, finish_deleting
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import setting
from tests.conftest import finished_posts
from tests.plugins.tick import Tick
from workers.delete_datasets import DeleteDatasets

TYPE = "misbehave"


@pytest.fixture
def running(ctx: Context, user: User) -> tuple[Dataset, Job]:
    """A dataset whose job has been claimed, and has the one place of its type."""
    setting.put(ctx.database, f"workers.{TYPE}.max_workers", 1)
    asked = ask(ctx, user, finished_posts(ctx, user), "first")
    rung = jobs.for_dataset(ctx.database, asked.key)
    assert rung is not None
    with ctx.database.transaction() as tx:
        job = ctx.queue.claim(tx, rung.id)
        datasets.start(tx, asked.key, {})
    assert job is not None
    return datasets.get(ctx.database, asked.key), job


def ask(ctx: Context, actor: User, top: Dataset, mark: str) -> Dataset:
    return run_processor(ctx, actor, top.key, TYPE, {"way": "work", "mark": mark})[0]


def state_of(ctx: Context, dataset: Dataset) -> JobState:
    job = jobs.for_dataset(ctx.database, dataset.key)
    assert job is not None
    return job.state


def by_its_owner(ctx: Context, admin: User, dataset: Dataset) -> None:
    delete_dataset(ctx, admin, dataset.key)


def with_what_it_is_made_from(ctx: Context, admin: User, dataset: Dataset) -> None:
    delete_dataset(ctx, admin, dataset.top)


def with_its_owner(ctx: Context, admin: User, dataset: Dataset) -> None:
    delete_user(ctx, admin, dataset.owner_id)
    finish_deleting(ctx, dataset.owner_id, print)


def when_its_time_is_up(ctx: Context, admin: User, dataset: Dataset) -> None:
    throw_away(ctx, admin, dataset.key)
    ctx.database.run("UPDATE datasets SET deleted = deleted - interval '1 year' WHERE deleted IS NOT NULL")
    task = type("Task", (), {"database": ctx.database, "settings": {}, "log": print})()
    DeleteDatasets().work(None, task)  # type: ignore[arg-type]


WAYS: tuple[Callable[[Context, User, Dataset], None], ...] = (
    by_its_owner,
    with_what_it_is_made_from,
    with_its_owner,
    when_its_time_is_up,
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("ended", ["by its watch", "as it was dead"])
def test_a_place_is_free_when_the_process_has_ended(
    ctx: Context,
    admin: User,
    running: tuple[Dataset, Job],
    tmp_path: Path,
    way: Callable[[Context, User, Dataset], None],
    ended: str,
) -> None:
    dataset, job = running
    waiting = ask(ctx, admin, finished_posts(ctx, admin), "second")
    assert state_of(ctx, waiting) is JobState.WAITING

    way(ctx, admin, dataset)
    ctx.queue.dispatch(TYPE)

    assert ctx.database.find("SELECT 1 FROM datasets WHERE key = %(key)s", key=dataset.key) is None
    assert state_of(ctx, waiting) is JobState.WAITING
    assert jobs.beat(ctx.database, job.id, job.token or 0) is True  # it is told to stop, and has not lost its claim

    if ended == "by its watch":
        conclude(ctx, Task(job, dataset, None, None, {}, tmp_path), Watched(stopped=Stopped.CANCELLED, status=9))
    else:
        assert recover(ctx, job, "It was dead.")

    assert jobs.find(ctx.database, job.id) is None
    assert state_of(ctx, waiting) is JobState.RUNG


def test_the_same_can_be_asked_for_again_before_it_has_ended(
    ctx: Context, user: User, running: tuple[Dataset, Job]
) -> None:
    dataset, job = running
    assert dataset.parent is not None
    delete_dataset(ctx, user, dataset.key)

    again = ask(ctx, user, datasets.get(ctx.database, dataset.parent), "first")

    assert again.key == dataset.key
    assert state_of(ctx, again) is JobState.WAITING
    assert jobs.find(ctx.database, job.id) is not None


def test_what_waits_starts_at_once_when_what_was_given_a_place_is_deleted(ctx: Context, user: User) -> None:
    setting.put(ctx.database, f"workers.{TYPE}.max_workers", 1)
    top = finished_posts(ctx, user)
    rung, waiting = (ask(ctx, user, top, mark) for mark in ("first", "second"))

    delete_dataset(ctx, user, rung.key)

    assert jobs.for_dataset(ctx.database, rung.key) is None
    assert state_of(ctx, waiting) is JobState.RUNG


def test_a_standing_task_that_is_withdrawn_while_it_runs_goes_when_it_has_ended(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tick = next(job_id for job_id, (type_, _) in declare(ctx).items() if type_ == "tick")
    with ctx.database.transaction() as tx:
        job = ctx.queue.claim(tx, tick)
    assert job is not None

    with monkeypatch.context() as without:
        without.delitem(ctx.registry.workers, "tick")
        declare(ctx)
    assert jobs.beat(ctx.database, tick, job.token or 0) is True
    assert tick not in declare(ctx)  # declared again, it is another job, which has to wait for its place
    again = jobs.find_open(ctx.database, "tick", Tick.standing({})[0].remote_id)
    assert again is not None
    with ctx.database.transaction() as tx:
        assert ctx.queue.claim(tx, again.id) is None

    conclude(ctx, Task(job, None, None, None, {}, tmp_path), Watched(stopped=Stopped.CANCELLED, status=9))
    assert jobs.find(ctx.database, tick) is None
    with ctx.database.transaction() as tx:
        assert ctx.queue.claim(tx, again.id) is not None


def test_storage_is_not_waited_for_while_the_dataset_is_locked(
    ctx: Context, running: tuple[Dataset, Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What tells of a family is fetched first: storage may be slow, and others wait for the locks."""
    dataset, job = running
    (tmp_path / "told").write_text("{}\n")
    told = ctx.files.put(tmp_path / "told", f"datasets/{dataset.key}/{job.token}/told.ndjson")
    fetched: list[bool] = []
    local = ctx.files.local

    def slow(file: StoredFile) -> Path:
        free = "SELECT 1 FROM datasets WHERE key = %(key)s FOR UPDATE SKIP LOCKED"
        fetched.append(ctx.database.find(free, key=dataset.key) is not None)
        return local(file)

    monkeypatch.setattr(ctx.files, "local", slow)
    monkeypatch.setattr("app.runner.conclude.settle_family", lambda *_: set())
    conclude(ctx, Task(job, dataset, None, None, {}, tmp_path), Watched(outcome=Outcome(End.DONE, told=asdict(told))))
    assert fetched[0] is True
    assert jobs.find(ctx.database, job.id) is None
