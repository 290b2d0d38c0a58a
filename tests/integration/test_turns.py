"""Whose turn it is: owners share a queue fairly, however much each of them asks for, and however long it is."""

from __future__ import annotations

import random

import pytest

from app.domain.job import JobState
from app.services.context import Context
from app.storage import job as jobs
from app.storage import job_turn, setting
from tests.integration.test_queue import TYPE, add, finish, taken

DATASET = "k" * 32


@pytest.fixture(autouse=True)
def one_at_a_time(ctx: Context) -> None:
    setting.put(ctx.database, f"workers.{TYPE}.max_workers", 1)


def rung(ctx: Context) -> str | None:
    """The name of the job that is to start now."""
    return next((job.remote_id for job in jobs.list_jobs(ctx.database) if job.state is JobState.RUNG), None)


def run_next(ctx: Context) -> str | None:
    """Do the job that is to start now; its name."""
    found = next((job for job in jobs.list_jobs(ctx.database) if job.state is JobState.RUNG), None)
    if found is None:
        return None
    finish(ctx, taken(ctx, found.id))
    return found.remote_id


def run_all(ctx: Context) -> list[str]:
    """Do all there is; the names in order."""
    done = []
    while (name := run_next(ctx)) is not None:
        done.append(name)
    return done


def test_another_owner_is_next_after_two_hundred(ctx: Context) -> None:
    for number in range(200):
        add(ctx, f"a{number}", owner="1")
    for _ in range(5):
        run_next(ctx)
    running = rung(ctx)
    single = add(ctx, "b", owner="2")
    assert ctx.queue.position(single) == 1
    assert [run_next(ctx), run_next(ctx)] == [running, "b"]


def test_who_asks_again_after_each_answer_does_not_hold_up_who_asked_for_many(ctx: Context) -> None:
    for number in range(6):
        add(ctx, f"a{number}", owner="1")
    done: list[str | None] = []
    for number in range(6):
        add(ctx, f"b{number}", owner="2")
        done += [run_next(ctx), run_next(ctx)]
    assert sum(name is not None and name.startswith("a") for name in done) == 6
    assert done[:4] == ["a0", "b0", "a1", "b1"]


def test_who_was_away_for_long_has_saved_up_nothing(ctx: Context) -> None:
    for number in range(30):
        add(ctx, f"a{number}", owner="1")
    for _ in range(20):
        run_next(ctx)
    for number in range(10):
        add(ctx, f"b{number}", owner="2")
    order = run_all(ctx)
    assert all({name[0] for name in order[i : i + 3]} == {"a", "b"} for i in range(len(order) - 3))


def test_three_owners_share_alike_whatever_they_ask_for(ctx: Context) -> None:
    dice = random.Random(7)
    wanted = [(owner, number) for owner in "123" for number in range(20)]
    dice.shuffle(wanted)
    for owner, number in wanted:
        add(ctx, f"{owner}-{number}", owner=owner)
    order = [name[0] for name in run_all(ctx)]
    for end in range(3, 61, 3):
        assert max(order[:end].count(owner) for owner in "123") - min(order[:end].count(o) for o in "123") <= 2


def test_jobs_that_were_blocked_line_up_one_behind_the_other(ctx: Context) -> None:
    for number in range(5):
        add(ctx, f"a{number}", owner="1", blocked_by=DATASET)
    assert rung(ctx) is None
    with ctx.database.transaction() as tx:
        ctx.queue.unblock(tx, DATASET)
    for number in range(2):
        add(ctx, f"b{number}", owner="2")
    assert run_all(ctx) == ["a0", "b0", "a1", "b1", "a2", "a3", "a4"]


def test_blocked_jobs_do_not_put_their_owner_back(ctx: Context) -> None:
    add(ctx, "first", owner="1")
    for number in range(20):
        add(ctx, f"a{number}", owner="1", blocked_by=DATASET)
    for number in range(20):
        add(ctx, f"b{number}", owner="2")
    with ctx.database.transaction() as tx:
        ctx.queue.unblock(tx, DATASET)
    order = run_all(ctx)
    assert {name[0] for name in order[1:5]} == {"a", "b"}


def test_what_was_cancelled_does_not_put_its_owner_back(ctx: Context) -> None:
    many = [add(ctx, f"a{number}", owner="1") for number in range(50)]
    for number in range(5):
        add(ctx, f"b{number}", owner="2")
    with ctx.database.transaction() as tx:
        for job in many[1:]:
            ctx.queue.cancel(tx, job)
    again = add(ctx, "again", owner="1")
    assert ctx.queue.position(again) == 3, "after b0 and b1, and before the rest"


def test_a_delayed_job_lets_others_pass_and_keeps_its_place(ctx: Context) -> None:
    job = taken(ctx, add(ctx, "a", owner="1").id)
    for number in range(3):
        add(ctx, f"b{number}", owner="2")
    with ctx.database.transaction() as tx:
        ctx.queue.release(tx, job, delay=60)
    assert run_next(ctx) == "b0"
    ctx.database.run("UPDATE jobs SET claim_after = now() WHERE remote_id = 'a'")
    assert ctx.queue.position(job) == 1
    assert run_all(ctx) == ["b1", "a", "b2"]


def test_types_have_turns_of_their_own(ctx: Context) -> None:
    for number in range(10):
        add(ctx, f"a{number}", owner="1")
    with ctx.database.transaction() as tx:
        other = ctx.queue.enqueue(tx, "count-posts", "x", owner="1")
    assert jobs.find(ctx.database, other.id).state is JobState.RUNG  # type: ignore[union-attr]


def test_a_lowered_limit_takes_doorbells_back(ctx: Context) -> None:
    setting.put(ctx.database, f"workers.{TYPE}.max_workers", 4)
    asked = [add(ctx, f"a{number}") for number in range(4)]
    setting.put(ctx.database, f"workers.{TYPE}.max_workers", 1)
    ctx.queue.dispatch(TYPE)
    assert rung(ctx) == "a0"
    with ctx.database.transaction() as tx:
        assert ctx.queue.claim(tx, asked[3].id) is None
        assert job_turn.count_active(tx, TYPE) == 1
    assert run_all(ctx) == ["a0", "a1", "a2", "a3"]


def test_the_next_job_is_found_by_an_index(ctx: Context) -> None:
    """Among ten thousand jobs of a thousand owners, the plan reads a few rows."""
    ctx.database.run(
        "INSERT INTO jobs (type, remote_id, owner, turn) SELECT %(type)s, n::text, (n %% 1000)::text, n / 1000"
        " FROM generate_series(1, 10000) AS n",
        type=TYPE,
    )
    ctx.database.run("ANALYZE jobs")
    with ctx.database.transaction() as tx:
        plan = tx.many(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT id, owner, turn FROM jobs"
            f" WHERE type = %(type)s AND {job_turn.READY} ORDER BY turn, id LIMIT 1",
            type=TYPE,
        )[0]["QUERY PLAN"][0]["Plan"]
    assert plan["Plans"][0]["Node Type"] == "Index Scan", plan
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 12
