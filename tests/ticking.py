"""The runs that the standing task `tick` has written down, and what must hold for them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from app.runner.schedule import open_scheduler
from app.services.context import Context
from app.storage import setting


@dataclass(frozen=True, order=True)
class Run:
    """When a run began and ended, and the point of the grid that its claim took."""

    began: float
    ended: float
    point: float


def runs(ctx: Context, since: float = 0) -> list[Run]:
    """The runs that have ended, of those whose point of the grid is `since` or later."""
    found = (Run(*value) for name, value in setting.all_settings(ctx.database).items() if name.startswith("tick.ran."))
    return sorted(run for run in found if run.point >= since)


def assert_on_grid(found: list[Run], interval: int = 2) -> None:
    """Each run has a point of the grid to itself, begins no sooner, and only when the one before has ended."""
    points = [run.point for run in found]
    assert len(set(points)) == len(points), found
    assert all(point % interval == 0 for point in points), found
    assert all(run.began >= run.point for run in found), found
    assert all(later.began >= earlier.ended for earlier, later in pairwise(found)), found


def entries(ctx: Context) -> dict[str, float]:
    """rq-scheduler's entries, and when each is due."""
    scheduler = open_scheduler(ctx.bell)
    found: Any = ctx.bell.client.zrange(scheduler.scheduled_jobs_key, 0, -1, withscores=True)
    return {name.decode(): score for name, score in found}


def tick_entries(ctx: Context) -> dict[str, float]:
    """Those of `tick`."""
    return {name: score for name, score in entries(ctx).items() if "-interval-tick-" in name}
