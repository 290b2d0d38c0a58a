"""Actors that drive the real queue without doing any work: each is what one slot of one manager does, over and over."""

from __future__ import annotations

import multiprocessing
import random
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import urlsplit

import redis
from rq import Queue
from rq.serializers import JSONSerializer

from app.queue.connection import Bell, connect_redis
from app.queue.jobs import JobQueue
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage.database import Database

Times = dict[str, list[tuple[float, float]]]
"""For each step: when it began (Unix time), and how many milliseconds it took."""


@dataclass(frozen=True)
class Plan:
    """What actors do: `reconnect` opens a connection to the database for each job, as a watcher does."""

    database_url: str
    redis_url: str
    prefix: str
    types: int
    limit: int
    owners: int
    managers: int
    processes: int
    reconnect: bool
    until: float


class Actor:
    """Takes doorbells, claims, beats and finishes; and asks for a new job for each that it has finished."""

    def __init__(self, plan: Plan, database: Database, client: redis.Redis, number: int) -> None:
        self._plan = plan
        self._database = database
        self._client = client
        self._bell = Bell(client, plan.prefix)
        self._chance = random.Random(number)
        self._queues = [self._bell.queue(f"type {kind}") for kind in range(plan.types)]
        self.times: Times = defaultdict(list)

    def run(self) -> None:
        """Go on until the plan's end."""
        while time.time() < self._plan.until:
            self._chance.shuffle(self._queues)
            began = time.time()
            found = Queue.dequeue_any(self._queues, 1, self._client, serializer=JSONSerializer)
            if found is None:
                continue
            self._note("take the doorbell", began)
            self._one(found[0])

    def _one(self, bell: Any) -> None:
        database = Database(self._plan.database_url, size=1) if self._plan.reconnect else self._database
        queue = JobQueue(database, self._bell, lambda _: self._plan.limit)
        if self._plan.reconnect:
            with self._step("connect"):
                database.one("SELECT 1 AS here")
        job_id = int(bell.args[0])
        with self._step("claim"), database.transaction() as tx:
            datasets.lock_of_job(tx, job_id)
            job = queue.claim(tx, job_id)
        bell.delete(remove_from_queue=False)
        if job is None:
            self._note("nothing to claim", time.time())
            return
        with self._step("beat"):
            jobs.beat(database, job.id, job.token or 0)
        with self._step("finish and dispatch"), database.transaction() as tx:
            datasets.lock_of_job(tx, job.id)
            queue.finish(tx, queue.hold(tx, job))
        if self._plan.reconnect:
            database.close()
        asking = JobQueue(self._database, self._bell, lambda _: self._plan.limit)
        with self._step("enqueue and dispatch"), self._database.transaction() as tx:
            owner = str(self._chance.randrange(self._plan.owners))
            asking.enqueue(tx, job.type, f"{owner} {self._chance.getrandbits(60)}", owner=owner)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        began = time.time()
        yield
        self._note(name, began)

    def _note(self, name: str, began: float) -> None:
        self.times[name].append((began, (time.time() - began) * 1000))


def act(plan: Plan, numbers: range, answer: Connection) -> None:
    """A process with a thread for each actor; answers with their times."""
    database = Database(plan.database_url, size=len(numbers), patience=60)
    client = connect_redis(plan.redis_url, most=len(numbers) + 2, timeout=30)
    actors = [Actor(plan, database, client, number) for number in numbers]
    threads = [threading.Thread(target=actor.run) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    merged: Times = defaultdict(list)
    for actor in actors:
        for step, times in actor.times.items():
            merged[step] += times
    answer.send(dict(merged))


@contextmanager
def listeners(plan: Plan) -> Iterator[None]:
    """As many connections as there are managers that hear when a bell rings, as managers do; read and thrown away."""
    process = multiprocessing.get_context("fork").Process(target=listen, args=(plan,), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def listen(plan: Plan) -> None:
    """Read what is said in the channel that wakes managers."""
    import selectors

    where = urlsplit(plan.redis_url)
    chosen = selectors.DefaultSelector()
    for _ in range(plan.managers):
        line = socket.create_connection((where.hostname or "127.0.0.1", where.port or 6379))
        line.sendall(f"AUTH {where.password}\r\nSUBSCRIBE {plan.prefix}:wake\r\n".encode())
        chosen.register(line, selectors.EVENT_READ)
    while True:
        for key, _ in chosen.select():
            socket_ = key.fileobj
            if isinstance(socket_, socket.socket):
                socket_.recv(65_536)


def run(plan: Plan) -> Iterator[Connection]:
    """Start the processes; where each will answer."""
    fork = multiprocessing.get_context("fork")
    share = -(-plan.managers // plan.processes)
    for first in range(0, plan.managers, share):
        receiving, sending = fork.Pipe(duplex=False)
        fork.Process(target=act, args=(plan, range(first, min(first + share, plan.managers)), sending)).start()
        yield receiving
