"""The state of the machinery: queues, machines, running and failed jobs, repairs, versions."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from importlib import metadata
from typing import Any

import redis

from app import __version__
from app.domain.errors import Unavailable
from app.domain.setting import places_of
from app.services.context import Context
from app.services.job_limits import job_limits
from app.services.unclaimed import LATE, Managers, find_unclaimed
from app.storage import overview, repair

_LIBRARIES = ("rq", "rq-scheduler", "flask", "flask-smorest", "polars", "duckdb", "pyarrow", "psycopg2-binary", "redis")
_NONE = {"waiting": 0, "blocked": 0, "rung": 0, "running": 0, "failed": 0, "oldest": None, "late": 0, "late_rung": 0}
_REPAIR_HOURS = 24.0


def liveness(ctx: Context) -> dict[str, Any]:
    """Whether the parts of the installation answer, and how fast; nothing about what is in it."""
    database, _ = _ask(lambda: ctx.database.one("SELECT 1 AS one"))
    queue, _ = _ask(ctx.bell.client.ping)
    state = "ok" if database["ok"] and queue["ok"] else "degraded" if database["ok"] else "down"
    return {
        "status": state,
        "name": _site_name(ctx) if database["ok"] else ctx.settings.site_name,
        "version": __version__,
        "time": datetime.now(UTC),
        "database": database,
        "redis": queue,
    }


def _site_name(ctx: Context) -> str:
    try:
        return ctx.site_name
    except Unavailable:
        return ctx.settings.site_name


def _ask(question: Any) -> tuple[dict[str, Any], Any]:
    started = time.monotonic()
    try:
        answer = question()
    except (Unavailable, redis.RedisError):
        return {"ok": False, "milliseconds": None}, None
    return {"ok": True, "milliseconds": round((time.monotonic() - started) * 1000, 1)}, answer


def snapshot(ctx: Context) -> dict[str, Any]:
    """Everything an operator looks at. A part that does not answer is said so, and the rest is still there.

    Keys: status, name, version, time, database, redis, versions, datasets (count by status), queues, unclaimed,
    managers (None while Redis is away), running, hosts, failed, repairs, repair_counts (of one day, by kind).
    """
    found = liveness(ctx)
    managers = find_managers(ctx) if found["redis"]["ok"] else None
    found |= {
        "versions": versions(ctx, with_servers=found["database"]["ok"]),
        "managers": list_managers(managers),
        "datasets": {},
        "repair_counts": {},
        **{name: [] for name in ("queues", "unclaimed", "running", "hosts", "failed", "repairs")},
    }
    if found["database"]["ok"]:
        counted = queues(ctx, managers)
        found |= {
            "datasets": overview.dataset_counts(ctx.database),
            "queues": counted,
            "unclaimed": [queue["unclaimed"] for queue in counted if queue["unclaimed"]],
            "running": overview.running_jobs(ctx.database),
            "hosts": overview.running_by_host(ctx.database),
            "failed": overview.failed_jobs(ctx.database),
            "repairs": repair.latest(ctx.database),
            "repair_counts": repair.counts(ctx.database, _REPAIR_HOURS),
        }
    return found


def queues(ctx: Context, managers: Managers | None) -> list[dict[str, Any]]:
    """Every queue: how many jobs wait, have been rung, run and failed, its limits, and the oldest one's wait.

    `unclaimed` says why nobody takes what waits, or is None; for that it needs what `find_managers` gives.
    """
    found = list(_count_queues(ctx).values())
    faults = {fault.type: asdict(fault) for fault in find_unclaimed(found, managers)}
    return [{**queue, "unclaimed": faults.get(queue["type"])} for queue in found]


def _count_queues(ctx: Context) -> dict[str, dict[str, Any]]:
    counts = overview.queue_counts(ctx.database, LATE)
    site = ctx.site_settings()
    return {
        type_: {"type": type_, **_NONE, **counts.get(type_, {}), **_limits(ctx, site, type_)}
        for type_ in sorted({*ctx.registry.queues(), *counts})
    }


def _limits(ctx: Context, site: Mapping[str, Any], type_: str) -> dict[str, Any]:
    """How many jobs of a type may run at once, and what each may use."""
    plugin = ctx.registry.queues().get(type_)
    at_once = places_of(site, type_, plugin.max_workers if plugin else 1)
    if plugin is None:
        return {"max_workers": at_once, "memory_mb": None, "minutes": None, "is_known": False}
    each = job_limits(ctx.settings, plugin, site)
    return {
        "max_workers": at_once,
        "memory_mb": each.memory_mb,
        "minutes": each.minutes,
        "is_known": True,
    }


def busy_queues(ctx: Context) -> list[dict[str, Any]]:
    """The queues in which something waits or runs: type and counts, and nothing that only operators may know."""
    counts = overview.queue_counts(ctx.database, LATE)
    found = [
        {"type": type_, "waiting": count["waiting"] + count["rung"], "running": count["running"]}
        for type_, count in counts.items()
    ]
    return [queue for queue in found if queue["waiting"] or queue["running"]]


def find_managers(ctx: Context) -> Managers | None:
    """What the managers say of themselves, by name; None while Redis is away."""
    _, answer = _ask(ctx.bell.managers)
    found: Managers | None = answer
    return found


def list_managers(managers: Managers | None) -> list[dict[str, Any]] | None:
    """The managers as a list. `sign_age` is how many seconds ago one said that it is there, where it says when."""
    if managers is None:
        return None
    now = time.time()
    return [
        {
            "name": name,
            **facts,
            "started": datetime.fromtimestamp(facts["started"], UTC),
            "slots": sum(facts["workers"].values()),
            "sign_age": round(max(now - facts["signed"], 0.0), 1) if "signed" in facts else None,
        }
        for name, facts in sorted(managers.items())
    ]


def versions(ctx: Context, *, with_servers: bool = True) -> dict[str, str | None]:
    """Versions of the tool, of Python, of the libraries that matter, and of the servers."""
    found: dict[str, str | None] = {"4cat": __version__, "python": platform.python_version(), **_libraries()}
    if with_servers:
        found["postgresql"] = str(overview.server_facts(ctx.database)["version"]).split(" ")[0]
    try:
        server: Any = ctx.bell.client.info("server")
        found["redis-server"] = server.get("valkey_version") or server.get("redis_version")
    except redis.RedisError:
        found["redis-server"] = None
    return found


@lru_cache(maxsize=1)
def _libraries() -> dict[str, str | None]:
    return {name: metadata.version(name) for name in _LIBRARIES}


def list_jobs(
    ctx: Context, *, state: str | None = None, type_: str | None = None, after: int = 0, limit: int = 500
) -> list[dict[str, Any]]:
    """Open and failed jobs by number, those after `after`: whose they are, what they make. Their details stay out."""
    return overview.list_jobs(ctx.database, state=state, type_=type_, after=after, limit=limit)


def list_by_need(
    ctx: Context, *, state: str | None, type_: str | None, after: tuple[int, int] | None, limit: int
) -> tuple[list[dict[str, Any]], tuple[int, int] | None]:
    """A page of such jobs, what needs somebody first: each with its `need` (0 to 3); and after which the next begins.

    Failures are first (0), then what runs (1) and waits (2), and standing tasks last (3); the newest first in each.
    """
    found = overview.list_by_need(ctx.database, state=state, type_=type_, after=after, limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return found[:limit], (last["need"], last["id"]) if last else None


def workers(ctx: Context) -> dict[str, Any]:
    """Who works: whether Redis answers, the managers, the jobs at work and the versions."""
    managers = find_managers(ctx)
    return {
        "redis": managers is not None,
        "managers": list_managers(managers),
        "running": overview.running_jobs(ctx.database),
        "versions": versions(ctx),
    }


def list_repairs(ctx: Context, limit: int = 100, *, before: int | None = None) -> list[dict[str, Any]]:
    """What the reconciler has mended, the latest first; with `before` what follows the repair of this number."""
    return repair.latest(ctx.database, limit, before=before)
