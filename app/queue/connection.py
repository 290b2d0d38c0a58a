"""Redis, as far as the queue needs it: ring a doorbell in RQ, wake the managers, show live progress.

Redis may be away or emptied at any time: nothing here raises for that, and nothing is kept here that is not in
PostgreSQL or comes again by itself.
"""

from __future__ import annotations

import json
import logging
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.job import Job as RQJob
from rq.serializers import JSONSerializer

from app.domain.texts import recalled, recorded

log = logging.getLogger(__name__)

ENTRY = "app.runner.entry.run_job"
"""What a doorbell calls in the worker process, with the job's id."""

FAILURE_SECONDS = 6 * 3600
_REST_SECONDS = 3.0
_LIVE_SECONDS = 60


def connect_redis(
    url: str, *, verify: bool = False, timeout: float | None = 3.0, name: str = "4cat", most: int = 16
) -> redis.Redis:
    """A client for a Redis URL (`redis://`, `rediss://`, `unix://`); connects when first used.

    With `verify=False` a `rediss://` server may have a certificate that nobody vouches for, as on some platforms.
    A lost connection is opened again at once; a server that hangs is not asked twice. `name` is shown in the server's
    list of connections, of which this client opens at most `most`.
    """
    options: dict[str, Any] = {
        "socket_connect_timeout": 2,
        "health_check_interval": 15,
        "retry": Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        "client_name": name.replace(" ", "-"),
        "max_connections": most,
    }
    if url.startswith("rediss://") and not verify:
        options |= {"ssl_cert_reqs": ssl.CERT_NONE, "ssl_check_hostname": False}
    client: redis.Redis = redis.Redis.from_url(url, socket_timeout=timeout, **options)
    return client


class Bell:
    """The doorbells of one installation; `prefix` keeps two installations on one Redis apart."""

    def __init__(self, client: redis.Redis, prefix: str) -> None:
        self.client = client
        self.prefix = prefix
        self._resting_until = 0.0

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask Redis, unless it has not answered a moment ago: one that hangs must not hold up every request in turn."""
        if time.monotonic() < self._resting_until:
            raise redis.ConnectionError("Redis did not answer a moment ago")
        try:
            yield
        except (redis.ConnectionError, redis.TimeoutError):
            self._resting_until = time.monotonic() + _REST_SECONDS
            raise

    def queue_name(self, type_: str) -> str:
        """The RQ queue of a type."""
        return f"{self.prefix}:{type_}"

    def queue(self, type_: str) -> Queue:
        """The RQ queue of a type, with JSON instead of pickle."""
        return Queue(self.queue_name(type_), connection=self.client, serializer=JSONSerializer)

    @property
    def wake_channel(self) -> str:
        """Where managers hear that a queue has something to do."""
        return f"{self.prefix}:wake"

    def ring(self, type_: str, job_id: int, ring: int) -> bool:
        """Put a job's doorbell into its RQ queue and wake the managers; False when Redis is away.

        Its last one goes if it still hangs, as when an interval job was claimed by way of its entry meanwhile: where
        runs are long they would pile up.
        """
        try:
            with self.asking():
                if ring > 1:
                    self._take_down(type_, self.bell_id(job_id, ring - 1))
                self.queue(type_).enqueue_call(
                    ENTRY,
                    args=(job_id,),
                    job_id=self.bell_id(job_id, ring),
                    timeout=-1,
                    result_ttl=0,
                    failure_ttl=FAILURE_SECONDS,
                )
                self.client.publish(self.wake_channel, type_)
        except redis.RedisError as error:
            log.warning("job %s (%s) could not be rung: %s", job_id, type_, error)
            return False
        return True

    def _take_down(self, type_: str, bell_id: str) -> None:
        """Remove a doorbell that hangs; one that a worker has taken already is left to that worker."""
        if self.client.lrem(f"rq:queue:{self.queue_name(type_)}", 0, bell_id):
            self.client.delete(RQJob.key_for(bell_id))

    def bell_id(self, job_id: int, ring: int) -> str:
        """The RQ id of one ring of a job."""
        return f"{self.prefix}-{job_id}-{ring}"

    def is_hanging(self, type_: str, job_id: int, ring: int) -> bool | None:
        """Whether a doorbell still waits in its queue; None when Redis is away."""
        try:
            bell_id = self.bell_id(job_id, ring)
            with self.asking():
                waiting = self.client.lpos(f"rq:queue:{self.queue_name(type_)}", bell_id)
                return waiting is not None and RQJob.exists(bell_id, connection=self.client)
        except redis.RedisError:
            return None

    def show(self, dataset: str, progress: float | None, message: str) -> None:
        """Show how far a running dataset is, to whoever polls for it."""
        try:
            with self.asking():
                self.client.set(self._live_key(dataset), json.dumps([progress, recorded(message)]), ex=_LIVE_SECONDS)
        except redis.RedisError as error:
            log.debug("progress of %s not shown: %s", dataset, error)

    def live(self, datasets: list[str]) -> dict[str, tuple[float | None, str]]:
        """The progress last shown for these datasets, where there is any."""
        if not datasets:
            return {}
        try:
            with self.asking():
                values = self.client.mget([self._live_key(key) for key in datasets])
        except redis.RedisError:
            return {}
        found = zip(datasets, values, strict=True)
        shown = {key: json.loads(value) for key, value in found if value}
        return {key: (progress, recalled(message)) for key, (progress, message) in shown.items()}

    def clear(self, dataset: str) -> None:
        """Forget the progress of a dataset that has ended."""
        try:
            with self.asking():
                self.client.delete(self._live_key(dataset))
        except redis.RedisError as error:
            log.debug("progress of %s not cleared: %s", dataset, error)

    def _live_key(self, dataset: str) -> str:
        return f"{self.prefix}:live:{dataset}"

    def sign(self, manager: str, facts: dict[str, Any], seconds: int) -> None:
        """Let a manager say that it is there; the word stands for some seconds."""
        self.client.set(f"{self.prefix}:manager:{manager}", json.dumps(facts), ex=seconds)

    def unsign(self, manager: str) -> None:
        """Let a manager say that it has gone."""
        try:
            with self.asking():
                self.client.delete(f"{self.prefix}:manager:{manager}")
        except redis.RedisError as error:
            log.debug("manager %s not signed off: %s", manager, error)

    def managers(self) -> dict[str, dict[str, Any]]:
        """The managers that are there, and what they say of themselves. :raises redis.RedisError: when Redis is away"""
        with self.asking():
            names = sorted(self.client.scan_iter(f"{self.prefix}:manager:*", count=1000))
            values = self.client.mget(names) if names else []
        found = zip(names, values, strict=True)
        return {name.decode().rsplit(":manager:", 1)[1]: json.loads(value) for name, value in found if value}
