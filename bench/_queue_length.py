"""What each step costs when many jobs wait: 0 to 100,000 of one type, of many owners."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rq import Queue
from rq.serializers import JSONSerializer

from app.queue.connection import connect_redis
from app.queue.jobs import JobQueue
from app.services.context import Context
from app.storage import job as jobs
from app.storage import overview
from bench._plain_rq import started
from bench._tables import quantile

TYPE = "tick"
_BATCH = 1_000
_WARM_UP = 20


@dataclass
class Steps:
    """How long each step took, in milliseconds, at each length of the queue; and what Redis held."""

    took: dict[str, dict[int, float]] = field(default_factory=dict)
    redis_bytes: dict[int, int] = field(default_factory=dict)

    def add(self, step: str, length: int, times: Sequence[float]) -> None:
        """Note the median of some times."""
        self.took.setdefault(step, {})[length] = quantile(times, 0.5)


def timed(times: list[float], work: Callable[..., Any], *arguments: Any) -> Any:
    began = time.perf_counter()
    found = work(*arguments)
    times.append((time.perf_counter() - began) * 1000)
    return found


def fill(ctx: Context, first: int, last: int, owners: int) -> None:
    """Let jobs wait as if asked for one after the other, each owner in turn, with the turns the queue would give."""
    ctx.database.run(
        "INSERT INTO jobs (type, remote_id, owner, details, turn)"
        " SELECT %(type)s, 'waiting ' || n, (n %% %(owners)s)::text, '{\"seconds\": 0}', n / %(owners)s"
        " FROM generate_series(%(first)s, %(last)s - 1) AS n",
        type=TYPE,
        first=first,
        last=last,
        owners=owners,
    )
    ctx.database.run("ANALYZE jobs")


class Ours:
    """Goes through the steps of our queue, as web, worker and watcher do, with a limit that it moves."""

    def __init__(self, ctx: Context, owners: int, rounds: int) -> None:
        self._ctx = ctx
        self._owners = owners
        self._rounds = rounds
        self._limit = 0
        self._queue = JobQueue(ctx.database, ctx.bell, lambda _: self._limit)
        self._bells = ctx.bell.queue(TYPE)
        self._number = 0

    def measure(self, lengths: Sequence[int], steps: Steps) -> None:
        """Measure every step at each length."""
        there = 0
        self._ctx.database.run("DELETE FROM settings WHERE name = %(name)s", name=f"workers.{TYPE}.max_workers")
        for length in lengths:
            fill(self._ctx, there, length, self._owners)
            there = length
            self.measure_at(length, steps)
            self._look(length, steps)
            steps.redis_bytes[length] = self._ctx.bell.client.info("memory")["used_memory"]
        self._ctx.database.run("DELETE FROM jobs WHERE type = %(type)s", type=TYPE)
        self._bells.delete()

    def measure_at(self, length: int, steps: Steps) -> None:
        """Measure the steps that a job goes through, and note them under this number."""
        times: dict[str, list[float]] = {step: [] for step in ("enqueue", "dispatch", "claim", "beat", "finish")}
        for number in range(self._rounds + _WARM_UP):
            if number == _WARM_UP:
                times = {step: [] for step in times}
            self._limit = 0
            timed(times["enqueue"], self._enqueue)
            self._limit = 1
            timed(times["dispatch"], self._queue.dispatch, TYPE)
            job = timed(times["claim"], self._claim)
            timed(times["beat"], jobs.beat, self._ctx.database, job.id, job.token)
            self._limit = 0
            timed(times["finish"], self._finish, job)
        for step, values in times.items():
            steps.add(step, length, values)

    def _enqueue(self) -> None:
        self._number += 1
        with self._ctx.database.transaction() as tx:
            owner = str(self._number % self._owners)
            self._queue.enqueue(tx, TYPE, f"more {self._number}", owner=owner, details={"seconds": 0})

    def _claim(self) -> Any:
        bell = self._bells.pop_job_id()
        rung = self._bells.fetch_job(str(bell))
        if rung is None:
            raise LookupError("the doorbell is not in Redis")
        rung.delete(remove_from_queue=False)
        with self._ctx.database.transaction() as tx:
            return self._queue.claim(tx, int(rung.args[0]))

    def _finish(self, job: Any) -> None:
        with self._ctx.database.transaction() as tx:
            self._queue.finish(tx, self._queue.hold(tx, job))

    def _look(self, length: int, steps: Steps) -> None:
        """What pages ask: the place of the job that comes last, the numbers of all queues, the list of jobs."""
        database = self._ctx.database
        last = database.find("SELECT id FROM jobs WHERE type = %(type)s ORDER BY turn DESC, id DESC LIMIT 1", type=TYPE)
        found = jobs.find(database, last["id"]) if last else None
        asked: dict[str, Callable[[], Any]] = {
            "numbers of all queues": lambda: overview.queue_counts(database, 60),
            "list of jobs": lambda: overview.list_jobs(database),
        }
        if found:
            asked["position of the last"] = lambda: self._queue.position(found)
        for step, ask in asked.items():
            times: list[float] = []
            for _ in range(10):
                timed(times, ask)
            steps.add(step, length, times)


def measure_plain(redis_url: str, lengths: Sequence[int], rounds: int, steps: Steps) -> None:
    """The same of plain RQ: enqueue, take the next, place of the last."""
    client = connect_redis(redis_url)
    queue = Queue("long", connection=client, serializer=JSONSerializer)
    there = 0
    for length in lengths:
        for first in range(there, length, _BATCH):
            names = range(first, min(first + _BATCH, length))
            queue.enqueue_many([Queue.prepare_data(started, (f"waiting {name}", 0)) for name in names])
        there = length
        enqueued: list[float] = []
        taken: list[float] = []
        for _ in range(rounds):
            last = timed(enqueued, lambda: queue.enqueue(started, "more", 0))
            found = timed(taken, lambda: Queue.dequeue_any([queue], None, client, serializer=JSONSerializer))
            found[0].delete(remove_from_queue=False)
        steps.add("enqueue", length, enqueued)
        steps.add("claim", length, taken)
        if length:
            times: list[float] = []
            for _ in range(5):
                timed(times, queue.get_job_position, last)
            steps.add("position of the last", length, times)
        steps.redis_bytes[length] = client.info("memory")["used_memory"]
    client.flushdb()
