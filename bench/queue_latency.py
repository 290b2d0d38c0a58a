"""How soon a job starts and how many a second: our queue against plain RQ, on the same servers, in one run.

    python -m bench.queue_latency [--jobs 60]

A job of ours is a dataset: a row, a fenced claim, a process of its own, a Parquet file with its checksum, provenance.
A job of plain RQ is a call of a function that returns the time.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import time

import polars as pl
from rq import Queue
from rq.serializers import JSONSerializer

from app.domain.user import User
from app.queue.connection import connect_redis
from app.services.context import Context
from app.services.dataset import create_capture
from app.services.run import run_processor
from app.services.upload import save_upload
from app.services.user import create_user
from bench._installation import ROOT, ended, installation, wait, wait_for_end
from bench._plain_rq import started


def ours(ctx: Context, count: int) -> tuple[list[float], float]:
    """Start latencies in seconds of single jobs, and jobs a second when all are asked for at once."""
    user = create_user(ctx, "bench", "not a secret at all", is_admin=True)
    upload = save_upload(ctx, user, "one.csv", io.BytesIO(b"id,body\n1,one\n2,two\n"))
    top = create_capture(ctx, user, "upload", {}, upload_id=upload.id)
    wait_for_end(ctx, top.key)
    latencies = [one_of_ours(ctx, user, top.key, number) for number in range(count + 1)][1:]
    began = time.monotonic()
    keys = [run_processor(ctx, user, top.key, "clock", {"number": 1000 + number})[0].key for number in range(count)]
    wait(lambda: all(ended(ctx, key) for key in keys[-4:]) and all(ended(ctx, key) for key in keys))
    return latencies, count / (time.monotonic() - began)


def one_of_ours(ctx: Context, user: User, top: str, number: int) -> float:
    asked = time.time()
    key = run_processor(ctx, user, top, "clock", {"number": number})[0].key
    result = wait_for_end(ctx, key).result
    assert result is not None
    return float(pl.read_parquet(ctx.files.local(result.files["table"]))["started"][0]) - asked


def plain(redis_url: str, count: int, environ: dict[str, str]) -> tuple[list[float], float]:
    """The same of plain RQ with two workers."""
    client = connect_redis(redis_url)
    queue = Queue("plain", connection=client, serializer=JSONSerializer)
    command = [
        sys.executable,
        "-m",
        "rq.cli",
        "worker",
        "--url",
        redis_url,
        "-q",
        "-S",
        "rq.serializers.JSONSerializer",
    ]
    workers = [subprocess.Popen([*command, "plain"], cwd=ROOT, env=environ) for _ in range(2)]
    try:
        latencies = []
        for _ in range(count + 2):
            asked = time.time()
            job = queue.enqueue(started)
            wait(lambda job=job: job.get_status() == "finished")
            latencies.append(job.return_value() - asked)
        began = time.monotonic()
        jobs = [queue.enqueue(started) for _ in range(count)]
        wait(lambda: all(job.get_status() == "finished" for job in reversed(jobs)))
        return latencies[2:], count / (time.monotonic() - began)
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait()


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=60)
    count = parser.parse_args().jobs
    with installation() as (ctx, environ):
        mine, rate = ours(ctx, count)
        theirs, plain_rate = plain(environ["REDIS_URL"], count, environ)
    print(f"{'':28}{'4CAT':>10}{'plain RQ':>10}{'ratio':>8}")
    for name, share in (("start latency, median (ms)", 0.5), ("start latency, p99 (ms)", 0.99)):
        a, b = quantile(mine, share), quantile(theirs, share)
        print(f"{name:28}{a:10.1f}{b:10.1f}{a / b:8.2f}")
    print(f"{'trivial jobs per second':28}{rate:10.1f}{plain_rate:10.1f}{rate / plain_rate:8.2f}")


if __name__ == "__main__":
    main()
