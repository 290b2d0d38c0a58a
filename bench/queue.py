"""How our queue does beside plain RQ: rates, latencies, long queues and memory, on the same servers in one run.

    python -m bench.queue [--quick] [--sections memory rates latencies length] [--write docs/scale.md]

A dataset of ours is a row, a fenced claim, a process of its own, a Parquet file with its checksum, provenance. A bare
job of ours is what standing tasks are: the same without a dataset and a file. A job of plain RQ is a call of a function
in a process of its own. All three begin by noting the time, and that is what is measured. Tables are in Markdown; a
ratio is ours divided by plain RQ's. `--write` puts them into the places that a document has for them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.services.context import Context
from bench._installation import managers, processes, servers, wait
from bench._processes import memory_by_role, server
from bench._queue_length import Ours, Steps, measure_plain
from bench._queue_runs import Costs, busy_latencies, cold_latencies, idle_latencies, rate, shares
from bench._queue_sides import Bare, Datasets, Plain, Side
from bench._starts import VARIABLE, Starts
from bench._tables import Report, quantile

IDLE_SECONDS = 2
WORKERS = 2


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    jobs: int
    single: int
    stream: float
    lengths: tuple[int, ...]
    owners: int
    rounds: int
    shapes: tuple[tuple[int, int], ...]
    settle: float


FULL = Sizes(
    jobs=60,
    single=80,
    stream=20,
    lengths=(0, 1_000, 10_000, 100_000),
    owners=5_000,
    rounds=150,
    shapes=((1, 1), (2, 1), (4, 1), (4, 2)),
    settle=20,
)
QUICK = Sizes(
    jobs=20,
    single=20,
    stream=6,
    lengths=(0, 1_000, 10_000),
    owners=500,
    rounds=40,
    shapes=((2, 1), (4, 2)),
    settle=8,
)


class Bench:
    """One run, on open servers."""

    def __init__(self, ctx: Context, environ: dict[str, str], starts: Starts, sizes: Sizes, report: Report) -> None:
        self.ctx = ctx
        self.environ = environ
        self.starts = starts
        self.sizes = sizes
        self.report = report
        self.sides: tuple[Side, ...] = (Datasets(ctx, environ), Bare(ctx, environ), Plain(ctx, environ))

    def rates(self) -> None:
        """Jobs a second, and what each costs."""
        rows: list[list[object]] = []
        spent: dict[str, Costs] = {}
        for workers, machines in self.sizes.shapes:
            found: list[tuple[float, Costs]] = []
            for side in self.sides:
                found.append(rate(side, self.starts, self.sizes.jobs, workers, machines))
                spent[side.title] = found[-1][1] if workers == WORKERS else spent.get(side.title, found[-1][1])
            rates = [each[0] for each in found]
            title = f"{workers} worker{'s' * (workers > 1)}, {machines} manager{'s' * (machines > 1)}"
            rows.append([title, *rates, rates[0] / rates[2], rates[1] / rates[2]])
        heads = ["jobs a second", *(side.title for side in self.sides), "dataset : RQ", "bare : RQ"]
        self.report.table("rates", heads, rows)
        kinds = ("PostgreSQL", "Redis", "workers")
        costs = [[f"{kind}, ms of CPU", *(found.cpu[kind] for found in spent.values())] for kind in kinds]
        costs.append(["bytes left in Redis", *(found.redis_bytes for found in spent.values())])
        self.report.table("costs of a job", ["for each job", *spent], costs)

    def latencies(self) -> None:
        """Milliseconds from asking to the beginning of the work."""
        idle, busy, cold = {}, {}, {}
        # The stream's work alone takes 70 % of the workers' time; what a queue adds to it comes on top.
        work, a_second = 0.2, 0.7 * WORKERS / 0.2
        for side in self.sides:
            with side.workers(WORKERS):
                idle[side.title] = shares(idle_latencies(side, self.starts, self.sizes.single))
                busy[side.title] = shares(busy_latencies(side, self.starts, self.sizes.stream, work, a_second))
                if not isinstance(side, Plain):
                    some = max(self.sizes.single // 20, 3)
                    cold[side.title] = quantile(cold_latencies(side, self.starts, some, IDLE_SECONDS + 2), 0.5)
        rows: list[list[object]] = []
        for name, found in (("idle", idle), (f"{a_second:.0f} jobs of {work} s a second", busy)):
            for place, share in enumerate(("median", "p95", "p99")):
                values = [each[place] for each in found.values()]
                rows.append([f"{name}, {share}", *values, values[0] / values[2], values[1] / values[2]])
        rows.append(["no worker process there, median", *cold.values(), "-", "-", "-"])
        heads = ["ms from asking to the start", *idle, "dataset : RQ", "bare : RQ"]
        self.report.table("latencies", heads, rows)

    def length(self) -> None:
        """What a long queue costs."""
        lengths = self.sizes.lengths
        ours, plain = Steps(), Steps()
        Ours(self.ctx, self.sizes.owners, self.sizes.rounds).measure(lengths, ours)
        measure_plain(self.environ["REDIS_URL"], lengths, self.sizes.rounds, plain)
        rows: list[list[object]] = []
        for who, steps in (("4CAT", ours), ("plain RQ", plain)):
            for step, took in steps.took.items():
                growth = took[lengths[-1]] / took[min(took)]
                rows.append([f"{who}: {step}", *(took.get(length, "-") for length in lengths), growth])
            held = [f"{steps.redis_bytes[length] / 2**20:,.1f}" for length in lengths]
            rows.append([f"{who}: MB in Redis", *held, "-"])
        heads = ["ms, median", *(f"{length:,} waiting" for length in lengths), "last : first"]
        self.report.table("long queues", heads, rows)

    def memory(self) -> None:
        """What an idle installation holds, and plain RQ's workers beside it."""
        web = ("-m", "gunicorn", "--config", "app/web/gunicorn.py", "wsgi:app")
        with managers(self.ctx, self.environ) as ids, processes(self.environ, web, ("scheduler.py",)) as others:
            wait(lambda: memory_by_role(others[0]).get("web process", (0, 0))[0] >= 2, 60)
            time.sleep(self.sizes.settle)
            found = [memory_by_role(each) for each in (*ids, *others, server("PostgreSQL"), server("Redis"))]
        plain = next(side for side in self.sides if isinstance(side, Plain))
        with plain.workers(WORKERS) as ids:
            time.sleep(2)
            found += [memory_by_role(each) for each in ids]
        rows, total = [], 0.0
        merged: dict[str, tuple[int, int]] = {}
        for each in found:
            for role, (count, held) in each.items():
                merged[role] = (merged.get(role, (0, 0))[0] + count, merged.get(role, (0, 0))[1] + held)
        for role, (count, held) in merged.items():
            rows.append([role, count, held / 2**20])
            total += held / 2**20 if not role.startswith("plain") else 0
        rows.append(["4CAT, all of it", "-", total])
        self.report.table("idle memory", ["process", "how many", "MB (PSS)"], rows)


def main() -> None:
    sections: dict[str, Callable[[Bench], None]] = {
        "memory": Bench.memory,
        "rates": Bench.rates,
        "latencies": Bench.latencies,
        "length": Bench.length,
    }
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="about a minute, with fewer jobs")
    parser.add_argument("--sections", nargs="+", choices=sections, default=list(sections))
    parser.add_argument("--write", type=Path, help="a document that the tables are put into")
    given = parser.parse_args()
    report = Report(given.write)
    with tempfile.TemporaryDirectory() as folder:
        more = {VARIABLE: f"{folder}/starts", "WORKER_IDLE_SECONDS": str(IDLE_SECONDS)}
        with servers(**more) as (ctx, environ):
            bench = Bench(ctx, environ, Starts(Path(folder) / "starts"), QUICK if given.quick else FULL, report)
            for name in given.sections:
                sections[name](bench)


if __name__ == "__main__":
    main()
