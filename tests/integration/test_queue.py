"""The queue's rules, on a real PostgreSQL and Redis, without workers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.domain.job import Job, JobState
from app.queue.jobs import ClaimLost
from app.services.context import Context
from app.storage import job as jobs
from app.storage import job_turn, setting
from app.storage.database import Session
from tests.conftest import wait_for

TYPE = "misbehave"


def add(ctx: Context, remote_id: str, owner: str = "1", **more: object) -> Job:
    with ctx.database.transaction() as tx:
        return ctx.queue.enqueue(tx, TYPE, remote_id, owner=owner, **more)  # type: ignore[arg-type]


def claim(ctx: Context, job_id: int) -> Job | None:
    with ctx.database.transaction() as tx:
        return ctx.queue.claim(tx, job_id)


def taken(ctx: Context, job_id: int) -> Job:
    job = claim(ctx, job_id)
    assert job is not None
    return job


def finish(ctx: Context, job: Job) -> None:
    with ctx.database.transaction() as tx:
        ctx.queue.hold(tx, job)
        ctx.queue.finish(tx, job)


def states(ctx: Context) -> dict[str, str]:
    return {job.remote_id: str(job.state) for job in jobs.list_jobs(ctx.database)}


def test_enqueue_rings_a_doorbell_with_the_id_alone(ctx: Context) -> None:
    job = add(ctx, "a")
    bells = ctx.bell.queue(TYPE).get_jobs()
    assert [bell.args for bell in bells] == [[job.id]]
    assert bells[0].func_name == "app.runner.entry.run_job"


def test_a_rolled_back_request_rings_nothing(ctx: Context) -> None:
    with pytest.raises(ZeroDivisionError), ctx.database.transaction() as tx:
        ctx.queue.enqueue(tx, TYPE, "a")
        raise ZeroDivisionError
    assert ctx.bell.queue(TYPE).count == 0
    assert states(ctx) == {}


def test_a_job_that_is_claimed_at_the_same_moment_is_not_put_back(ctx: Context) -> None:
    job = add(ctx, "a")
    with ThreadPoolExecutor(1) as pool:
        with ctx.database.transaction() as tx:
            assert ctx.queue.claim(tx, job.id) is not None
            putting_back = pool.submit(put_back, ctx)
            with pytest.raises(TimeoutError):
                putting_back.result(0.5)
        putting_back.result(20)
    assert states(ctx) == {"a": "running"}


def put_back(ctx: Context) -> None:
    """What follows when fewer may run than have been rung."""
    with ctx.database.transaction() as tx:
        job_turn.unring(tx, TYPE, 1)


def test_one_open_job_per_type_and_remote_id(ctx: Context) -> None:
    assert add(ctx, "a").id == add(ctx, "a").id


def test_no_more_are_rung_than_may_run(ctx: Context) -> None:
    for name in "abcd":
        add(ctx, name)
    assert states(ctx) == {"a": "rung", "b": "rung", "c": "waiting", "d": "waiting"}
    assert ctx.bell.queue(TYPE).count == 2


def test_max_workers_can_be_set_while_running(ctx: Context) -> None:
    for name in "abcd":
        add(ctx, name)
    setting.put(ctx.database, f"workers.{TYPE}.max_workers", 3)
    ctx.queue.dispatch(TYPE)
    assert list(states(ctx).values()).count("rung") == 3


def test_owners_take_turns(ctx: Context) -> None:
    setting.put(ctx.database, f"workers.{TYPE}.max_workers", 1)
    busy = [add(ctx, f"a{number}", owner="1") for number in range(20)]
    single = add(ctx, "b", owner="2")

    finish(ctx, taken(ctx, busy[0].id))

    assert jobs.find(ctx.database, single.id).state is JobState.RUNG  # type: ignore[union-attr]


def test_place_in_queue_counts_turns(ctx: Context) -> None:
    setting.put(ctx.database, f"workers.{TYPE}.max_workers", 1)
    first = [add(ctx, f"a{number}", owner="1") for number in range(5)]
    second = [add(ctx, f"b{number}", owner="2") for number in range(2)]
    order = [job.remote_id for job in sorted(first[1:] + second, key=lambda job: ctx.queue.position(job) or 0)]
    assert order == ["b0", "a1", "b1", "a2", "a3", "a4"]
    assert [ctx.queue.position(job) for job in first] == [None, 2, 4, 5, 6]

    started = []
    for _ in range(7):
        rung = next(job for job in jobs.list_jobs(ctx.database) if job.state is JobState.RUNG)
        started.append(rung.remote_id)
        finish(ctx, taken(ctx, rung.id))
    assert started == ["a0", *order]


def test_only_one_process_gets_a_claim(ctx: Context) -> None:
    job = add(ctx, "a")
    assert claim(ctx, job.id) is not None
    assert claim(ctx, job.id) is None


def test_an_attempt_thought_dead_cannot_publish(ctx: Context) -> None:
    job = add(ctx, "a")
    first = taken(ctx, job.id)
    with ctx.database.transaction() as tx:
        ctx.queue.hold(tx, first)
        ctx.queue.release(tx, first)
    second = taken(ctx, job.id)

    with pytest.raises(ClaimLost):
        finish(ctx, first)
    assert jobs.beat(ctx.database, job.id, first.token or 0) is None
    assert second.attempts == 2
    finish(ctx, second)
    assert states(ctx) == {}


def test_a_released_job_waits_for_its_delay(ctx: Context) -> None:
    job = taken(ctx, add(ctx, "a").id)
    with ctx.database.transaction() as tx:
        ctx.queue.release(tx, job, delay=1, counted=False)
    assert states(ctx) == {"a": "waiting"}
    wait_for(lambda: ctx.queue.dispatch(TYPE), "the delay to pass", 5)
    assert taken(ctx, job.id).attempts == 1


def test_a_failed_job_keeps_its_reason_and_its_name_is_free_again(ctx: Context) -> None:
    job = taken(ctx, add(ctx, "a", details={"secrets": {"key": "hidden"}}).id)
    with ctx.database.transaction() as tx:
        ctx.queue.fail(tx, job, "it broke")
    failed = jobs.find(ctx.database, job.id)
    assert failed is not None
    assert (failed.state, failed.error, failed.details) == (JobState.FAILED, "it broke", {})
    assert add(ctx, "a").id != job.id


def test_cancel_of_a_waiting_job_removes_it_and_of_a_running_one_asks(ctx: Context) -> None:
    waiting, running = add(ctx, "a"), taken(ctx, add(ctx, "b").id)
    with ctx.database.transaction() as tx:
        assert ctx.queue.cancel(tx, waiting)
        assert not ctx.queue.cancel(tx, running)
    assert claim(ctx, waiting.id) is None
    assert jobs.beat(ctx.database, running.id, running.token or 0) is True


def test_a_blocked_job_waits_for_its_dataset(ctx: Context) -> None:
    job = add(ctx, "a", blocked_by="k" * 32)
    assert states(ctx) == {"a": "waiting"}
    with ctx.database.transaction() as tx:
        ctx.queue.unblock(tx, "k" * 32)
    assert jobs.find(ctx.database, job.id).state is JobState.RUNG  # type: ignore[union-attr]


def test_work_is_kept_when_redis_is_away(ctx: Context) -> None:
    away = type(ctx.bell)(ctx.bell.client.__class__(host="127.0.0.1", port=1), ctx.bell.prefix)
    queue = type(ctx.queue)(ctx.database, away, lambda _: 2)
    with ctx.database.transaction() as tx:
        queue.enqueue(tx, TYPE, "a")
    assert states(ctx) == {"a": "rung"}


class TestIntervals:
    """Interval jobs sit on their grid, and missed turns are made up for once."""

    def declare(self, ctx: Context, interval: int) -> Job:
        with ctx.database.transaction() as tx:
            return jobs.declare_interval(tx, "tick", "", interval, {}, 3)

    def test_a_run_starts_on_the_grid_and_the_next_a_step_later(self, ctx: Context) -> None:
        job = self.declare(ctx, 3600)
        finish(ctx, taken(ctx, job.id))
        row = ctx.database.one(
            "SELECT extract(epoch FROM last_claimed) AS last, extract(epoch FROM claim_after) AS next FROM jobs"
        )
        assert int(row["last"]) % 3600 == 0
        assert row["next"] - row["last"] == 3600

    def test_it_is_not_due_before_its_next_point(self, ctx: Context) -> None:
        job = self.declare(ctx, 3600)
        finish(ctx, taken(ctx, job.id))
        assert claim(ctx, job.id) is None

    def test_it_never_overlaps_itself(self, ctx: Context) -> None:
        job = self.declare(ctx, 1)
        taken(ctx, job.id)
        assert claim(ctx, job.id) is None

    def test_missed_turns_coalesce(self, ctx: Context) -> None:
        job = self.declare(ctx, 3600)
        finish(ctx, taken(ctx, job.id))
        ctx.database.run("UPDATE jobs SET claim_after = claim_after - interval '1 day'")
        finish(ctx, taken(ctx, job.id))
        assert claim(ctx, job.id) is None

    def test_a_failed_run_waits_for_its_next_turn(self, ctx: Context) -> None:
        job = taken(ctx, self.declare(ctx, 3600).id)
        with ctx.database.transaction() as tx:
            ctx.queue.fail(tx, job, "no")
        found = jobs.find(ctx.database, job.id)
        assert found is not None
        assert (found.state, found.error, found.attempts) == (JobState.WAITING, "no", 0)

    def test_a_changed_interval_counts_from_now(self, ctx: Context) -> None:
        job = self.declare(ctx, 3600)
        finish(ctx, taken(ctx, job.id))
        assert self.declare(ctx, 1).id == job.id
        wait_for(lambda: claim(ctx, job.id), "the new interval", 5)

    def test_doorbells_of_runs_that_others_began_do_not_pile_up(self, ctx: Context) -> None:
        job = self.declare(ctx, 1)
        for _ in range(4):
            wait_for(lambda: ctx.queue.dispatch("tick"), "the job to be due", 5)
            finish(ctx, taken(ctx, job.id))  # as by the doorbell of its entry: its own still hangs
        hanging = ctx.bell.bell_id(job.id, 4)
        assert ctx.bell.queue("tick").job_ids == [hanging]
        assert ctx.bell.client.keys("rq:job:*") == [f"rq:job:{hanging}".encode()]


def test_a_job_that_ends_while_it_is_looked_at_is_made_anew(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    first = add(ctx, "a")
    look = jobs.find_open

    def ends(db: Session, type_: str, remote_id: str) -> Job | None:
        monkeypatch.setattr(jobs, "find_open", look)
        ctx.database.run("DELETE FROM jobs")
        return look(db, type_, remote_id)

    monkeypatch.setattr(jobs, "find_open", ends)
    assert add(ctx, "a").id != first.id
    assert len(jobs.list_jobs(ctx.database)) == 1
