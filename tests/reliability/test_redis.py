"""What is in Redis: ids as JSON, each key bounded or with an end, and connections counted by process."""

from __future__ import annotations

import os
import pickletools
import signal
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from rq import SimpleWorker
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer

from app.domain.dataset import Dataset, Status
from app.domain.user import User
from app.queue.connection import FAILURE_SECONDS
from app.queue.jobs import JobQueue
from app.runner import entry
from app.runner.tidy import tidy
from app.services.context import Context
from app.services.dataset import cancel_dataset
from app.services.dataset_bin import delete_dataset
from app.services.user import change_profile
from tests.conftest import Process, Starter, finished_posts, import_posts, wait_for, wait_for_end
from tests.reliability.asking import ask, wait_for_trace
from tests.reliability.connections import opened

JOBS = int(os.environ.get("REDIS_JOBS", "500"))
"""How many jobs go through the queue; 100,000 take half an hour."""

MARK = "a-mark-that-is-in-every-option"
NAME = "Philippa Quixwood"
LABEL = "a-label-that-only-people-read"
SIX_HOURS = 6 * 3600
UNENDING = ("rq:queues", "rq:workers", "rq:queue:", "rq:wip:", "rq:finished:", "rq:failed:", "4cat:scheduler:jobs")
"""Keys without an end: at most one of each for a queue, and no longer than what waits or was kept for some hours."""


@pytest.fixture
def top(ctx: Context, admin: User) -> Dataset:
    return finished_posts(ctx, admin)


def values_in_redis(ctx: Context) -> Iterator[tuple[str, bytes]]:
    """Every value of every key, unpacked where RQ has packed it; the members of sets and the like are values too."""
    client = ctx.bell.client
    for name in list(client.scan_iter(count=1000)):
        try:
            values = members(client, name)
        except redis.ResponseError:  # gone, and another kind of value under the same name since its kind was asked
            values = members(client, name)
        for value in values:
            yield name.decode(), value
            with suppress(zlib.error):
                yield name.decode(), zlib.decompress(value)


def members(client: Any, name: bytes) -> list[bytes]:
    kind = client.type(name).decode()
    if kind == "hash":
        return [part for pair in client.hgetall(name).items() for part in pair]
    if kind == "stream":
        return [part for _, fields in client.xrange(name) for pair in fields.items() for part in pair]
    if kind == "zset":
        return list(client.zrange(name, 0, -1))
    if kind == "list":
        return list(client.lrange(name, 0, -1))
    if kind == "set":
        return list(client.smembers(name))
    found = client.get(name)
    return [found] if found is not None else []


def is_pickled(value: bytes) -> bool:
    """Whether Python could unpickle it: protocols 2 and later begin with a mark of their own."""
    if not value.startswith(b"\x80") or not value.endswith(b"."):
        return False
    with suppress(Exception):
        list(pickletools.genops(value))
        return True
    return False


def unending(ctx: Context) -> list[str]:
    """Keys that would stay for ever, and are not one of those that may; an entry of rq-scheduler is one that may."""
    found = [name.decode() for name in ctx.bell.client.scan_iter(count=1000)]
    lasting = [name for name in found if ctx.bell.client.ttl(name) == -1]
    return [name for name in lasting if not name.startswith(UNENDING) and "-interval-" not in name]


def everything(ctx: Context, admin: User, top: Dataset, folder: Path) -> list[Dataset]:
    """Ask for work of every kind; all of it ends by itself."""
    ways = ("work", "raise", "raise-binary", "user-error", "source", "source-once", "empty", "die", "die-once", "exit")
    asked = [ask(ctx, admin, top, way, mark=f"{MARK}-{way}", trace=str(folder / way)) for way in ways]
    return [*asked, import_posts(ctx, admin, label=LABEL)]


def test_it_holds_ids_and_no_pickle(ctx: Context, admin: User, top: Dataset, start: Starter, tmp_path: Path) -> None:
    change_profile(ctx, admin, NAME, "")  # ids may hold a short name by chance
    asked = everything(ctx, admin, top, tmp_path)
    start("-m", "app.runner")
    start("scheduler.py")
    seen: dict[bytes, str] = {}

    def all_ended() -> bool:
        seen.update({value: name for name, value in values_in_redis(ctx)})
        row = ctx.database.one("SELECT count(*) AS open FROM datasets WHERE status IN ('waiting', 'running')")
        return bool(row["open"] == 0)

    wait_for(all_ended, "all to end", 120)
    assert wait_for_end(ctx, asked[0].key).status is Status.FINISHED
    calls = [value for value in seen if b"app.runner.entry.run_job" in value and value.startswith(b"[")]
    assert len(calls) >= len(asked)
    assert [seen[value] for value in seen if is_pickled(value)] == []
    kept = {value: name for value, name in seen.items() if ":live:" not in name}
    for text in (MARK, LABEL, "correct horse", "coffee and tea", "for tests for tests", NAME, str(tmp_path)):
        assert [name for value, name in kept.items() if text.encode() in value] == [], text


def test_every_key_has_an_end_or_is_bounded(
    ctx: Context, admin: User, top: Dataset, start: Starter, tmp_path: Path
) -> None:
    start("-m", "app.runner")
    start("scheduler.py")
    for dataset in everything(ctx, admin, top, tmp_path):
        wait_for_end(ctx, dataset.key)
    stopped = ask(ctx, admin, top, "sleep", seconds=600, trace=str(tmp_path / "trace"))
    wait_for_trace(tmp_path / "trace")
    cancel_dataset(ctx, admin, stopped.key)
    wait_for(lambda: unending(ctx) == [], "what is left to have an end")
    wait_for(lambda: [name for name in ctx.bell.client.scan_iter("4cat:live:*")] == [], "progress to be cleared")


def test_what_rq_keeps_of_a_killed_watcher_expires_in_hours(
    ctx: Context, admin: User, top: Dataset, start: Starter, tmp_path: Path
) -> None:
    start("-m", "app.runner")
    asked = ask(ctx, admin, top, "sleep", seconds=600, trace=str(tmp_path / "trace"))
    watcher = psutil.Process(wait_for_trace(tmp_path / "trace")).parent()
    assert watcher is not None
    watcher.kill()
    failed = FailedJobRegistry(queue=ctx.bell.queue("misbehave"))
    noted: Any = wait_for(failed.get_job_ids, "RQ to note it")
    bell = noted[0]
    for key in (f"rq:job:{bell}", f"rq:results:{bell}"):
        assert 0 < ctx.bell.client.ttl(key) <= FAILURE_SECONDS <= SIX_HOURS, key
    delete_dataset(ctx, admin, asked.key)
    later(ctx, failed.key)
    tidy(ctx.bell, ctx.registry.queues())
    assert not ctx.bell.client.exists(failed.key)


def test_what_a_killed_worker_leaves_is_forgotten_though_no_other_comes(
    ctx: Context, admin: User, top: Dataset, start: Starter, tmp_path: Path
) -> None:
    manager = start("-m", "app.runner")
    ask(ctx, admin, top, "sleep", seconds=600, trace=str(tmp_path / "trace"))
    watcher = psutil.Process(wait_for_trace(tmp_path / "trace")).parent()
    worker = watcher.parent() if watcher else None
    assert watcher is not None
    assert worker is not None
    for process in (psutil.Process(manager.pid), worker, watcher):
        process.kill()
    manager.wait()
    assert unending(ctx) != [], "the call that nobody does any more"
    later(ctx, "rq:wip:4cat:misbehave")
    ctx.bell.client.delete(*ctx.bell.client.scan_iter("rq:worker:*"))  # as they do after two minutes
    tidy(ctx.bell, ctx.registry.queues())
    assert unending(ctx) == []
    assert ctx.bell.client.smembers("rq:workers") == set()


def test_a_doorbell_that_a_worker_took_and_lost_is_forgotten(ctx: Context) -> None:
    queue = ctx.bell.queue("misbehave")
    assert ctx.bell.ring("misbehave", 1, 1)
    ctx.bell.client.lmove(queue.key, queue.intermediate_queue_key)
    tidy(ctx.bell, ctx.registry.queues())
    assert unending(ctx) != [], "it has been seen once only"
    seen = queue.intermediate_queue.get_first_seen_key(ctx.bell.bell_id(1, 1))
    ctx.bell.client.set(seen, 1)
    tidy(ctx.bell, ctx.registry.queues())
    assert unending(ctx) == []
    assert not ctx.bell.client.exists(seen, queue.intermediate_queue_key)


def later(ctx: Context, registry: str) -> None:
    """Let all that is in a registry of RQ be past its time."""
    names: Any = ctx.bell.client.zrange(registry, 0, -1)
    for name in names:
        ctx.bell.client.zadd(registry, {name: 1})


def test_memory_is_bounded_however_many_jobs_go_through(ctx: Context) -> None:
    """The real queue and RQ; each doorbell finds its job done, so that no process need be forked for it."""
    entry.install(ctx)
    worker = SimpleWorker([ctx.bell.queue("misbehave")], connection=ctx.bell.client, serializer=JSONSerializer)
    queue = JobQueue(ctx.database, ctx.bell, lambda _: 50)
    pass_through(ctx, queue, worker, 100)
    before, keys = used(ctx), kinds(ctx)
    pass_through(ctx, queue, worker, JOBS)
    after = used(ctx)
    print(f"\n{JOBS:,} jobs: {before:,} bytes before, {after:,} after; keys left: {dict(kinds(ctx))}")
    assert kinds(ctx) == keys
    assert after - before < 300_000, (before, after)


def pass_through(ctx: Context, queue: JobQueue, worker: SimpleWorker, count: int) -> None:
    """Put so many jobs through: enqueued, dispatched, rung, claimed, finished, and the doorbell answered by RQ."""
    for begin in range(0, count, 50):
        with ctx.database.transaction() as tx:
            made = [queue.enqueue(tx, "misbehave", f"{begin}-{n}", owner=f"owner-{n % 7}") for n in range(50)]
        for job in made:
            with ctx.database.transaction() as tx:
                claimed = queue.claim(tx, job.id)
                assert claimed is not None
                queue.finish(tx, claimed)
        worker.work(burst=True, logging_level="ERROR")
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # a work horse ends, and leaves it blocked
    assert ctx.bell.queue("misbehave").count == 0


def used(ctx: Context) -> int:
    """The bytes that Redis uses for data: connections and the like are not counted."""
    told: Any = ctx.bell.client.info("memory")
    return int(told["used_memory_dataset"])


def kinds(ctx: Context) -> Counter[str]:
    """How many keys there are of each kind."""
    return Counter(":".join(name.decode().split(":")[:2]) for name in ctx.bell.client.scan_iter(count=1000))


MOST = {"manager": 2, "worker": 2, "watcher": 2, "plug-in": 0, "scheduler": 1}
"""How many connections to Redis a process of each role may hold; ARCHITECTURE.md says so too."""


def test_each_process_holds_few_connections(
    ctx: Context, admin: User, top: Dataset, start: Starter, tmp_path: Path
) -> None:
    """Workers of one queue alone: those of standing tasks would come and go while one looks at them."""
    manager = start("-m", "app.runner", "--queues", "misbehave")
    scheduler = start("scheduler.py")
    asked = [ask(ctx, admin, top, "sleep", seconds=600, trace=str(tmp_path / str(n))) for n in range(2)]
    plugins = [wait_for_trace(tmp_path / str(n)) for n in range(2)]
    wait_for(lambda: ctx.bell.live([asked[0].key]), "progress")
    found = roles(manager, scheduler, plugins)
    assert [len(processes) for processes in found.values()] == [1, 1, 2, 2, 2]

    seen: list[object] = []

    def holds_few() -> bool:
        """Whether it is so at a moment: what is connecting just now has not said its name yet."""
        known: Any = ctx.bell.client.client_list()
        each = [(role, len(opened(ctx, process))) for role, processes in found.items() for process in processes]
        seen[:] = [each, [client["name"] for client in known]]
        is_named = all(client["name"].startswith("4cat") for client in known)
        return is_named and all(number <= MOST[role] for role, number in each)

    try:
        wait_for(holds_few, "few connections of each process", 60)
    except AssertionError as error:
        error.add_note(f"last: {seen}")
        raise
    for dataset in asked:
        delete_dataset(ctx, admin, dataset.key)


def roles(manager: Process, scheduler: Process, plugins: list[int]) -> dict[str, list[psutil.Process]]:
    """The processes of an installation by what they are: those above each plug-in, which all stay while it works."""
    found: defaultdict[str, list[psutil.Process]] = defaultdict(list)
    found["manager"], found["scheduler"] = [psutil.Process(manager.pid)], [psutil.Process(scheduler.pid)]
    for pid in plugins:
        plugin = psutil.Process(pid)
        watcher, worker, top = plugin.parents()[:3]
        assert top.pid == manager.pid
        for role, process in (("worker", worker), ("watcher", watcher), ("plug-in", plugin)):
            found[role].append(process)
    return dict(found)
