"""Deleting so that it can be undone, for good, and by age."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.dataset import Dataset, Status
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.share import Role
from app.domain.user import User
from app.services import dataset as datasets
from app.services import run as runs
from app.services.annotation import create_field, list_codes, save_item
from app.services.context import Context
from app.services.dataset_bin import bring_back, delete_dataset, goes_on, set_expiry, throw_away
from app.services.dataset_list import Wanted, list_datasets
from app.services.share import share_dataset
from app.services.site_setting import change_site_settings
from app.services.user import create_user
from app.storage import dataset as stored
from app.storage.dataset import Ending
from tests.conftest import finished_posts, import_posts
from tests.results import store_table
from workers.delete_datasets import DeleteDatasets


class Task:
    """What the standing task needs of its context."""

    def __init__(self, ctx: Context) -> None:
        self.database, self.settings = ctx.database, ctx.site_settings()
        self.lines: list[str] = []
        self.log = self.lines.append


@pytest.fixture
def tidy(ctx: Context) -> Callable[[], list[str]]:
    """Do the standing task, and give what it has logged."""

    def do() -> list[str]:
        task = Task(ctx)
        DeleteDatasets().work(None, task)  # type: ignore[arg-type]
        return task.lines

    return do


def is_there(ctx: Context, *keys: str) -> list[bool]:
    return [stored.find(ctx.database, key) is not None for key in keys]


def rows(ctx: Context) -> int:
    return int(ctx.database.one("SELECT count(*) AS found FROM datasets")["found"])


def family(ctx: Context, user: User) -> tuple[Dataset, Dataset, Dataset]:
    top = finished_posts(ctx, user)
    child, _ = runs.run_processor(ctx, user, top.key, "column-filter", {"column": "body", "match-value": "tea"})
    grandchild, _ = runs.run_processor(ctx, user, child.key, "count-posts", {})
    return top, child, grandchild


def end_like(ctx: Context, dataset: Dataset, other: Dataset) -> None:
    """Let a dataset have ended well, with the result of another one."""
    ending = Ending(
        Status.FINISHED,
        "Done.",
        rows=other.rows,
        columns=tuple(other.columns),
        kind=dataset.kind,
        result=other.result,
    )
    with ctx.database.transaction() as tx:
        stored.end(tx, dataset.key, ending)


def test_what_was_thrown_away_comes_back_whole(ctx: Context, user: User) -> None:
    top, child, grandchild = family(ctx, user)
    throw_away(ctx, user, top.key)
    assert is_there(ctx, top.key, child.key, grandchild.key) == [False] * 3
    with pytest.raises(NotFound):
        datasets.get_dataset(ctx, user, top.key)
    back = bring_back(ctx, user, top.key)
    assert back.result is not None
    assert b"".join(ctx.files.read(back.result.files["table"].name))[:4] == b"PAR1"
    found = {dataset.key: dataset.status for dataset in datasets.lineage(ctx, user, top.key)}
    assert found == {top.key: Status.FINISHED, child.key: Status.CANCELLED, grandchild.key: Status.CANCELLED}
    assert ctx.database.one("SELECT count(*) AS open FROM jobs")["open"] == 0
    assert datasets.retry_dataset(ctx, user, child.key).status is Status.WAITING


def test_what_was_deleted_before_stays_deleted(ctx: Context, user: User) -> None:
    top, child, _ = family(ctx, user)
    throw_away(ctx, user, child.key)
    throw_away(ctx, user, top.key)
    with pytest.raises(Conflict, match="Bring that back first"):
        bring_back(ctx, user, child.key)
    bring_back(ctx, user, top.key)
    assert is_there(ctx, top.key, child.key) == [True, False]
    assert bring_back(ctx, user, child.key).parent == top.key


def test_only_who_may_change_it_may_bring_it_back(ctx: Context, user: User, admin: User) -> None:
    top = finished_posts(ctx, user)
    throw_away(ctx, user, top.key)
    other = create_user(ctx, "otto")
    for wrong in (bring_back, delete_dataset):
        with pytest.raises(NotFound):
            wrong(ctx, other, top.key)
    assert list_datasets(ctx, other, Wanted(whose="deleted"))[0] == []
    listed, _ = list_datasets(ctx, user, Wanted(whose="deleted"))
    assert [dataset.key for dataset in listed] == [top.key]
    bring_back(ctx, admin, top.key)
    assert is_there(ctx, top.key) == [True]


def test_the_same_can_be_asked_for_again_after_it_was_deleted(ctx: Context, user: User) -> None:
    top = finished_posts(ctx, user)
    first, _ = runs.run_processor(ctx, user, top.key, "count-posts", {})
    throw_away(ctx, user, first.key)
    again, is_new = runs.run_processor(ctx, user, top.key, "count-posts", {})
    assert (again.key, is_new, again.status) == (first.key, True, Status.WAITING)


def test_a_result_that_is_asked_for_again_is_brought_back_with_what_was_noted_down(
    ctx: Context, user: User, tmp_path: Path
) -> None:
    posts = store_table(ctx, user, tmp_path)
    asked = (posts.key, "random-filter", {"sample_size": 5})
    child, _ = runs.run_processor(ctx, user, *asked)
    end_like(ctx, child, posts)
    field = create_field(ctx, user, child.key, name="stance", kind="text")
    save_item(ctx, user, child.key, "1", {field.id: "pro"})
    throw_away(ctx, user, child.key)
    again, is_new = runs.run_processor(ctx, user, *asked)
    assert (again.key, is_new, again.status) == (child.key, False, Status.FINISHED)
    assert [code.value for code in list_codes(ctx, user, child.key)[0]] == ["pro"]


def test_what_somebody_else_deleted_stays_deleted_and_can_come_back(
    ctx: Context, user: User, admin: User, tmp_path: Path
) -> None:
    posts = store_table(ctx, admin, tmp_path, is_private=False)
    asked = (posts.key, "random-filter", {"sample_size": 5})
    child, _ = runs.run_processor(ctx, admin, *asked)
    end_like(ctx, child, posts)
    throw_away(ctx, admin, child.key)
    again, is_new = runs.run_processor(ctx, user, *asked)
    assert (again.key != child.key, is_new, again.status) == (True, True, Status.WAITING)
    assert bring_back(ctx, admin, child.key).status is Status.FINISHED


def test_co_owners_see_what_was_deleted_and_can_search_it(ctx: Context, user: User, admin: User) -> None:
    top = finished_posts(ctx, admin)
    share_dataset(ctx, admin, top.key, Role.OWNER, user=user.name)
    throw_away(ctx, user, top.key)
    for words, found in (("posts.csv", [top.key]), ("nowhere", [])):
        listed, _ = list_datasets(ctx, user, Wanted(whose="deleted", text=words))
        assert [dataset.key for dataset in listed] == found


def test_deleting_for_good_takes_rows_and_files(ctx: Context, user: User) -> None:
    top, child, _ = family(ctx, user)
    assert top.result is not None
    throw_away(ctx, user, child.key)
    throw_away(ctx, user, top.key)
    delete_dataset(ctx, user, top.key)
    assert rows(ctx) == 0
    assert [file.name for file in ctx.files.find(f"datasets/{top.key}")] == []


def test_the_task_deletes_for_good_what_nobody_can_bring_back(
    ctx: Context, user: User, tidy: Callable[[], list[str]]
) -> None:
    old, fresh = finished_posts(ctx, user), finished_posts(ctx, user)
    for dataset in (old, fresh):
        throw_away(ctx, user, dataset.key)
    age = "UPDATE datasets SET deleted = now() - interval '7 days 1 hour' WHERE key = %(key)s"
    ctx.database.run(age, key=old.key)
    assert tidy() == ["deleted 1 datasets for good"]
    assert bring_back(ctx, user, fresh.key).key == fresh.key
    with pytest.raises(NotFound):
        bring_back(ctx, user, old.key)


def test_old_captures_go_unless_they_are_kept_or_at_work(
    ctx: Context, user: User, tidy: Callable[[], list[str]]
) -> None:
    old, kept, busy, own = (finished_posts(ctx, user) for _ in range(4))
    child, _ = runs.run_processor(ctx, user, busy.key, "count-posts", {})
    set_expiry(ctx, user, kept.key, expires=None, is_kept=True)
    set_expiry(ctx, user, own.key, expires=datetime.now(UTC) + timedelta(days=90), is_kept=False)
    ctx.database.run("UPDATE datasets SET created = now() - interval '31 days'")
    assert tidy() == []
    ctx.database.run("INSERT INTO settings (name, value) VALUES ('limits.expire_days', '30')")
    assert tidy() == ["deleted 1 datasets whose time was up"]
    assert is_there(ctx, old.key, kept.key, busy.key, child.key, own.key) == [False, True, True, True, True]
    back = bring_back(ctx, user, old.key)
    assert tidy() == []
    assert back.expires is not None
    assert timedelta(days=6) < back.expires - datetime.now(UTC) < timedelta(days=8)
    set_expiry(ctx, user, old.key, expires=None, is_kept=True)


def test_a_capture_goes_on_its_own_day(ctx: Context, user: User, tidy: Callable[[], list[str]]) -> None:
    dataset = set_expiry(
        ctx, user, finished_posts(ctx, user).key, expires=datetime.now(UTC) + timedelta(days=2), is_kept=False
    )
    assert goes_on({"limits.expire_days": 1}, dataset) == dataset.expires
    assert goes_on({}, dataset) == dataset.expires
    ctx.database.run("UPDATE datasets SET expires = now() - interval '1 minute'")
    assert tidy() == ["deleted 1 datasets whose time was up"]


def test_a_source_has_its_own_age_and_may_let_nobody_keep_its_datasets(
    ctx: Context, user: User, admin: User, tidy: Callable[[], list[str]]
) -> None:
    free, kept, soon = (finished_posts(ctx, user) for _ in range(3))
    set_expiry(ctx, user, kept.key, expires=None, is_kept=True)
    set_expiry(ctx, user, soon.key, expires=datetime.now(UTC) + timedelta(days=2), is_kept=False)
    ctx.database.run("UPDATE datasets SET created = now() - interval '20 days'")
    change_site_settings(ctx, admin, {"limits.expire_days": 10, "upload.expire_days": 0})
    assert tidy() == []
    change_site_settings(ctx, admin, {"upload.expire_days": 30, "upload.may_keep": False})
    site = ctx.site_settings()
    found = [stored.get(ctx.database, one.key) for one in (free, kept, soon)]
    last = found[0].created + timedelta(days=30)
    assert [goes_on(site, one) for one in found] == [last, last, found[2].expires]
    for wrong in ({"expires": None, "is_kept": True}, {"expires": last + timedelta(days=1), "is_kept": False}):
        with pytest.raises(InvalidInput, match=r"cannot be kept|Give an earlier day"):
            set_expiry(ctx, user, free.key, **wrong)  # type: ignore[arg-type]
    assert tidy() == []
    ctx.database.run("UPDATE datasets SET expires = now() - interval '1 minute' WHERE key = %(key)s", key=soon.key)
    assert tidy() == ["deleted 1 datasets whose time was up"]
    change_site_settings(ctx, admin, {"upload.expire_days": 19})
    assert tidy() == ["deleted 2 datasets whose time was up"]
    with pytest.raises(Conflict, match="cannot be kept here"):
        bring_back(ctx, user, kept.key)
    assert is_there(ctx, kept.key) == [False]


def test_expiry_is_for_captures_and_for_days_to_come(ctx: Context, user: User) -> None:
    top = import_posts(ctx, user)
    child, _ = runs.run_processor(ctx, user, top.key, "count-posts", {})
    with pytest.raises(InvalidInput, match="goes with it"):
        set_expiry(ctx, user, child.key, expires=None, is_kept=True)
    with pytest.raises(InvalidInput, match="yet to come"):
        set_expiry(ctx, user, top.key, expires=datetime.now(UTC) - timedelta(days=1), is_kept=False)
