"""What a transaction that stays open for long, such as a dump of the database, does to the queue.

PostgreSQL may not clean up what such a transaction could still see, so the search for the next job passes by all that
have been done since it began.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg2

from app.services.context import Context
from bench._queue_length import TYPE, Ours, Steps, fill
from bench._tables import Report

OWNERS = 5_000
ROUNDS = 30
_LEFT = 10_000


def measure_long_transaction(ctx: Context, done: Sequence[int], report: Report) -> None:
    """Measure the steps of a job after so many have been done while one transaction stayed open, and after its end."""
    steps = Steps()
    fill(ctx, 0, done[-1] + _LEFT, OWNERS)
    ours = Ours(ctx, OWNERS, ROUNDS)
    reader = psycopg2.connect(ctx.database.url)
    try:
        reader.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with reader.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM jobs")
        before = 0
        for count in done:
            _do(ctx, count - before)
            before = count
            ours.measure_at(count, steps)
    finally:
        reader.close()
    ctx.database.run("DELETE FROM jobs WHERE type = %(type)s AND state <> 'waiting'", type=TYPE)
    after = Steps()
    ours.measure_at(0, after)
    rows = [[step, *(took[count] for count in done), after.took[step][0]] for step, took in steps.took.items()]
    report.table("long transactions", ["ms, median", *(f"{count:,} done" for count in done), "after its end"], rows)
    ctx.database.run("TRUNCATE jobs, queue_turns")


def _do(ctx: Context, count: int) -> None:
    """Let so many jobs go through their states, first the ones whose turn it is."""
    for before, after in (("waiting", "rung"), ("rung", "running")):
        ctx.database.run(
            "UPDATE jobs SET state = %(after)s WHERE id IN (SELECT id FROM jobs WHERE type = %(type)s"
            " AND state = %(before)s ORDER BY turn, id LIMIT %(count)s)",
            type=TYPE,
            before=before,
            after=after,
            count=count,
        )
    ctx.database.run("DELETE FROM jobs WHERE type = %(type)s AND state = 'running'", type=TYPE)
