"""The state of the machinery in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.services.context import Context
from app.services.status import snapshot

_STATES = ("waiting", "rung", "running", "failed")
Sample = tuple[Mapping[str, object], float | None]


def prometheus(ctx: Context) -> str:
    """Every metric, for Prometheus to fetch. What cannot be known, since its part does not answer, is left out."""
    found = snapshot(ctx)
    parts = [(dict(part=part), int(found[part]["ok"])) for part in ("database", "redis")]
    lines = _metric("up", "Whether a part of the installation answers.", parts)
    if found["managers"] is not None:
        lines += _metric("managers", "Managers that are there.", [({}, len(found["managers"]))])
        slots = [(dict(manager=manager["name"]), manager["slots"]) for manager in found["managers"]]
        lines += _metric("workers", "Worker processes of each manager.", slots)
    if found["database"]["ok"]:
        lines += _of_queues(found["queues"])
        lines += _of_jobs(found)
    return "\n".join(lines) + "\n"


def _of_queues(queues: list[dict[str, Any]]) -> list[str]:
    def each(name: str) -> list[Sample]:
        return [(dict(type=queue["type"]), queue[name] or 0) for queue in queues]

    states = [(dict(type=queue["type"], state=state), queue[state]) for queue in queues for state in _STATES]
    nobody = [(dict(type=queue["type"]), queue["unclaimed"]["jobs"] if queue["unclaimed"] else 0) for queue in queues]
    return [
        *_metric("jobs", "Jobs by type and state.", states),
        *_metric("jobs_oldest_seconds", "How long the oldest job that could start has waited.", each("oldest")),
        *_metric("max_workers", "Jobs of a type that may run at once.", each("max_workers")),
        *_metric("unclaimed", "Jobs that have waited for a minute, could start, and that nobody takes.", nobody),
    ]


def _of_jobs(found: Mapping[str, Any]) -> list[str]:
    hosts = found["hosts"]
    oldest = max((host["heartbeat_age"] or 0.0 for host in hosts), default=0.0)
    running = [(dict(host=host["host"]), host["count"]) for host in hosts]
    failed = sum(queue["failed"] for queue in found["queues"])
    repairs = [(dict(kind=kind), count) for kind, count in found["repair_counts"].items()]
    datasets = [(dict(status=status), count) for status, count in found["datasets"].items()]
    return [
        *_metric("running", "Jobs that run, by machine.", running),
        *_metric("heartbeat_oldest_seconds", "Seconds since the longest silent job was last alive.", [({}, oldest)]),
        *_metric("failed", "Failed jobs that are kept for their reason.", [({}, failed)]),
        *_metric("repairs", "What the reconciler has mended in the last 24 hours, by kind.", repairs),
        *_metric("datasets", "Datasets by status.", datasets),
    ]


def _metric(name: str, about: str, samples: Iterable[Sample]) -> list[str]:
    """One metric, all of whose values can go up and down."""
    return [
        f"# HELP fourcat_{name} {about}",
        f"# TYPE fourcat_{name} gauge",
        *(f"fourcat_{name}{_labels(labels)} {value}" for labels, value in samples),
    ]


def _labels(labels: Mapping[str, object]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_quoted(str(value))}"' for name, value in labels.items()) + "}"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
