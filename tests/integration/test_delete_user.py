"""A user who has datasets is deleted by a job, wholly, also when it dies half-way."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.domain.errors import Conflict, NotSignedIn
from app.domain.user import User
from app.runner.report import Reader, Reporter
from app.runner.task_context import TaskContext
from app.services.context import Context
from app.services.dataset_bin import delete_tree
from app.services.run import run_processor
from app.services.sign_in import sign_in
from app.services.token import create_token, use_token
from app.services.user_admin import change_user, get_listed
from app.services.user_delete import DELETE, delete_user
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import user as users
from app.storage import user_list
from tests.conftest import PASSWORD, finished_posts, import_posts
from tests.results import new_dataset, store_table
from workers.delete_user import DeleteUser


@pytest.fixture
def do(ctx: Context, tmp_path: Path) -> Iterator[Callable[[], list[str]]]:
    """Do the job once, as a worker process does; gives the lines of its log."""
    reading, writing = os.pipe()
    reader = Reader(reading)

    def once() -> list[str]:
        job = next(job for job in jobs.list_jobs(ctx.database) if job.type == DELETE)
        DeleteUser().work(job, TaskContext(ctx, ctx.site_settings(), tmp_path, Reporter(writing)))
        return [value for kind, value in reader.messages() if kind == "log"]

    yield once
    os.close(writing)
    os.close(reading)


def test_a_user_with_datasets_goes_with_all_of_them(
    ctx: Context, admin: User, user: User, tmp_path: Path, do: Callable[[], list[str]]
) -> None:
    secret = create_token(ctx, user, "script")[1]
    posts, waiting, table = finished_posts(ctx, user), import_posts(ctx, user), store_table(ctx, user, tmp_path)
    count, _ = run_processor(ctx, admin, posts.key, "count-posts", {})
    files = {file.name for found in (posts, table) if found.result for file in found.result.files.values()}
    assert files and not delete_user(ctx, admin, user.id)
    assert datasets.find(ctx.database, posts.key)  # the request has deleted nothing yet
    with pytest.raises(NotSignedIn):
        sign_in(ctx, user.name, PASSWORD)
    with pytest.raises(NotSignedIn):
        use_token(ctx, secret)
    assert get_listed(ctx, admin, user.id).is_leaving
    with pytest.raises(Conflict):
        change_user(ctx, admin, user.id, is_active=True)
    delete_tree(ctx, posts.key)  # where a worker that has died has come to
    assert do() == ["deleted ursula, with 2 datasets and all made from them"]
    assert users.find(ctx.database, user.id) is None
    assert [datasets.find(ctx.database, found.key) for found in (posts, waiting, table, count)] == [None] * 4
    assert files.isdisjoint(item.name for item in ctx.files.find(""))
    assert do() == []  # once more, as after an answer that was lost


def test_very_many_datasets_hold_up_no_request_and_one_who_was_switched_on_again_stays(
    ctx: Context, admin: User, user: User, do: Callable[[], list[str]]
) -> None:
    with ctx.database.transaction() as tx:
        for number in range(250):
            datasets.insert(tx, new_dataset(user, label=f"capture {number}"))
    assert not delete_user(ctx, admin, user.id)
    assert len(user_list.keys_of(ctx.database, user.id, 1_000)) == 250  # nothing is deleted while somebody waits
    assert not delete_user(ctx, admin, user.id)  # asked for twice, done once
    assert len([job for job in jobs.list_jobs(ctx.database) if job.type == DELETE]) == 1
    user_list.update(ctx.database, user.id, notes=None, is_admin=None, is_active=True, expires=None)
    assert do() == []
    user_list.update(ctx.database, user.id, notes=None, is_admin=None, is_active=False, expires=None)
    assert do()[0] == "deleted 100 datasets of ursula, with all made from them"
    assert users.find(ctx.database, user.id) is None


def test_who_has_nothing_or_leaves_it_to_somebody_is_gone_at_once(ctx: Context, admin: User, user: User) -> None:
    dataset = finished_posts(ctx, user)
    assert delete_user(ctx, admin, user.id, heir=admin.name)
    assert datasets.get(ctx.database, dataset.key).owner_id == admin.id
