"""Jobs that misbehave, in real worker processes: each dataset ends as it should, and nothing is left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.domain.dataset import Dataset, Status
from app.domain.job import Job
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import log_text, retry_dataset
from app.services.dataset_bin import delete_dataset
from app.services.run import run_processor
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import setting
from tests.conftest import Process, Starter, finished_posts, wait_for, wait_for_end
from tests.reliability.asking import ask, is_alive, wait_for_trace


@pytest.fixture
def top(ctx: Context, admin: User) -> Dataset:
    return finished_posts(ctx, admin)


def change_way(ctx: Context, dataset: Dataset, way: str) -> None:
    """Let the next attempt do something else."""
    ctx.database.run(
        "UPDATE datasets SET parameters = parameters || jsonb_build_object('way', %(way)s) WHERE key = %(key)s",
        way=way,
        key=dataset.key,
    )


@pytest.fixture
def leftovers(ctx: Context, workers: Process) -> Iterator[None]:
    """After the test, nothing of a job may be left: no process, no temporary folder, no open job."""
    ctx.files.sweep(0)
    yield
    wait_for(lambda: not list((ctx.settings.data_dir / "storage" / "tmp").glob("*")), "temporary folders to go")
    wait_for(lambda: open_jobs(ctx) == [], "open jobs to go")


def open_jobs(ctx: Context) -> list[Job]:
    """What waits or runs of the misbehaving; what has been deleted is there until its process has ended."""
    return [job for job in jobs.list_jobs(ctx.database) if job.state != "failed" and job.type == "misbehave"]


@pytest.mark.usefixtures("leftovers")
class TestEndings:
    """How an attempt ends decides how its dataset ends."""

    @pytest.mark.parametrize(
        ("way", "status", "message"),
        [
            ("work", Status.FINISHED, "60 items read, 3 rows made."),
            ("empty", Status.EMPTY, "There was nothing there."),
            ("user-error", Status.FAILED, "Way: This way leads nowhere."),
            ("source", Status.FAILED, "The platform says no."),
            ("raise", Status.FAILED, "ZeroDivisionError: nothing can be divided by it"),
            ("die", Status.FAILED, "signal 11, SIGSEGV). This happened 3 times"),
            ("exit", Status.FAILED, "exit status 3). This happened 3 times"),
        ],
    )
    def test_every_ending(
        self, ctx: Context, admin: User, top: Dataset, way: str, status: Status, message: str
    ) -> None:
        ended = wait_for_end(ctx, ask(ctx, admin, top, way).key)
        assert (ended.status, message in ended.message) == (status, True), ended.message

    def test_the_log_of_a_broken_one_has_its_traceback(self, ctx: Context, admin: User, top: Dataset) -> None:
        key = wait_for_end(ctx, ask(ctx, admin, top, "raise").key).key
        text = log_text(ctx, admin, key)
        assert "misbehaving: raise" in text
        assert "raise ZeroDivisionError" in text

    def test_the_log_of_a_crash_says_where_it_was(self, ctx: Context, admin: User, top: Dataset) -> None:
        key = wait_for_end(ctx, ask(ctx, admin, top, "die").key).key
        job = jobs.for_dataset(ctx.database, key)
        assert job is not None
        for text in (log_text(ctx, admin, key), job.error or ""):
            assert "Segmentation fault" in text
            assert "misbehave.py" in text
            assert "in _die" in text

    @pytest.mark.parametrize("way", ["die-once", "source-once"])
    def test_a_passing_fault_is_tried_again(
        self, ctx: Context, admin: User, top: Dataset, way: str, tmp_path: Path
    ) -> None:
        ended = wait_for_end(ctx, ask(ctx, admin, top, way, trace=str(tmp_path / "trace")).key)
        assert (ended.status, ended.provenance["attempt"]) == (Status.FINISHED, 2)

    def test_a_job_out_of_memory_ends_alone(self, ctx: Context, admin: User, top: Dataset, workers: Process) -> None:
        setting.put(ctx.database, "workers.misbehave.memory_mb", 400)
        ended = wait_for_end(ctx, ask(ctx, admin, top, "memory").key)
        assert ended.status is Status.FAILED
        assert "Out of memory at 60 rows: it needed more than 400 MB" in ended.message
        assert wait_for_end(ctx, ask(ctx, admin, top, "work").key).status is Status.FINISHED
        assert workers.poll() is None

    def test_a_job_that_takes_too_long_ends_alone(
        self, ctx: Context, admin: User, top: Dataset, workers: Process
    ) -> None:
        setting.put(ctx.database, "workers.misbehave.minutes", 1)
        long = ask(ctx, admin, top, "sleep", seconds=600)
        assert wait_for_end(ctx, ask(ctx, admin, top, "work").key).status is Status.FINISHED
        ended = wait_for_end(ctx, long.key, 90)
        assert (ended.status, "This took longer than 1 minute," in ended.message) == (Status.FAILED, True)
        assert workers.poll() is None

    def test_a_failed_one_can_be_run_again(self, ctx: Context, admin: User, top: Dataset, tmp_path: Path) -> None:
        asked = ask(ctx, admin, top, "raise")
        wait_for_end(ctx, asked.key)
        ctx.database.run('UPDATE datasets SET parameters = parameters || \'{"way": "work"}\'')
        retry_dataset(ctx, admin, asked.key)
        assert wait_for_end(ctx, asked.key).status is Status.FINISHED

    def test_dependents_of_a_failed_one_fail_with_the_reason(self, ctx: Context, admin: User, top: Dataset) -> None:
        parent = ask(ctx, admin, top, "sleep", seconds=0.5)
        ctx.database.run(
            'UPDATE datasets SET parameters = parameters || \'{"way": "raise"}\' WHERE key = %(k)s', k=parent.key
        )
        child = run_processor(ctx, admin, parent.key, "column-filter", {"column": "number", "match_value": "1"})[0]
        ended = wait_for_end(ctx, child.key)
        assert (ended.status, ended.message) == (Status.FAILED, "The dataset it reads, “Misbehave”, failed.")


@pytest.mark.usefixtures("leftovers")
class TestDeath:
    """Any process may be killed at any moment."""

    # Of “stamps” only the first attempt takes long: what is killed then has not ended by itself, on any machine.

    def watcher_of(self, pid: int) -> psutil.Process:
        return psutil.Process(pid).parent()  # type: ignore[return-value]

    def test_the_process_that_does_the_job(self, ctx: Context, admin: User, top: Dataset, tmp_path: Path) -> None:
        asked = ask(ctx, admin, top, "stamps", seconds=60, trace=str(tmp_path / "trace"))
        psutil.Process(wait_for_trace(tmp_path / "trace")).kill()
        ended = wait_for_end(ctx, asked.key)
        assert (ended.status, ended.provenance["attempt"]) == (Status.FINISHED, 2)

    def test_the_process_that_watches_it(self, ctx: Context, admin: User, top: Dataset, tmp_path: Path) -> None:
        asked = ask(ctx, admin, top, "stamps", seconds=60, trace=str(tmp_path / "trace"))
        pid = wait_for_trace(tmp_path / "trace")
        self.watcher_of(pid).kill()
        wait_for(lambda: not is_alive(pid), "the job to die with its watcher")
        ended = wait_for_end(ctx, asked.key)
        assert (ended.status, ended.provenance["attempt"]) == (Status.FINISHED, 2)
        self.clean(ctx)

    def test_a_program_ends_with_the_watcher_of_its_plug_in(
        self, ctx: Context, admin: User, top: Dataset, tmp_path: Path
    ) -> None:
        trace = tmp_path / "trace"
        asked = ask(ctx, admin, top, "program", seconds=60, trace=str(trace))
        plug_in = psutil.Process(wait_for_trace(trace))
        program = wait_for(plug_in.children, "the program")[0]  # type: ignore[index]
        job = jobs.for_dataset(ctx.database, asked.key)
        assert job is not None
        self.watcher_of(plug_in.pid).kill()
        wait_for(lambda: (now := jobs.find(ctx.database, job.id)) and now.token != job.token, "its place to be free")
        assert [pid for pid in (plug_in.pid, program.pid) if is_alive(pid)] == [], "not before all of it has ended"
        wait_for_trace(trace, attempts=2)
        delete_dataset(ctx, admin, asked.key)
        self.clean(ctx)

    def test_worker_and_watcher_at_once(self, ctx: Context, admin: User, top: Dataset, tmp_path: Path) -> None:
        asked = ask(ctx, admin, top, "stamps", seconds=60, trace=str(tmp_path / "trace"))
        watcher = self.watcher_of(wait_for_trace(tmp_path / "trace"))
        worker = watcher.parent()
        assert worker is not None
        worker.suspend()
        watcher.kill()
        worker.kill()
        ended = wait_for_end(ctx, asked.key)
        assert (ended.status, ended.provenance["attempt"]) == (Status.FINISHED, 2)
        self.clean(ctx)

    def test_the_manager(
        self, ctx: Context, admin: User, top: Dataset, tmp_path: Path, workers: Process, start: Starter
    ) -> None:
        asked = ask(ctx, admin, top, "sleep", seconds=2, trace=str(tmp_path / "trace"))
        pid = wait_for_trace(tmp_path / "trace")
        worker = self.watcher_of(pid).parent()
        workers.kill()
        assert wait_for_end(ctx, asked.key).status is Status.FINISHED
        assert worker is not None
        wait_for(lambda: not is_alive(worker.pid), "the worker to follow its manager")
        start("-m", "app.runner")
        assert wait_for_end(ctx, ask(ctx, admin, top, "work").key).status is Status.FINISHED

    def test_a_lost_doorbell_is_rung_again(
        self, ctx: Context, admin: User, top: Dataset, start: Starter, workers: Process
    ) -> None:
        workers.terminate()
        workers.wait(60)
        asked = ask(ctx, admin, top, "work")
        ctx.bell.client.flushall()
        start("-m", "app.runner")
        assert wait_for_end(ctx, asked.key).status is Status.FINISHED

    def test_a_stopped_machine_hands_its_job_back_uncounted(
        self, ctx: Context, admin: User, top: Dataset, tmp_path: Path, start: Starter, workers: Process
    ) -> None:
        workers.terminate()
        workers.wait(60)
        manager = start("-m", "app.runner", SHUTDOWN_SECONDS="1")
        asked = ask(ctx, admin, top, "stamps", seconds=600, trace=str(tmp_path / "trace"))
        wait_for_trace(tmp_path / "trace")
        manager.terminate()
        manager.wait(60)
        assert datasets.get(ctx.database, asked.key).status is Status.WAITING
        start("-m", "app.runner")
        ended = wait_for_end(ctx, asked.key)
        assert (ended.status, ended.provenance["attempt"]) == (Status.FINISHED, 1)

    @staticmethod
    def clean(ctx: Context) -> None:
        """Folders of killed watchers are swept later; here they are swept now."""
        ctx.files.sweep(0)


def test_a_worker_that_stands_still_keeps_no_place(ctx: Context, admin: User, top: Dataset, start: Starter) -> None:
    setting.put(ctx.database, "workers.misbehave.max_workers", 1)
    manager = start("-m", "app.runner", "--queues", "misbehave", WORKER_IDLE_SECONDS="600")
    start("scheduler.py")
    assert wait_for_end(ctx, ask(ctx, admin, top, "work").key).status is Status.FINISHED
    (worker,) = psutil.Process(manager.pid).children()
    worker.suspend()
    try:
        again = [ask(ctx, admin, top, "work", mark=mark) for mark in "ab"]
        assert {wait_for_end(ctx, dataset.key).status for dataset in again} == {Status.FINISHED}
    finally:
        worker.resume()


@pytest.mark.usefixtures("workers")
def test_the_folder_of_work_that_goes_on_is_not_taken_for_abandoned(
    ctx: Context, admin: User, top: Dataset, tmp_path: Path
) -> None:
    ctx.files.sweep(0)
    asked = ask(ctx, admin, top, "sleep", seconds=600, trace=str(tmp_path / "trace"))
    watcher = psutil.Process(wait_for_trace(tmp_path / "trace")).parent()
    assert watcher is not None
    (folder,) = temporary(ctx).glob(f"{watcher.pid}-*")
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (0, 0))
    wait_for(lambda: folder.stat().st_mtime, "it to be touched", 60)
    ctx.files.sweep(24)
    assert folder.is_dir()
    delete_dataset(ctx, admin, asked.key)


def temporary(ctx: Context) -> Path:
    """Where attempts have their folders."""
    return ctx.settings.data_dir / "storage" / "tmp"
