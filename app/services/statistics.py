"""How busy the installation is, in numbers for monitoring; nothing about what is in it or whose it is."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from app.services.context import Context
from app.services.status import find_managers
from app.storage import overview, statistics


def gather(ctx: Context) -> dict[str, Any]:
    """Posts of the last hour by source, datasets of the last hour and day, and jobs and workers by type.

    `workers` is None while Redis is away. Types with nothing to count are there, so that graphs keep their lines.
    """
    return {
        "time": datetime.now(UTC),
        "posts": statistics.posts_of_last_hour(ctx.database),
        "datasets": statistics.datasets_created(ctx.database),
        "jobs": _jobs(ctx),
        "workers": _workers(ctx),
    }


def _jobs(ctx: Context) -> dict[str, Any]:
    """Open jobs: those that wait, for another dataset too, or run. A standing task at rest is none."""
    counts = overview.queue_counts(ctx.database, 0)
    types = []
    for type_ in sorted({*ctx.registry.queues(), *counts}):
        count = counts.get(type_, {"waiting": 0, "rung": 0, "running": 0, "oldest": None})
        open_ = count["waiting"] + count["rung"] + count["running"]
        types.append({"type": type_, "jobs": open_, "oldest": max(count["oldest"] or 0.0, 0.0)})
    return {
        "total": sum(each["jobs"] for each in types),
        "oldest": max((each["oldest"] for each in types), default=0.0),
        "types": types,
    }


def _workers(ctx: Context) -> dict[str, Any] | None:
    managers = find_managers(ctx)
    if managers is None:
        return None
    counts: Counter[str] = Counter(dict.fromkeys(ctx.registry.queues(), 0))
    for manager in managers.values():
        counts.update(manager["workers"])
    return {
        "total": sum(counts.values()),
        "types": [{"type": type_, "workers": count} for type_, count in sorted(counts.items())],
    }
