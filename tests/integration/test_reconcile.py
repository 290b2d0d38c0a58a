"""What the reconciler mends, without workers."""

from __future__ import annotations

from app.domain.dataset import Status
from app.domain.user import User
from app.runner.reconcile import Reconciler
from app.services.context import Context
from app.services.run import run_processor
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import repair
from tests.conftest import finished_posts


def test_work_of_a_type_that_is_gone_fails_with_the_reason(ctx: Context, admin: User) -> None:
    asked = run_processor(ctx, admin, finished_posts(ctx, admin).key, "misbehave", {"way": "work"})[0]
    ctx.database.run("UPDATE jobs SET type = 'removed-long-ago', claim_after = now() - interval '1 second'")
    assert Reconciler(ctx).look() == 0
    assert datasets.get(ctx.database, asked.key).status is Status.WAITING

    ctx.database.run("UPDATE jobs SET queued = now() - interval '11 minutes'")
    assert Reconciler(ctx).look() == 1

    ended = datasets.get(ctx.database, asked.key)
    reason = "Nothing here does work of the type removed-long-ago any more."
    assert (ended.status, ended.message) == (Status.FAILED, reason)
    job = jobs.for_dataset(ctx.database, asked.key)
    assert job is not None
    assert (job.state, job.error) == ("failed", reason)
    assert [row["text"] for row in repair.latest(ctx.database, 5)] == [reason]
