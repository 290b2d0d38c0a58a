"""The state of the machinery: queues, managers, running and failed jobs, versions."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib import metadata
from typing import Any

import redis

from app import __version__
from app.domain.errors import Unavailable
from app.services.context import Context
from app.storage import job as jobs
from app.storage import job_reports, overview

_LIBRARIES = ("rq", "rq-scheduler", "flask", "flask-smorest", "polars", "duckdb", "pyarrow", "psycopg2-binary", "redis")


def liveness(ctx: Context) -> dict[str, Any]:
    """Whether the parts of the installation answer, and how fast; nothing about what is in it."""
    database, _ = _ask(lambda: ctx.database.one("SELECT 1 AS one"))
    queue, _ = _ask(ctx.bell.client.ping)
    state = "ok" if database["ok"] and queue["ok"] else "degraded" if database["ok"] else "down"
    return {
        "status": state,
        "name": ctx.settings.site_name,
        "version": __version__,
        "time": datetime.now(UTC),
        "database": database,
        "redis": queue,
    }


def _ask(question: Any) -> tuple[dict[str, Any], Any]:
    started = time.monotonic()
    try:
        answer = question()
    except (Unavailable, redis.RedisError):
        return {"ok": False, "milliseconds": None}, None
    return {"ok": True, "milliseconds": round((time.monotonic() - started) * 1000, 1)}, answer


def snapshot(ctx: Context) -> dict[str, Any]:
    """Everything an operator looks at. A part that does not answer is said so, and the rest is still there.

    Keys: status, name, version, time, database, redis, versions, datasets (count by status), queues, managers
    (None while Redis is away), running, failed.
    """
    found = liveness(ctx)
    managers, answer = _ask(ctx.bell.managers)
    found |= {
        "versions": versions(ctx, with_servers=found["database"]["ok"]),
        "managers": _managers(answer) if managers["ok"] else None,
        "datasets": {},
        "queues": [],
        "running": [],
        "failed": [],
    }
    if found["database"]["ok"]:
        found |= {
            "datasets": overview.dataset_counts(ctx.database),
            "queues": queues(ctx),
            "running": overview.running_jobs(ctx.database),
            "failed": overview.failed_jobs(ctx.database),
        }
    return found


def queues(ctx: Context) -> list[dict[str, Any]]:
    """Every queue: how many jobs wait, have been rung, run and failed, how many may run, and the oldest one's wait."""
    counts = job_reports.queue_counts(ctx.database)
    site = ctx.site_settings()
    now = datetime.now(UTC)
    declared = {type_: plugin.max_workers for type_, plugin in ctx.registry.queues().items()}
    found = []
    for type_ in sorted({*declared, *counts}):
        count = counts.get(type_, {"waiting": 0, "rung": 0, "running": 0, "failed": 0, "oldest": None})
        oldest = max((now - count["oldest"]).total_seconds(), 0.0) if count["oldest"] else None
        limit = _limit(site, type_, declared.get(type_, 1))
        found.append({"type": type_, **count, "oldest": oldest, "max_workers": limit, "is_known": type_ in declared})
    return found


def _limit(site: Mapping[str, Any], type_: str, declared: int) -> int:
    value = site.get(f"workers.{type_}.max_workers")
    return max(value, 0) if isinstance(value, int) and not isinstance(value, bool) else declared


def _managers(answer: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": name, **facts} for name, facts in sorted(answer.items())]


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


def list_jobs(ctx: Context, limit: int = 500) -> list[dict[str, Any]]:
    """Open and failed jobs, running ones first, with what they work on. Their details stay out: they hold secrets."""
    shown = ("id", "type", "state", "dataset", "blocked_by", "interval", "attempts", "max_attempts", "queued")
    more = ("claim_after", "claimed", "heartbeat", "host", "pid", "cancel_requested", "error")
    return [{name: getattr(job, name) for name in (*shown, *more)} for job in jobs.list_jobs(ctx.database, limit)]


def prometheus(ctx: Context) -> str:
    """The state of the machinery in Prometheus' text format."""
    found = snapshot(ctx)
    lines = [
        "# HELP fourcat_up Whether a part of the installation answers.",
        "# TYPE fourcat_up gauge",
        *(f'fourcat_up{{part="{part}"}} {int(found[part]["ok"])}' for part in ("database", "redis")),
        "# HELP fourcat_jobs Jobs by type and state.",
        "# TYPE fourcat_jobs gauge",
    ]
    states = ("waiting", "rung", "running", "failed")
    for queue in found["queues"]:
        lines += [f'fourcat_jobs{{type="{queue["type"]}",state="{state}"}} {queue[state]}' for state in states]
    lines += [
        "# HELP fourcat_jobs_oldest_seconds How long the oldest job that could start has waited.",
        "# TYPE fourcat_jobs_oldest_seconds gauge",
        *(f'fourcat_jobs_oldest_seconds{{type="{queue["type"]}"}} {queue["oldest"] or 0}' for queue in found["queues"]),
        "# HELP fourcat_max_workers Jobs of a type that may run at once.",
        "# TYPE fourcat_max_workers gauge",
        *(f'fourcat_max_workers{{type="{queue["type"]}"}} {queue["max_workers"]}' for queue in found["queues"]),
        "# HELP fourcat_datasets Datasets by status.",
        "# TYPE fourcat_datasets gauge",
        *(f'fourcat_datasets{{status="{status}"}} {count}' for status, count in found["datasets"].items()),
    ]
    if found["managers"] is not None:
        lines += ["# HELP fourcat_managers Managers that are there.", "# TYPE fourcat_managers gauge"]
        lines.append(f"fourcat_managers {len(found['managers'])}")
    return "\n".join(lines) + "\n"
