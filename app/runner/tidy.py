"""Keep Redis tidy: what RQ remembers of work whose processes have died is forgotten in time."""

from __future__ import annotations

from collections.abc import Collection

from rq import Queue
from rq.registry import clean_registries
from rq.serializers import JSONSerializer
from rq.worker_registration import WORKERS_BY_QUEUE_KEY, clean_worker_registry

from app.queue.connection import Bell


def tidy(bell: Bell, types: Collection[str]) -> int:
    """Let each queue of this installation forget what has expired, and drop those of no type; how many were seen to.

    RQ's workers do so for their own queue while there are any. A queue that is seldom used has none for days, and one
    whose type was removed never again. What a dropped queue held is rung again if there is such work after all.
    """
    done = 0
    for queue in Queue.all(bell.client, serializer=JSONSerializer):
        if not queue.name.startswith(f"{bell.prefix}:") or not queue.acquire_maintenance_lock():
            continue
        try:
            clean_registries(queue)
            clean_worker_registry(queue)
            _forget_dropped(queue)
            if queue.name.removeprefix(f"{bell.prefix}:") not in types:
                _drop(queue)
            done += 1
        finally:
            queue.release_maintenance_lock()  # type: ignore[no-untyped-call]
    return done


def _forget_dropped(queue: Queue) -> None:
    """Forget doorbells that a worker took and never answered, as when its connection broke just then.

    Seen twice, a minute apart at least. The reconciler has rung such a job again long before.
    """
    taken = queue.intermediate_queue
    for bell_id in taken.get_job_ids():
        if bell_id in queue.started_job_registry or taken.set_first_seen(bell_id):
            continue
        if taken.should_be_cleaned_up(bell_id):
            found = queue.fetch_job(bell_id)
            if found is not None:
                found.delete()
            taken.remove(bell_id)
            queue.connection.delete(taken.get_first_seen_key(bell_id))


def _drop(queue: Queue) -> None:
    queue.delete(delete_jobs=True)
    registries = (queue.failed_job_registry, queue.finished_job_registry, queue.started_job_registry)
    queue.connection.delete(
        *(registry.key for registry in registries), queue.intermediate_queue_key, WORKERS_BY_QUEUE_KEY % queue.name
    )
