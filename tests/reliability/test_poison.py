"""A job that always kills its process: it stops after its attempts, shows its reason, and is run again by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.domain.dataset import Status
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import log_text
from app.services.failure import dismiss_job, retry_job
from app.services.run import run_processor
from app.services.status import snapshot
from tests.conftest import finished_posts, wait_for_end

pytestmark = pytest.mark.usefixtures("workers")


def attempts(trace: Path) -> int:
    """How often the work was begun."""
    return len(trace.read_text().splitlines())


def failures(ctx: Context) -> list[dict[str, Any]]:
    """What the control panel shows of failed analyses."""
    return [job for job in snapshot(ctx)["failed"] if job["type"] == "misbehave"]


def test_poison_is_shown_and_tried_again_by_hand_with_all_its_attempts(
    ctx: Context, admin: User, user: User, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    options = {"way": "die", "trace": str(trace)}
    dataset, _ = run_processor(ctx, user, finished_posts(ctx, user).key, "misbehave", options)
    assert wait_for_end(ctx, dataset.key, 90).status is Status.FAILED
    assert attempts(trace) == 3

    (failure,) = failures(ctx)
    assert (failure["dataset"], failure["label"], failure["owner"]) == (dataset.key, "Misbehave", user.name)
    assert (failure["attempts"], "SIGSEGV" in failure["error"]) == (3, True)
    assert log_text(ctx, user, dataset.key).count("SIGSEGV") >= 3

    retry_job(ctx, admin, failure["id"])
    assert wait_for_end(ctx, dataset.key, 90).status is Status.FAILED
    assert attempts(trace) == 6
    (again,) = failures(ctx)
    assert (again["dataset"], again["attempts"]) == (dataset.key, 3)

    dismiss_job(ctx, admin, again["id"])
    assert failures(ctx) == []
