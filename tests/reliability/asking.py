"""What the tests of faults share: ask for something that misbehaves, and check that it ended right, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil

from app.domain.dataset import Dataset, Status
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import log_text
from app.services.run import run_processor
from tests.conftest import wait_for

MADE = "60 items read, 3 rows made."


def ask(ctx: Context, admin: User, top: Dataset, way: str, **options: Any) -> Dataset:
    return run_processor(ctx, admin, top.key, "misbehave", {"way": way, **options})[0]


def wait_for_trace(trace: Path, attempts: int = 1) -> int:
    """The process of the latest attempt, once there have been so many."""
    wait_for(lambda: trace.exists() and len(trace.read_text().split()) >= attempts, "the trace")
    return int(trace.read_text().split()[-1])


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet buried does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def redis_process(ctx: Context) -> psutil.Process:
    """The process of the Redis server."""
    facts: dict[str, Any] = ctx.bell.client.info()  # type: ignore[assignment]
    return psutil.Process(int(facts["process_id"]))


def published(ctx: Context, admin: User, dataset: Dataset) -> int:
    """How often a result of this dataset was put into the database."""
    return sum(line.endswith(MADE) for line in log_text(ctx, admin, dataset.key).splitlines())


def assert_right(ctx: Context, admin: User, ended: Dataset) -> None:
    """Finished once, with exactly the files that its result names."""
    assert (ended.status, ended.rows, published(ctx, admin, ended)) == (Status.FINISHED, 3, 1), ended
    assert ended.result is not None
    stored = {file.name for file in ctx.files.find(f"datasets/{ended.key}")}
    assert stored == {file.name for file in ended.result.files.values()}


def spans(trace: Path) -> list[tuple[float, float]]:
    """When each finished attempt of the way `span` began and ended."""
    path = Path(f"{trace}.spans")
    lines = path.read_text().splitlines() if path.exists() else []
    return sorted((float(began), float(ended)) for began, ended in (line.split() for line in lines))


def most_at_once(found: list[tuple[float, float]]) -> int:
    """The largest number of spans that overlap."""
    steps = sorted([(began, 1) for began, _ in found] + [(ended, -1) for _, ended in found])
    running = most = 0
    for _, step in steps:
        running += step
        most = max(most, running)
    return most
