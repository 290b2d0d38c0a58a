"""The queues that `bench/queue.py` compares: ours with datasets, ours bare, and plain RQ, asked for the same work."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from rq import Queue
from rq.serializers import JSONSerializer

from app.queue.connection import connect_redis
from app.services.context import Context
from app.services.dataset import create_capture
from app.services.run import run_processor
from app.services.upload import save_upload
from app.services.user import create_user
from app.storage import setting
from bench._installation import managers, processes, wait, wait_for_end
from bench._plain_rq import started

OWNERS = 5


class Side(ABC):
    """A queue: work is asked for by a number, and notes when it begins."""

    title: str

    def __init__(self, ctx: Context, environ: dict[str, str]) -> None:
        self.ctx = ctx
        self.environ = environ
        self._number = 0

    def next_number(self) -> int:
        """A number that no work has had."""
        self._number += 1
        return self._number

    @abstractmethod
    def ask(self, seconds: float = 0) -> str:
        """Ask for work that takes so long; the name under which it notes its beginning."""

    @abstractmethod
    def left(self) -> int:
        """How much of it waits or is at work."""

    @abstractmethod
    def workers(self, count: int, machines: int = 1) -> AbstractContextManager[list[int]]:
        """Worker processes for the time of a block; the ids of those that all others descend from."""


class Bare(Side):
    """Our queue without datasets: a row, a doorbell, a fenced claim, a process of its own."""

    title = "4CAT, bare job"
    type = "tick"

    def ask(self, seconds: float = 0) -> str:
        """Put one job into the queue."""
        name = f"{self.type} {self.next_number()}"
        with self.ctx.database.transaction() as tx:
            owner = str(self._number % OWNERS)
            self.ctx.queue.enqueue(tx, self.type, name, owner=owner, details={"seconds": seconds})
        return name

    def left(self) -> int:
        """Open jobs."""
        row = self.ctx.database.one(
            "SELECT count(*) AS open FROM jobs WHERE type = %(type)s AND state <> 'failed'", type=self.type
        )
        return int(row["open"])

    @contextmanager
    def workers(self, count: int, machines: int = 1) -> Iterator[list[int]]:
        """Managers that keep at most so many workers at it between them."""
        setting.put(self.ctx.database, f"workers.{self.type}.max_workers", count)
        with managers(self.ctx, self.environ, machines, [self.type]) as ids:
            yield ids


class Datasets(Bare):
    """Our queue as it is used: also a dataset with provenance, and a Parquet file with its checksum."""

    title = "4CAT, dataset"
    type = "clock"

    def __init__(self, ctx: Context, environ: dict[str, str]) -> None:
        super().__init__(ctx, environ)
        self.user = create_user(ctx, "bench", "not a secret at all", is_admin=True)
        upload = save_upload(ctx, self.user, "one.csv", io.BytesIO(b"id,body\n1,one\n2,two\n"))
        self._top = create_capture(ctx, self.user, "upload", {}, upload_id=upload.id).key
        with managers(ctx, environ):
            wait_for_end(ctx, self._top)

    def ask(self, seconds: float = 0) -> str:
        """Ask for a dataset."""
        number = self.next_number()
        run_processor(self.ctx, self.user, self._top, self.type, {"number": number, "seconds": seconds})
        return f"{self.type} {number}"


class Plain(Side):
    """RQ as it comes, with JSON: a job is a call of a function; each worker forks a process for it."""

    title = "plain RQ"

    def __init__(self, ctx: Context, environ: dict[str, str]) -> None:
        super().__init__(ctx, environ)
        client = connect_redis(environ["REDIS_URL"])
        self.queue = Queue("plain", connection=client, serializer=JSONSerializer)

    def ask(self, seconds: float = 0) -> str:
        """Put one call into the queue."""
        name = f"plain {self.next_number()}"
        self.queue.enqueue(started, name, seconds)
        return name

    def left(self) -> int:
        """Calls that wait or are at work."""
        return int(self.queue.count + self.queue.started_job_registry.get_job_count(cleanup=False))

    @contextmanager
    def workers(self, count: int, machines: int = 1) -> Iterator[list[int]]:
        """So many of RQ's workers."""
        url, serializer = self.environ["REDIS_URL"], "rq.serializers.JSONSerializer"
        command = ("-m", "rq.cli", "worker", "--url", url, "-q", "-S", serializer, self.queue.name)
        with processes(self.environ, *[command] * count, quiet=True) as ids:
            key = f"rq:workers:{self.queue.name}"
            wait(lambda: self.queue.connection.scard(key) >= count, 60)
            yield ids
        wait(lambda: not self.queue.connection.scard(key), 60)
