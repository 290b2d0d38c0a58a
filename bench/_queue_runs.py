"""Work through queues: how many jobs a second, and how soon each begins."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench._installation import wait
from bench._processes import cpu_seconds, server
from bench._queue_sides import Side
from bench._starts import Starts
from bench._tables import quantile


@dataclass
class Costs:
    """Milliseconds of processor time a job, by who uses them, and the bytes that a job leaves in Redis."""

    cpu: dict[str, float] = field(default_factory=dict)
    redis_bytes: float = 0.0


def all_begun(side: Side, starts: Starts, names: Iterable[str]) -> Callable[[], bool]:
    """Whether all of these have begun and nothing is left, to be waited for."""
    missing = set(names)

    def look() -> bool:
        missing.difference_update(starts.look())
        return not missing and side.left() == 0

    return look


@contextmanager
def costs(side: Side, workers: list[int], jobs: int) -> Iterator[Costs]:
    """Measure what a block costs for each of so many jobs."""
    ids = {"PostgreSQL": [server("PostgreSQL")], "Redis": [server("Redis")], "workers": workers}
    before = {name: sum(cpu_seconds(each) for each in some) for name, some in ids.items()}
    found = Costs()
    yield found
    for name, some in ids.items():
        found.cpu[name] = (sum(cpu_seconds(each) for each in some) - before[name]) * 1000 / jobs


def rate(side: Side, starts: Starts, jobs: int, workers: int, machines: int = 1) -> tuple[float, Costs]:
    """Jobs begun a second, from the first to the last of a queue that was full when the workers came."""
    redis = side.ctx.bell.client
    held = redis.info("memory")["used_memory"]
    names = [side.ask() for _ in range(jobs)]
    with side.workers(workers, machines) as ids:
        wait(lambda: names[0] in starts.look())
        with costs(side, ids, jobs) as found:
            wait(all_begun(side, starts, names))
            moments = sorted(starts.at[name] for name in names)
            time.sleep(0.1)
    found.redis_bytes = (redis.info("memory")["used_memory"] - held) / jobs
    return (jobs - 1) / (moments[-1] - moments[0]), found


def idle_latencies(side: Side, starts: Starts, jobs: int) -> list[float]:
    """Milliseconds from asking to the beginning, of one job after the other, with workers that are warm."""
    found = []
    for _ in range(jobs + 3):
        asked = time.time()
        name = side.ask()
        wait(all_begun(side, starts, [name]))
        found.append((starts.at[name] - asked) * 1000)
        time.sleep(0.02)
    return found[3:]


def cold_latencies(side: Side, starts: Starts, jobs: int, rest: float) -> list[float]:
    """The same when the worker process has gone after a rest of some seconds."""
    found = []
    for _ in range(jobs):
        time.sleep(rest)
        asked = time.time()
        name = side.ask()
        wait(all_begun(side, starts, [name]))
        found.append((starts.at[name] - asked) * 1000)
    return found


def busy_latencies(side: Side, starts: Starts, seconds: float, work: float, a_second: float) -> list[float]:
    """The same of a random stream of jobs, `a_second` of them, each of which works for `work` seconds."""
    chance = random.Random(1)
    asked: dict[str, float] = {}
    began = due = time.time()
    while due < began + seconds:
        time.sleep(max(due - time.time(), 0))
        moment = time.time()
        asked[side.ask(work)] = moment
        due += chance.expovariate(a_second)
    wait(all_begun(side, starts, asked))
    return [(starts.at[name] - moment) * 1000 for name, moment in asked.items()]


def shares(latencies: list[float]) -> tuple[float, float, float]:
    """Median, p95 and p99."""
    return quantile(latencies, 0.5), quantile(latencies, 0.95), quantile(latencies, 0.99)
