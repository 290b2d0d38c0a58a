"""Many managers and owners at the real queue: a run of actors, and what the servers spend on it meanwhile."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace

import psycopg2

from app.queue.jobs import JobQueue
from app.services.context import Context
from bench._processes import cpu_seconds, server
from bench._scale_actors import Plan, Times, listeners, run

_SAMPLE_EVERY = 0.1


@dataclass
class Outcome:
    """What a run showed."""

    seconds: float = 0.0
    times: Times = field(default_factory=dict)
    transactions: float = 0.0
    redis_commands: float = 0.0
    postgres: float = 0.0
    redis: float = 0.0
    connections: int = 0
    waits: Counter[str] = field(default_factory=Counter)
    log_bytes: float = 0.0

    @property
    def jobs(self) -> int:
        """Jobs that were finished."""
        return len(self.times.get("finish and dispatch", ())) or 1

    def share(self, kind: str) -> float:
        """Of a hundred looks at a busy connection, how many found it waiting for this."""
        return 100 * self.waits[kind] / max(sum(self.waits.values()), 1)


class Sampler(threading.Thread):
    """Looks ten times a second at what the connections of the database do."""

    def __init__(self, url: str, outcome: Outcome) -> None:
        super().__init__(daemon=True)
        self._connection = psycopg2.connect(url, application_name="sampler")
        self._connection.autocommit = True
        self._outcome = outcome
        self._stopping = threading.Event()

    def run(self) -> None:
        """Look until stopped."""
        with self._connection.cursor() as cursor:
            while not self._stopping.wait(_SAMPLE_EVERY):
                cursor.execute(
                    "SELECT coalesce(CASE WHEN state = 'active' THEN coalesce(wait_event_type, 'running') END, 'idle'),"
                    " count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
                    " AND application_name <> 'sampler' GROUP BY 1"
                )
                found = dict(cursor.fetchall())
                self._outcome.connections = max(self._outcome.connections, sum(found.values()))
                self._outcome.waits.update({kind: count for kind, count in found.items() if kind != "idle"})
        self._connection.close()

    def stop(self) -> None:
        """Stop looking."""
        self._stopping.set()
        self.join()


def fill(ctx: Context, waiting: int, types: int, owners: int) -> None:
    """Let jobs wait: few of some types and many of others, each owner's in turn."""
    ctx.database.run("TRUNCATE jobs, queue_turns")
    weights = [1 / (kind + 1) for kind in range(types)]
    for kind, weight in enumerate(weights):
        ctx.database.run(
            "INSERT INTO jobs (type, remote_id, owner, turn) SELECT %(type)s, 'waiting ' || n, (n %% %(owners)s)::text,"
            " n / %(owners)s FROM generate_series(0, %(count)s - 1) AS n",
            type=f"type {kind}",
            owners=owners,
            count=max(int(waiting * weight / sum(weights)), 50),
        )
    ctx.database.run("ANALYZE jobs")
    ctx.bell.client.flushdb()


def drive(ctx: Context, plan: Plan, seconds: float) -> Outcome:
    """Let the actors of a plan work."""
    outcome = Outcome()
    with listeners(plan):
        first = JobQueue(ctx.database, ctx.bell, lambda _: plan.limit)
        for kind in range(plan.types):
            first.dispatch(f"type {kind}")
        before, began = _counters(ctx), time.time()
        answers = list(run(replace(plan, until=began + seconds)))
        sampler = Sampler(ctx.database.url, outcome)
        sampler.start()
        for answer in answers:
            for step, times in answer.recv().items():
                outcome.times[step] = outcome.times.get(step, []) + times
        outcome.seconds = time.time() - began
        sampler.stop()
        used = [now - then for now, then in zip(_counters(ctx), before, strict=True)]
    outcome.postgres, outcome.redis, outcome.transactions, outcome.redis_commands, outcome.log_bytes = used
    return outcome


def _counters(ctx: Context) -> list[float]:
    """Processor time of PostgreSQL and Redis, transactions, commands, bytes of write-ahead log, all since the start."""
    row = ctx.database.one(
        "SELECT xact_commit, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float AS written FROM pg_stat_database"
        " WHERE datname = current_database()"
    )
    commands = ctx.bell.client.info("stats")["total_commands_processed"]
    spent = [cpu_seconds(server(name)) for name in ("PostgreSQL", "Redis")]
    return [*spent, float(row["xact_commit"]), float(commands), float(row["written"])]
