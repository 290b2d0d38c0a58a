"""What holds for every standing task, and what the clean-up deletes and leaves."""

from __future__ import annotations

import io
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.dataset import Dataset, Kind, Result, Status, StoredFile
from app.domain.errors import NotFound
from app.domain.job import Job
from app.domain.user import User
from app.plugins import Worker, WorkerContext
from app.plugins.registry import Registry
from app.runner.report import Reader, Reporter
from app.runner.task_context import TaskContext
from app.services import resume_upload
from app.services.context import Context
from app.services.dataset import cancel_dataset, create_capture
from app.services.dataset_bin import delete_dataset
from app.services.idempotency import begin
from app.services.upload import save_upload
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import repair, setting
from app.storage import upload as uploads
from app.storage.dataset import Ending
from app.storage.measure import sizes
from tests.conftest import POSTS, finished_posts, import_posts
from workers.clean_up_files import CleanUpFiles
from workers.clean_up_jobs import CleanUpJobs
from workers.clean_up_pictures import CleanUpPictures

REGISTRY = Registry.discover()
WORKERS = REGISTRY.workers
Do = Callable[[type[Worker]], list[str]]

each_worker = pytest.mark.parametrize("worker", WORKERS.values(), ids=WORKERS)


@pytest.fixture
def do(ctx: Context, tmp_path: Path) -> Iterator[Do]:
    """Do a standing task once, as a worker process does; gives the lines of its log."""
    reading, writing = os.pipe()
    reader = Reader(reading)

    def once(worker: type[Worker]) -> list[str]:
        with ctx.database.transaction() as tx:
            job = ctx.queue.enqueue(tx, worker.type, "by hand")
        try:
            task = TaskContext(ctx, ctx.site_settings(), tmp_path, Reporter(writing))
            worker().work(job, task)
        finally:
            ctx.database.run("DELETE FROM jobs WHERE id = %(id)s", id=job.id)
        return [value for kind, value in reader.messages() if kind == "log"]

    yield once
    os.close(reading)
    os.close(writing)


@pytest.fixture
def filled(ctx: Context, admin: User, user: User) -> list[str]:
    """An installation with something of everything; the keys of its datasets."""
    finished = finished_posts(ctx, user)
    waiting = import_posts(ctx, user)
    cancelled = cancel_dataset(ctx, user, import_posts(ctx, user).key)
    save_upload(ctx, admin, "unused.csv", io.BytesIO(POSTS))
    ctx.database.run("INSERT INTO settings (name, value) VALUES ('clean-up', '1')")
    return [finished.key, waiting.key, cancelled.key]


def test_the_standing_tasks_are_found() -> None:
    assert {"clean-up-files", "clean-up-jobs"} <= set(WORKERS)


@each_worker
def test_it_says_what_it_is_and_how_often(worker: type[Worker]) -> None:
    assert worker.description().endswith(".")
    assert worker.max_workers >= 1
    assert worker.max_attempts >= 1
    assert worker.interval is None or (isinstance(worker.interval, int) and worker.interval > 0)


def test_each_type_is_one_queue() -> None:
    types = [*REGISTRY.processors, *REGISTRY.datasources, *REGISTRY.workers]

    assert len(set(types)) == len(types)
    assert set(REGISTRY.workers) <= set(REGISTRY.queues())


@each_worker
def test_it_runs_twice_where_there_is_nothing(do: Do, worker: type[Worker]) -> None:
    do(worker)
    assert do(worker) == []


@each_worker
def test_it_runs_twice_and_leaves_what_is_in_use(ctx: Context, do: Do, filled: list[str], worker: type[Worker]) -> None:
    before = state(ctx)

    do(worker)
    do(worker)

    assert state(ctx) == before
    assert [datasets.get(ctx.database, key).key for key in filled] == filled


def state(ctx: Context) -> tuple[set[str], int, int]:
    """What is in storage, in the queue and among the uploads."""
    with ctx.database.transaction() as tx:
        open_jobs = tx.one("SELECT count(*) AS found FROM jobs")["found"]
        uploaded = tx.one("SELECT count(*) AS found FROM uploads")["found"]
    return names(ctx), open_jobs, uploaded


def names(ctx: Context) -> set[str]:
    """The files in storage."""
    return {file.name for prefix in ("datasets", "uploads") for file in ctx.files.find(prefix)}


def put(ctx: Context, name: str) -> str:
    """Store a file that nothing refers to."""
    with ctx.files.workspace() as folder:
        path = Path(folder) / "file"
        path.write_bytes(b"nobody needs this")
        return ctx.files.put(path, name).name


def age(ctx: Context, hours: float) -> None:
    """Let every file be as old as this."""
    storage = Path(ctx.settings.storage_url.removeprefix("file://"))
    then = time.time() - hours * 3600
    for path in storage.rglob("*"):
        os.utime(path, (then, then))


def empty_storage(ctx: Context) -> None:
    """Delete what other tests have left."""
    for name in names(ctx):
        ctx.files.delete(name)


def test_kept_answers_are_forgotten_after_a_day(ctx: Context, do: Do, user: User) -> None:
    for key in ("old", "young"):
        begin(ctx, user, key, "POST /api/tokens?")
    ctx.database.run("UPDATE idempotency_keys SET created = now() - interval '25 hours' WHERE key = 'old'")
    do(CleanUpJobs)
    assert [row["key"] for row in ctx.database.many("SELECT key FROM idempotency_keys")] == ["young"]


def test_the_clean_up_deletes_old_files_that_nothing_refers_to_and_no_others(ctx: Context, do: Do, user: User) -> None:
    empty_storage(ctx)
    finished_posts(ctx, user)
    import_posts(ctx, user)
    kept = names(ctx)
    put(ctx, "datasets/0123/1/table.parquet")
    put(ctx, "uploads/4567.csv")
    age(ctx, 2)
    fresh = put(ctx, "datasets/0123/2/table.parquet")

    lines = do(CleanUpFiles)

    assert names(ctx) == {*kept, fresh}
    assert lines == ["deleted datasets/0123/1/table.parquet", "deleted uploads/4567.csv"]


def running_import(ctx: Context, user: User) -> tuple[Dataset, Job]:
    """An import of a file that a worker has just begun, and its job."""
    asked = import_posts(ctx, user)
    waiting = jobs.for_dataset(ctx.database, asked.key)
    assert waiting is not None
    with ctx.database.transaction() as tx:
        running = ctx.queue.claim(tx, waiting.id)
    assert running is not None
    return asked, running


def test_the_clean_up_leaves_alone_what_running_work_has_stored(ctx: Context, do: Do, user: User) -> None:
    empty_storage(ctx)
    asked, running = running_import(ctx, user)
    kept = [*names(ctx), put(ctx, f"datasets/{asked.key}/{running.token}/7-table.parquet")]
    put(ctx, f"datasets/{asked.key}/1/7-table.parquet")
    age(ctx, 2)
    do(CleanUpFiles)
    assert sorted(names(ctx)) == sorted(kept)


def test_the_clean_up_leaves_alone_what_is_published_while_it_looks(
    ctx: Context, do: Do, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty_storage(ctx)
    asked, running = running_import(ctx, user)
    made = put(ctx, f"datasets/{asked.key}/{running.token}/table.parquet")
    age(ctx, 2)

    def publish() -> None:
        result = Result(Kind.TABLE, {"table": StoredFile(made, 1, "")})
        with ctx.database.transaction() as tx:
            datasets.end(tx, asked.key, Ending(Status.FINISHED, "Done.", kind=Kind.TABLE, result=result))
            tx.run("DELETE FROM jobs WHERE id = %(id)s", id=running.id)

    for question in ("_underway", "_used_names"):
        ask = getattr(CleanUpFiles, question)

        def and_then(ctx: WorkerContext, ask: Callable[[WorkerContext], object] = ask) -> object:
            found = ask(ctx)
            publish()
            return found

        monkeypatch.setattr(CleanUpFiles, question, staticmethod(and_then))
    do(CleanUpFiles)
    assert made in names(ctx)


def test_small_pictures_keep_to_their_room(ctx: Context, do: Do, user: User) -> None:
    empty_storage(ctx)
    key = finished_posts(ctx, user).key
    kept = names(ctx)
    put(ctx, f"small/{key}/old.webp")
    age(ctx, 31 * 24)
    put(ctx, "small/0123/of-a-dataset-that-is-gone.webp")
    fresh = put(ctx, f"small/{key}/fresh.webp")
    assert do(CleanUpPictures) == ["small pictures deleted: 2"]
    assert names(ctx) == kept
    assert [(file.name, file.size) for file in ctx.files.find("small")] == [
        (fresh, sizes(ctx.database)["small_pictures"])
    ]
    setting.put(ctx.database, "looks.small_pictures", "0")
    assert do(CleanUpPictures) == ["small pictures deleted: 1"]
    assert sizes(ctx.database)["small_pictures"] == 0


def test_the_clean_up_gives_up_uploads_that_nobody_goes_on_with(ctx: Context, do: Do, user: User) -> None:
    empty_storage(ctx)
    fresh, old = (resume_upload.begin_upload(ctx, user, "posts.csv", 10).id for _ in range(2))
    for upload_id in (fresh, old):
        resume_upload.receive(ctx, user, upload_id, 0, io.BytesIO(b"hello"))
    age(ctx, 2)
    ctx.database.run("UPDATE unfinished_uploads SET touched = touched - interval '25 hours' WHERE id = %(id)s", id=old)
    do(CleanUpFiles)
    assert [name.split("/")[1] for name in names(ctx)] == [fresh]
    assert resume_upload.receive(ctx, user, fresh, 5, io.BytesIO(b"world")).expires is None
    with pytest.raises(NotFound):
        resume_upload.upload_state(ctx, user, old)


@pytest.mark.parametrize("job_state", ["waiting", "running", "failed"])
def test_the_clean_up_spares_what_work_that_may_go_on_has_brought_home(
    ctx: Context, do: Do, user: User, job_state: str
) -> None:
    empty_storage(ctx)
    import_posts(ctx, user)
    parts = {put(ctx, f"datasets/0123/1/part-{number}/table.parquet") for number in (1, 2)}
    checkpoint = {"state": {}, "parts": [{"table": {"name": name, "size": 1, "sha256": ""}} for name in parts]}
    set_checkpoint = "UPDATE jobs SET checkpoint = %(checkpoint)s::jsonb, state = %(state)s"
    ctx.database.run(set_checkpoint, checkpoint=json.dumps(checkpoint), state=job_state)
    age(ctx, 2)

    do(CleanUpFiles)

    assert parts < names(ctx)


def test_a_job_that_starts_over_keeps_nothing(ctx: Context, do: Do, user: User) -> None:
    empty_storage(ctx)
    import_posts(ctx, user)
    kept = names(ctx)
    put(ctx, "datasets/0123/1/part-1/table.parquet")
    ctx.database.run("UPDATE jobs SET checkpoint = '{}'")
    age(ctx, 2)

    do(CleanUpFiles)

    assert names(ctx) == kept


def test_the_clean_up_takes_what_a_deleted_dataset_has_left(ctx: Context, do: Do, user: User) -> None:
    empty_storage(ctx)
    dataset = finished_posts(ctx, user)
    uploaded = uploads.names(ctx.database)
    delete_dataset(ctx, user, dataset.key)
    put(ctx, f"datasets/{dataset.key}/7/table.parquet")
    age(ctx, 2)

    do(CleanUpFiles)

    assert names(ctx) == uploaded


@pytest.mark.parametrize(
    ("status", "is_kept"),
    [("waiting", True), ("running", True), ("failed", True), ("cancelled", True), ("finished", False), (None, False)],
)
def test_an_upload_of_yesterday_is_kept_while_a_dataset_may_still_be_made_of_it(
    ctx: Context, do: Do, user: User, status: str | None, is_kept: bool
) -> None:
    upload = save_upload(ctx, user, "posts.csv", io.BytesIO(POSTS))
    if status is not None:
        key = create_capture(ctx, user, "upload", {}, upload_id=upload.id).key
        ctx.database.run("UPDATE datasets SET status = %(status)s WHERE key = %(key)s", status=status, key=key)
    ctx.database.run("UPDATE uploads SET created = now() - interval '25 hours'")
    age(ctx, 25)

    do(CleanUpFiles)

    assert (uploads.find(ctx.database, upload.id) is not None) is is_kept
    assert (upload.file.name in names(ctx)) is is_kept


def test_abandoned_folders_are_removed_a_day_later(ctx: Context, do: Do) -> None:
    with ctx.files.workspace() as busy:
        abandoned = Path(tempfile.mkdtemp(prefix="1-", dir=Path(busy).parent))
        (abandoned / "part").write_text("half")
        age(ctx, 30)
        (Path(busy) / "part").write_text("still written to")

        lines = do(CleanUpFiles)

        assert not abandoned.exists()
        assert Path(busy).exists()
    assert "removed 1 abandoned folders" in lines


@pytest.mark.parametrize(("days", "is_kept"), [(6, True), (8, False)])
def test_failed_jobs_of_standing_tasks_are_forgotten_after_a_week(
    ctx: Context, do: Do, days: int, is_kept: bool
) -> None:
    job = failed_job(ctx, datetime.now(UTC) - timedelta(days=days))

    do(CleanUpJobs)

    assert (jobs.find(ctx.database, job.id) is not None) is is_kept


def test_the_failed_job_of_a_dataset_is_kept_with_it(ctx: Context, do: Do, user: User) -> None:
    dataset = import_posts(ctx, user)
    ctx.database.run("UPDATE jobs SET state = 'failed', failed = now() - interval '30 days'")

    do(CleanUpJobs)

    assert jobs.for_dataset(ctx.database, dataset.key) is not None


def test_repairs_are_forgotten_after_a_month(ctx: Context, do: Do) -> None:
    for kind, days in (("old", 31), ("recent", 29)):
        repair.add(ctx.database, kind, "It was mended.")
        ctx.database.run(
            "UPDATE repairs SET at = now() - make_interval(days => %(days)s) WHERE kind = %(kind)s",
            days=days,
            kind=kind,
        )

    assert do(CleanUpJobs) == ["forgot 1 repairs"]
    assert [row["kind"] for row in repair.latest(ctx.database)] == ["recent"]


def test_turns_that_decide_nothing_are_forgotten(ctx: Context, do: Do) -> None:
    ctx.database.run(
        "INSERT INTO queue_turns (type, owner, turn) VALUES ('upload', 'served last', 9), ('upload', 'gone', 8),"
        " ('upload', 'waits', 3), ('count-posts', 'alone', 1)"
    )
    with ctx.database.transaction() as tx:
        ctx.queue.enqueue(tx, "upload", "one", owner="waits", delay=1000)

    do(CleanUpJobs)

    left = ctx.database.many("SELECT owner FROM queue_turns WHERE type <> 'clean-up-jobs'")
    assert {row["owner"] for row in left} == {"served last", "waits", "alone"}


def failed_job(ctx: Context, moment: datetime) -> Job:
    """A job of a standing task that failed then."""
    with ctx.database.transaction() as tx:
        job = ctx.queue.enqueue(tx, "clean-up-jobs", "failed")
        tx.run("UPDATE jobs SET state = 'failed', failed = %(moment)s WHERE id = %(id)s", moment=moment, id=job.id)
    return job
