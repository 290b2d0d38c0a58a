"""What one person may have here: open jobs and bytes in storage, counted exactly and refused with a reason."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.domain.dataset import Dataset, Kind, Result, Status, StoredFile
from app.domain.errors import LimitReached, StorageFull, TooManyJobs
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import cancel_dataset, retry_dataset
from app.services.dataset_bin import delete_dataset
from app.services.import_file import import_file
from app.services.owner_limit import own_usage
from app.services.run import run_processor
from app.services.upload import save_upload
from app.services.user import create_user
from app.storage import dataset as datasets
from app.storage import setting
from app.storage.dataset import Ending
from tests.conftest import POSTS, import_posts, with_settings
from tests.results import new_dataset, store_table

COUNT = "count-posts"


def limited(ctx: Context, *, jobs: int = 0, megabytes: int = 0) -> Context:
    """The installation with these limits for everybody; 0 is none."""
    setting.put(ctx.database, "limits.open_jobs", jobs)
    setting.put(ctx.database, "limits.stored_mb", megabytes)
    return ctx


def sized(ctx: Context, owner: User, megabytes: float, **fields: object) -> Dataset:
    """A finished dataset whose result takes this much."""
    made = new_dataset(owner, **fields)
    with ctx.database.transaction() as tx:
        datasets.insert(tx, made)
        datasets.end(tx, made.key, ending(megabytes, made.key))
    return made


def ending(megabytes: float, name: str = "x") -> Ending:
    """How something ends with a result of this size."""
    file = StoredFile(f"datasets/{name}/1/table.parquet", int(megabytes * 1_000_000), "0" * 64)
    return Ending(Status.FINISHED, "Done.", rows=1, kind=Kind.TABLE, result=Result(Kind.TABLE, {"table": file}))


def rows(ctx: Context, table: str) -> int:
    """How many rows a table has."""
    return int(ctx.database.one(f"SELECT count(*) AS found FROM {table}")["found"])


@pytest.fixture
def posts(ctx: Context, user: User, tmp_path: Path) -> Dataset:
    """A finished dataset of the user's."""
    return store_table(ctx, user, tmp_path)


def test_one_more_than_the_limit_is_refused_and_leaves_nothing(ctx: Context, user: User, posts: Dataset) -> None:
    limited(ctx, jobs=2)
    for timeframe in ("day", "week"):
        run_processor(ctx, user, posts.key, COUNT, {"timeframe": timeframe})
    before = rows(ctx, "datasets")
    with pytest.raises(TooManyJobs) as refused:
        run_processor(ctx, user, posts.key, COUNT, {"timeframe": "month"})
    assert refused.value.message == (
        "You have 2 open jobs; one person may have 2 here. Wait until some have ended, or cancel some."
    )
    assert (rows(ctx, "datasets"), rows(ctx, "jobs")) == (before, 2)


def test_what_is_there_already_is_given_at_the_limit_too(ctx: Context, user: User, posts: Dataset) -> None:
    limited(ctx, jobs=1)
    first, _ = run_processor(ctx, user, posts.key, COUNT, {"timeframe": "day"})
    again, is_new = run_processor(ctx, user, posts.key, COUNT, {"timeframe": "day"})
    assert (again.key, is_new) == (first.key, False)


def test_every_step_of_a_preset_counts(ctx: Context, user: User, posts: Dataset) -> None:
    limited(ctx, jobs=1)
    with pytest.raises(TooManyJobs, match=r"You have 0 open jobs and this makes 2 more; one person may have 1 here\."):
        run_processor(ctx, user, posts.key, "preset-histogram", {})
    assert rows(ctx, "jobs") == 0
    limited(ctx, jobs=2)
    assert run_processor(ctx, user, posts.key, "preset-histogram", {})[1]


def test_a_capture_is_refused_and_its_file_stays_for_another_try(ctx: Context, user: User) -> None:
    limited(ctx, jobs=1)
    import_posts(ctx, user)
    with pytest.raises(TooManyJobs):
        import_posts(ctx, user)
    assert (rows(ctx, "datasets"), rows(ctx, "uploads")) == (1, 2)


def test_a_script_is_refused_before_its_file_is_taken_in(ctx: Context, user: User) -> None:
    limited(ctx, jobs=1)
    import_posts(ctx, user)
    stream = io.BytesIO(POSTS)
    with pytest.raises(TooManyJobs):
        import_file(ctx, user, "posts.csv", stream, "upload", {})
    assert (stream.tell(), rows(ctx, "uploads")) == (0, 1)


def test_each_person_has_limits_of_their_own_and_administrators_too(ctx: Context, user: User, admin: User) -> None:
    limited(ctx, jobs=1)
    for person in (user, admin, create_user(ctx, "otto")):
        import_posts(ctx, person)
        with pytest.raises(TooManyJobs):
            import_posts(ctx, person)


def test_an_ended_job_makes_room(ctx: Context, user: User) -> None:
    limited(ctx, jobs=1)
    first = import_posts(ctx, user)
    cancel_dataset(ctx, user, first.key)
    import_posts(ctx, user)
    assert own_usage(ctx, user).open_jobs == 1


def test_another_try_counts_for_the_owner_whoever_asks(ctx: Context, user: User, admin: User) -> None:
    limited(ctx, jobs=1)
    failed = import_posts(ctx, user)
    cancel_dataset(ctx, user, failed.key)
    import_posts(ctx, user)
    with pytest.raises(TooManyJobs, match="You have 1 open"):
        retry_dataset(ctx, user, failed.key)
    with pytest.raises(TooManyJobs, match="The owner of this dataset has 1 open"):
        retry_dataset(ctx, admin, failed.key)
    assert datasets.get(ctx.database, failed.key).status is Status.CANCELLED


def test_no_limit_is_none(ctx: Context, user: User, posts: Dataset) -> None:
    limited(with_settings(ctx, max_open_jobs=1, max_stored_mb=1), jobs=0, megabytes=0)
    sized(ctx, user, 5)
    for timeframe in ("day", "week", "month"):
        run_processor(ctx, user, posts.key, COUNT, {"timeframe": timeframe})
    assert own_usage(ctx, user).limits.open_jobs is None


def test_the_environment_sets_what_nobody_has_set(ctx: Context, user: User) -> None:
    import_posts(with_settings(ctx, max_open_jobs=1), user)
    with pytest.raises(TooManyJobs):
        import_posts(with_settings(ctx, max_open_jobs=1), user)
    sized(ctx, user, 1)
    with pytest.raises(StorageFull):
        import_posts(with_settings(ctx, max_stored_mb=1), user)


def test_many_requests_at_once_do_not_pass_the_limit(ctx: Context, user: User, posts: Dataset) -> None:
    limited(ctx, jobs=7)

    def ask(number: int) -> bool:
        try:
            run_processor(ctx, user, posts.key, COUNT, {"timeframe": "day"}, rerun=True)
        except LimitReached:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        granted = list(pool.map(ask, range(24)))
    assert (granted.count(True), own_usage(ctx, user).open_jobs) == (7, 7)


def test_results_and_uploads_count_and_are_given_back(ctx: Context, user: User) -> None:
    made = sized(ctx, user, 3)
    upload = save_upload(ctx, user, "posts.csv", io.BytesIO(POSTS))
    assert own_usage(ctx, user).stored_bytes == 3_000_000 + upload.file.size
    delete_dataset(ctx, user, made.key)
    assert own_usage(ctx, user).stored_bytes == upload.file.size


def test_who_stores_too_much_can_ask_for_nothing_more(ctx: Context, user: User, posts: Dataset) -> None:
    limited(ctx, megabytes=10)
    full = sized(ctx, user, 12.4)
    with pytest.raises(StorageFull) as refused:
        run_processor(ctx, user, posts.key, COUNT, {})
    assert refused.value.message == (
        "Your results and uploads take 12 MB; one person may store 10 MB here."
        " Delete datasets that are no longer needed."
    )
    delete_dataset(ctx, user, full.key)
    assert run_processor(ctx, user, posts.key, COUNT, {})[1]


def test_a_file_that_does_not_fit_is_not_kept(ctx: Context, user: User) -> None:
    limited(ctx, megabytes=2)
    sized(ctx, user, 1)
    with pytest.raises(StorageFull, match="you have 1 MB left"):
        save_upload(ctx, user, "large.csv", io.BytesIO(b"x" * 1_000_001))
    assert rows(ctx, "uploads") == 0
    save_upload(ctx, user, "small.csv", io.BytesIO(b"x" * 999_999))


def test_two_files_at_once_do_not_both_fit(ctx: Context, user: User) -> None:
    limited(ctx, megabytes=1)

    def send(number: int) -> bool:
        try:
            save_upload(ctx, user, f"{number}.csv", io.BytesIO(b"x" * 600_000))
        except StorageFull:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(send, range(4)))
    assert (kept.count(True), own_usage(ctx, user).stored_bytes) == (1, 600_000)
    assert rows(ctx, "uploads") == 1


def test_a_preset_and_the_step_whose_files_it_shows_count_once(ctx: Context, user: User) -> None:
    preset = new_dataset(user)
    step = new_dataset(user, parent=preset.key, top=preset.key, attach_to=preset.key)
    with ctx.database.transaction() as tx:
        for made in (preset, step):
            datasets.insert(tx, made)
        for made in (step, preset):
            datasets.end(tx, made.key, ending(4, step.key))
    assert own_usage(ctx, user).stored_bytes == 4_000_000
    delete_dataset(ctx, user, step.key)
    assert own_usage(ctx, user).stored_bytes == 4_000_000


def test_what_waits_again_stores_nothing(ctx: Context, user: User) -> None:
    made = sized(ctx, user, 4)
    with ctx.database.transaction() as tx:
        datasets.wait_again(tx, made.key, "Once more.")
    assert own_usage(ctx, user).stored_bytes == 0


@pytest.mark.parametrize("stored", ["many", -1, 1.5, True, None, [], 10**40])
def test_a_stored_limit_that_is_not_valid_does_not_count(ctx: Context, user: User, stored: object) -> None:
    for name in ("open_jobs", "stored_mb"):
        setting.put(ctx.database, f"limits.{name}", stored)
    assert own_usage(ctx, user).limits.open_jobs == ctx.settings.max_open_jobs
    assert own_usage(ctx, user).limits.stored_bytes is None
