"""The manager only imports: what its forks compute with must never have been computed with before the fork."""

from __future__ import annotations

import os
import sys

import pytest

from app.domain.dataset import Status
from app.domain.user import User
from app.services.context import Context
from app.services.run import run_processor
from tests.conftest import Process, finished_posts, wait_for, wait_for_end


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_engines_work_in_every_fork_and_leave_the_manager_without_threads_of_theirs(
    ctx: Context, admin: User, workers: Process
) -> None:
    top = finished_posts(ctx, admin)
    wait_for(lambda: "igraph" in _maps(workers.pid), "the libraries that are imported when there is time")
    asked = [
        run_processor(ctx, admin, top.key, type_, {}, rerun=True)[0]
        for type_ in ("cotag-network", "count-posts", "unique-filter", "tokenise-posts") * 3
    ]

    assert {wait_for_end(ctx, dataset.key).status for dataset in asked} == {Status.FINISHED}
    # What numpy's BLAS starts at its import, and the process itself.
    assert len(os.listdir(f"/proc/{workers.pid}/task")) <= 2 + (os.cpu_count() or 1) * 3


def _maps(pid: int) -> str:
    with open(f"/proc/{pid}/maps") as opened:
        return opened.read()
