"""Jobs that misbehave, in real worker processes: each dataset ends as it should, and nothing is left behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.domain.dataset import Dataset, Status
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import cancel_dataset, delete_dataset, log_text, retry_dataset
from app.services.run import run_processor
from app.storage import dataset as datasets
from app.storage import job as jobs
from tests.conftest import Process, Starter, finished_posts, wait_for, wait_for_end


@pytest.fixture
def top(ctx: Context, admin: User) -> Dataset:
    return finished_posts(ctx, admin)


def ask(ctx: Context, admin: User, top: Dataset, way: str, **options: Any) -> Dataset:
    return run_processor(ctx, admin, top.key, "misbehave", {"way": way, **options})[0]


def change_way(ctx: Context, dataset: Dataset, way: str) -> None:
    """Let the next attempt do something else."""
    ctx.database.run(
        "UPDATE datasets SET parameters = parameters || jsonb_build_object('way', %(way)s) WHERE key = %(key)s",
        way=way,
        key=dataset.key,
    )


def wait_for_trace(trace: Path) -> int:
    """The process that does the job, once it has said so."""
    wait_for(lambda: trace.exists() and trace.read_text().strip(), "the trace")
    return int(trace.read_text().split()[-1])


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet buried does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def leftovers(ctx: Context, workers: Process) -> Iterator[None]:
    """After the test, nothing of a job may be left: no process, no temporary folder, no open job."""
    ctx.files.sweep(0)
    yield
    wait_for(lambda: not list((ctx.settings.data_dir / "storage" / "tmp").glob("*")), "temporary folders to go")
    assert [job for job in jobs.list_jobs(ctx.database) if job.state != "failed" and job.type == "misbehave"] == []


@pytest.mark.usefixtures("leftovers")
class TestEndings:
    """How an attempt ends decides how its dataset ends."""

    @pytest.mark.parametrize(
        ("way", "status", "message"),
        [
            ("work", Status.FINISHED, "60 items read, 3 rows made."),
            ("empty", Status.EMPTY, "There was nothing there."),
            ("user-error", Status.FAILED, "way: This way leads nowhere."),
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

    @pytest.mark.parametrize("way", ["die-once", "source-once"])
    def test_a_passing_fault_is_tried_again(
        self, ctx: Context, admin: User, top: Dataset, way: str, tmp_path: Path
    ) -> None:
        ended = wait_for_end(ctx, ask(ctx, admin, top, way, trace=str(tmp_path / "trace")).key)
        assert (ended.status, ended.provenance["attempt"]) == (Status.FINISHED, 2)

    def test_a_job_out_of_memory_ends_alone(
        self, ctx: Context, admin: User, top: Dataset, start: Starter, workers: Process
    ) -> None:
        workers.terminate()
        workers.wait(10)
        start("-m", "app.runner", JOB_MEMORY_MB="400")
        ended = wait_for_end(ctx, ask(ctx, admin, top, "memory").key)
        assert ended.status is Status.FAILED
        assert "Out of memory at 60 rows: it needed more than 400 MB" in ended.message
        assert wait_for_end(ctx, ask(ctx, admin, top, "work").key).status is Status.FINISHED

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
class TestCancel:
    """A running job stops within five seconds, whatever it is doing, with all it has started."""

    @pytest.mark.parametrize("way", ["sleep", "library", "program", "swallow"])
    def test_a_running_one(self, ctx: Context, admin: User, top: Dataset, way: str, tmp_path: Path) -> None:
        trace = tmp_path / "trace"
        asked = ask(ctx, admin, top, way, seconds=60, trace=str(trace))
        pid = wait_for_trace(trace)

        asked_at = time.monotonic()
        cancel_dataset(ctx, admin, asked.key)
        ended = wait_for_end(ctx, asked.key, 10)

        assert (ended.status, ended.message) == (Status.CANCELLED, "Cancelled.")
        assert time.monotonic() - asked_at < 5
        assert not is_alive(pid)
        assert not [found for found in psutil.process_iter(["cmdline"]) if "60.123" in (found.info["cmdline"] or [])]

    def test_also_after_redis_was_emptied(self, ctx: Context, admin: User, top: Dataset, tmp_path: Path) -> None:
        asked = ask(ctx, admin, top, "sleep", seconds=60, trace=str(tmp_path / "trace"))
        wait_for_trace(tmp_path / "trace")
        ctx.bell.client.flushall()
        cancel_dataset(ctx, admin, asked.key)
        assert wait_for_end(ctx, asked.key, 10).status is Status.CANCELLED

    def test_a_waiting_one_is_gone_at_once_and_so_is_what_waits_for_it(
        self, ctx: Context, admin: User, top: Dataset
    ) -> None:
        blockers = [ask(ctx, admin, top, "sleep", seconds=3, mark=str(number)) for number in range(2)]
        waiting = ask(ctx, admin, top, "work")
        child = run_processor(ctx, admin, waiting.key, "column-filter", {"column": "number", "match_value": "1"})[0]
        assert cancel_dataset(ctx, admin, waiting.key).status is Status.CANCELLED
        assert datasets.get(ctx.database, child.key).status is Status.CANCELLED
        for blocker in blockers:
            assert wait_for_end(ctx, blocker.key).status is Status.FINISHED

    def test_a_deleted_one_stops_too(self, ctx: Context, admin: User, top: Dataset, tmp_path: Path) -> None:
        asked = ask(ctx, admin, top, "sleep", seconds=60, trace=str(tmp_path / "trace"))
        pid = wait_for_trace(tmp_path / "trace")
        delete_dataset(ctx, admin, asked.key)
        wait_for(lambda: not is_alive(pid), "the process to end", 5)


@pytest.mark.usefixtures("leftovers")
class TestDeath:
    """Any process may be killed at any moment."""

    def watcher_of(self, pid: int) -> psutil.Process:
        return psutil.Process(pid).parent()  # type: ignore[return-value]

    def test_the_process_that_does_the_job(self, ctx: Context, admin: User, top: Dataset, tmp_path: Path) -> None:
        asked = ask(ctx, admin, top, "sleep", seconds=2, trace=str(tmp_path / "trace"))
        psutil.Process(wait_for_trace(tmp_path / "trace")).kill()
        ended = wait_for_end(ctx, asked.key)
        assert (ended.status, ended.provenance["attempt"]) == (Status.FINISHED, 2)

    def test_the_process_that_watches_it(self, ctx: Context, admin: User, top: Dataset, tmp_path: Path) -> None:
        asked = ask(ctx, admin, top, "sleep", seconds=2, trace=str(tmp_path / "trace"))
        pid = wait_for_trace(tmp_path / "trace")
        self.watcher_of(pid).kill()
        wait_for(lambda: not is_alive(pid), "the job to die with its watcher", 2)
        ended = wait_for_end(ctx, asked.key)
        assert (ended.status, ended.provenance["attempt"]) == (Status.FINISHED, 2)
        self.clean(ctx)

    def test_worker_and_watcher_at_once(self, ctx: Context, admin: User, top: Dataset, tmp_path: Path) -> None:
        asked = ask(ctx, admin, top, "sleep", seconds=2, trace=str(tmp_path / "trace"))
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
        workers.wait(10)
        asked = ask(ctx, admin, top, "work")
        ctx.bell.client.flushall()
        start("-m", "app.runner")
        assert wait_for_end(ctx, asked.key).status is Status.FINISHED

    def test_a_stopped_machine_hands_its_job_back_uncounted(
        self, ctx: Context, admin: User, top: Dataset, tmp_path: Path, start: Starter, workers: Process
    ) -> None:
        workers.terminate()
        workers.wait(10)
        manager = start("-m", "app.runner", SHUTDOWN_SECONDS="1")
        asked = ask(ctx, admin, top, "sleep", seconds=4, trace=str(tmp_path / "trace"))
        wait_for_trace(tmp_path / "trace")
        manager.terminate()
        manager.wait(10)
        assert datasets.get(ctx.database, asked.key).status is Status.WAITING
        start("-m", "app.runner")
        ended = wait_for_end(ctx, asked.key)
        assert (ended.status, ended.provenance["attempt"]) == (Status.FINISHED, 1)

    @staticmethod
    def clean(ctx: Context) -> None:
        """Folders of killed watchers are swept later; here they are swept now."""
        ctx.files.sweep(0)
