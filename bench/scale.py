"""What the queue does under many managers and owners, and what follows for large installations.

    python -m bench.scale [--quick] [--managers 100] [--owners 5000] [--types 30] [--write docs/scale.md]

Actors drive the real queue against a real PostgreSQL and a real Redis: each takes a doorbell, claims, beats, finishes
and asks for another job, without any work in between. 100 managers are 100 actors in a few processes of one machine,
which they share with the servers: what they show is what each step costs and what waits for what, not how fast 100
machines would be. Tables are in Markdown; `--write` puts them into the places that a document has for them. With
PgBouncer installed, a run through it is measured too.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from app.services.context import Context
from bench._connections import SERVERS, count_connections
from bench._installation import servers
from bench._long_transaction import measure_long_transaction
from bench._pooler import find_pooler, pooler
from bench._queue_runs import rate
from bench._queue_sides import Datasets
from bench._scale_actors import Plan
from bench._scale_bytes import bytes_of_posts, bytes_of_rows
from bench._scale_load import Outcome, drive, fill
from bench._scale_model import Measured, show_model
from bench._scale_steps import measure_steps
from bench._starts import VARIABLE, Starts
from bench._tables import Report, quantile

STEPS = ("connect", "take the doorbell", "claim", "beat", "finish and dispatch", "enqueue and dispatch")


def simulate(ctx: Context, plan: Plan, seconds: float, waiting: int, report: Report) -> dict[str, Outcome]:
    """Run the actors in several ways, and show what each cost and how long its steps took."""
    many = plan.types
    ways = {
        f"{many} types, connections kept": plan,
        f"{many} types, a connection for each job": replace(plan, reconnect=True),
        "one type, connections kept": replace(plan, types=1, limit=plan.managers),
    }
    found: dict[str, Outcome] = {}
    for name, chosen in ways.items():
        fill(ctx, waiting, chosen.types, chosen.owners)
        found[name] = drive(ctx, chosen, seconds)
    program = find_pooler()
    if program:
        with pooler(program, ctx.database.url, 10) as (address, _):
            fill(ctx, waiting, many, plan.owners)
            through = replace(plan, database_url=address, reconnect=True)
            found[f"{many} types, a connection for each job, through PgBouncer"] = drive(ctx, through, seconds)
    _show(found, report)
    return found


def _show(found: dict[str, Outcome], report: Report) -> None:
    cores = os.cpu_count() or 1
    rows = []
    for name, run in found.items():
        rows.append(
            [
                name,
                run.jobs / run.seconds,
                run.transactions / run.seconds,
                run.redis_commands / run.seconds,
                1000 * run.postgres / run.jobs,
                1000 * run.redis / run.jobs,
                f"{100 * run.postgres / run.seconds / cores:.0f} %",
                run.connections,
                f"{run.share('Lock'):.0f} %",
                f"{run.log_bytes / run.jobs / 1024:.1f}",
            ]
        )
    heads = ["run", "jobs/s", "transactions/s", "Redis commands/s", "PostgreSQL, ms of CPU a job",
             "Redis, ms of CPU a job", "PostgreSQL's share of the machine", "connections",
             "busy ones waiting for a lock", "kB of WAL a job"]  # fmt: skip
    report.table("simulation", heads, rows)
    steps = []
    for step in STEPS:
        taken = [[took for _, took in run.times.get(step, ())] for run in found.values()]
        shown = [
            " / ".join(f"{quantile(took, share):.0f}" for share in (0.5, 0.95, 0.99)) for took in map(sorted, taken)
        ]
        steps.append([step, *("-" if "nan" in each else each for each in shown)])
    report.table("simulation, steps", ["ms, p50 / p95 / p99", *found], steps)


def measure(ctx: Context, environ: dict[str, str], folder: Path, given: argparse.Namespace, report: Report) -> None:
    """All of it, in an order in which nothing disturbs the next."""
    side = Datasets(ctx, environ)
    jobs = 30 if given.quick else 100
    before = _written(ctx)
    _, cost = rate(side, Starts(folder / "starts"), jobs, 2)
    written = (_written(ctx) - before) / jobs
    posts = bytes_of_posts(ctx, environ, side.user, folder, 20_000 if given.quick else 200_000)
    rows_of = bytes_of_rows(ctx, 2_000 if given.quick else 20_000)
    sizes = {f"a row of {table}, with its indexes": held for table, held in rows_of.items()}
    sizes |= {f"a generated post, {name}": held for name, held in posts.items()}
    report.table("bytes", ["", "bytes"], [[name, size] for name, size in sizes.items()])
    held = count_connections(ctx, environ, side)
    heads = ["process", *(f"{name}, at most" for name in SERVERS)]
    report.table("connections", heads, [[role, *peak.values()] for role, peak in held.items()])
    steps = measure_steps(ctx, 200 if given.quick else 1_000)
    report.table(
        "steps", ["step", "PostgreSQL, ms of CPU", "Redis", "who asks"], [[name, *cost] for name, cost in steps.items()]
    )
    measure_long_transaction(ctx, (0, 2_000, 10_000) if given.quick else (0, 10_000, 50_000, 100_000), report)
    plan = Plan(
        database_url=ctx.database.url,
        redis_url=environ["REDIS_URL"],
        prefix=ctx.bell.prefix,
        types=given.types,
        limit=max(2 * given.managers // given.types, 1),
        owners=given.owners,
        managers=given.managers,
        processes=4,
        reconnect=False,
        until=0,
    )
    found = simulate(ctx, plan, 5 if given.quick else given.seconds, 5_000 if given.quick else given.waiting, report)
    hot = found["one type, connections kept"]
    show_model(
        Measured(
            dataset_postgres=cost.cpu["PostgreSQL"],
            dataset_redis=cost.cpu["Redis"],
            dataset_workers=cost.cpu["workers"],
            connect=steps["open and close a connection"][0],
            beat=steps["heartbeat"][0],
            one_type=hot.jobs / hot.seconds,
            row_bytes=rows_of,
            wal_bytes=written,
            connections=held,
        ),
        report,
    )


def _written(ctx: Context) -> float:
    """Bytes of write-ahead log since the database was made."""
    return float(ctx.database.one("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float AS bytes")["bytes"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="about a minute and a half, with shorter runs")
    parser.add_argument("--managers", type=int, default=100)
    parser.add_argument("--owners", type=int, default=5_000)
    parser.add_argument("--types", type=int, default=30)
    parser.add_argument("--waiting", type=int, default=50_000, help="jobs that wait when a run begins")
    parser.add_argument("--seconds", type=float, default=20, help="how long each run lasts")
    parser.add_argument("--write", type=Path, help="a document that the tables are put into")
    given = parser.parse_args()
    report = Report(given.write)
    with tempfile.TemporaryDirectory() as folder, servers(**{VARIABLE: f"{folder}/starts"}) as (ctx, environ):
        measure(ctx, environ, Path(folder), given, report)


if __name__ == "__main__":
    main()
