"""From an uploaded file to finished analyses, through the real queue and worker processes."""

from __future__ import annotations

import polars as pl

from app.domain.dataset import Status
from app.domain.user import User
from app.services.context import Context
from app.services.run import run_processor
from tests.conftest import Process, import_posts, wait_for_end


def test_a_tree_queued_at_once_finishes(ctx: Context, admin: User, workers: Process) -> None:
    top = import_posts(ctx, admin)
    counts, _ = run_processor(ctx, admin, top.key, "count-posts", {"timeframe": "month"})
    filtered, _ = run_processor(ctx, admin, top.key, "random-filter", {"sample_size": 20})
    below, _ = run_processor(ctx, admin, filtered.key, "count-posts", {})

    ended = [wait_for_end(ctx, key) for key in (top.key, counts.key, filtered.key, below.key)]

    assert [dataset.status for dataset in ended] == [Status.FINISHED] * 4, [dataset.message for dataset in ended]
    assert ended[0].rows == 60
    table = pl.read_parquet(ctx.files.local(ended[1].result.files["table"]))
    assert table["value"].sum() == 60
    assert pl.read_parquet(ctx.files.local(ended[3].result.files["table"]))["value"].sum() == 20
