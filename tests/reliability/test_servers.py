"""PostgreSQL, Redis, storage and schedulers that fail while there is work: all of it ends as it should, once."""

from __future__ import annotations

import math
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from app.domain.dataset import Dataset, Status
from app.domain.user import User
from app.local.servers import EmbeddedServers
from app.plugins.registry import Registry
from app.services.context import Context, open_context
from app.services.dataset import log_text
from app.services.run import run_processor
from app.settings import Settings
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import setting
from app.storage.migrate import migrate
from tests.conftest import Process, Starter, finished_posts, settings_environment, wait_for, wait_for_end
from tests.integration.conftest import s3  # noqa: F401 - a fixture

MADE = "60 items read, 3 rows made."


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServers]:
    """Servers that only these tests use, for they are killed."""
    servers = EmbeddedServers(tmp_path_factory.mktemp("harmed"))
    migrate(servers.start()[0])
    yield servers
    servers.stop()


@pytest.fixture(scope="module")
def settings(embedded: EmbeddedServers) -> Settings:
    database_url, redis_url = embedded.addresses()
    return Settings.from_env(
        {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "DATA_DIR": str(embedded.data_dir),
            "SECRET_KEY": "for tests " * 4,
            "PSEUDONYM_KEY": "for tests too " * 4,
            "RECONCILE_SECONDS": "1",
            "DEAD_AFTER_SECONDS": "4",
            "HEARTBEAT_SECONDS": "0.5",
            "WORKER_IDLE_SECONDS": "5",
            "SHUTDOWN_SECONDS": "3",
            "ENGINE_THREADS": "1",
            "PLUGIN_PACKAGES": "tests.plugins",
        }
    )


@pytest.fixture(scope="module")
def environment(settings: Settings) -> dict[str, str]:
    return settings_environment(settings)


@pytest.fixture
def top(ctx: Context, admin: User) -> Dataset:
    return finished_posts(ctx, admin)


@pytest.fixture(autouse=True)
def servers_are_up(embedded: EmbeddedServers) -> Iterator[None]:
    """Whatever a test has done, the next one finds both servers."""
    embedded.keep_alive()
    yield
    embedded.keep_alive()


@pytest.fixture
def alone(workers: Process) -> None:
    """No manager of the module runs, since the test starts one of its own."""
    workers.terminate()
    workers.wait(15)


def ask(ctx: Context, admin: User, top: Dataset, way: str, **options: Any) -> Dataset:
    return run_processor(ctx, admin, top.key, "misbehave", {"way": way, **options})[0]


def wait_for_trace(trace: Path, attempts: int = 1) -> int:
    """The process of the latest attempt, once there have been so many."""
    wait_for(lambda: trace.exists() and len(trace.read_text().split()) >= attempts, "the trace")
    return int(trace.read_text().split()[-1])


def kill_postgres(ctx: Context) -> None:
    pid = int((ctx.settings.data_dir / "postgresql" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie", "PostgreSQL to die")
    ctx.database.close()


def kill_redis(ctx: Context) -> None:
    pid = int(ctx.bell.client.info()["process_id"])  # type: ignore[index,arg-type]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie", "Redis to die")


def published(ctx: Context, admin: User, dataset: Dataset) -> int:
    """How often a result of this dataset was put into the database."""
    return sum(line.endswith(MADE) for line in log_text(ctx, admin, dataset.key).splitlines())


def assert_right(ctx: Context, admin: User, ended: Dataset) -> None:
    """Finished once, with exactly the files that its result names."""
    assert (ended.status, ended.rows, published(ctx, admin, ended)) == (Status.FINISHED, 3, 1), ended
    assert ended.result is not None
    stored = {file.name for file in ctx.files.find(f"datasets/{ended.key}")}
    assert stored == {file.name for file in ended.result.files.values()}


def hurry(ctx: Context) -> None:
    """Let nothing wait for its next try."""
    ctx.database.run("UPDATE jobs SET claim_after = now() WHERE state = 'waiting' AND interval IS NULL")


@pytest.mark.usefixtures("workers")
class TestPostgres:
    """The truth goes away and comes back."""

    def test_killed_while_a_job_runs(
        self, ctx: Context, admin: User, top: Dataset, embedded: EmbeddedServers, tmp_path: Path
    ) -> None:
        asked = ask(ctx, admin, top, "sleep", seconds=3, trace=str(tmp_path / "trace"))
        wait_for_trace(tmp_path / "trace")
        kill_postgres(ctx)
        embedded.keep_alive()
        assert_right(ctx, admin, wait_for_end(ctx, asked.key))

    def test_away_when_the_job_ends(
        self, ctx: Context, admin: User, top: Dataset, embedded: EmbeddedServers, tmp_path: Path
    ) -> None:
        asked = ask(ctx, admin, top, "sleep", seconds=1, trace=str(tmp_path / "trace"))
        pid = wait_for_trace(tmp_path / "trace")
        time.sleep(0.5)
        kill_postgres(ctx)
        wait_for(lambda: not psutil.pid_exists(pid), "the work to end")
        time.sleep(1)
        embedded.keep_alive()
        ended = wait_for_end(ctx, asked.key)
        assert_right(ctx, admin, ended)
        assert ended.provenance["attempt"] == 1


@pytest.mark.usefixtures("workers")
class TestRedis:
    """The doorbell goes away and comes back, with nothing in it."""

    def test_emptied_while_jobs_wait_and_run(
        self, ctx: Context, admin: User, top: Dataset, embedded: EmbeddedServers, tmp_path: Path
    ) -> None:
        asked = [ask(ctx, admin, top, "sleep", seconds=1.5, trace=str(tmp_path / str(n))) for n in range(4)]
        wait_for_trace(tmp_path / "0")
        kill_redis(ctx)
        shutil.rmtree(ctx.settings.data_dir / "redis" / "appendonlydir")
        time.sleep(1)
        embedded.keep_alive()
        for dataset in asked:
            assert_right(ctx, admin, wait_for_end(ctx, dataset.key))

    def test_away_for_a_while_when_something_is_asked(
        self, ctx: Context, admin: User, top: Dataset, embedded: EmbeddedServers
    ) -> None:
        wait_for_end(ctx, ask(ctx, admin, top, "work").key)
        kill_redis(ctx)
        asked = ask(ctx, admin, top, "work", mark="while Redis is away")
        assert asked.status is Status.WAITING
        time.sleep(8)
        embedded.keep_alive()
        back = time.monotonic()
        assert_right(ctx, admin, wait_for_end(ctx, asked.key))
        assert time.monotonic() - back < 5


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Let nothing be made in a folder; a mark of the file system, which binds root too."""
    folder.mkdir(parents=True, exist_ok=True)
    if subprocess.run(["chattr", "+i", folder], capture_output=True, check=False).returncode:
        pytest.skip("this needs root and a file system that knows chattr")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", folder], check=True)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """A file system of its own, so small that it can be filled."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this needs root, to mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


class Gate:
    """A door before a server: it lets through what comes, or answers that this is forbidden."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (str(parts.hostname), int(parts.port or 80))
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.is_shut = False
        self._refused = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def wait_for_refusal(self) -> None:
        """Wait until somebody has been turned away."""
        assert self._refused.wait(20)

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._answer, args=(self._socket.accept()[0],), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if self.is_shut:
                client.recv(65_536)
                client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                self._refused.set()
                return
            with socket.create_connection(self._server) as server:
                back = threading.Thread(target=self._pass_on, args=(server, client), daemon=True)
                back.start()
                self._pass_on(client, server)
                back.join()

    @staticmethod
    def _pass_on(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while chunk := one.recv(65_536):
                other.sendall(chunk)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)


class TestStorage:
    """Storage refuses, is full, or cannot be written to."""

    def test_unwritable_when_the_result_is_stored(
        self, ctx: Context, admin: User, top: Dataset, workers: Process
    ) -> None:
        with unwritable(ctx.settings.data_dir / "storage" / "datasets"):
            asked = ask(ctx, admin, top, "work")
            waits = wait_for(lambda: self.waits_again(ctx, asked), "the first try to be over")
            assert "The result could not be stored: " in waits.message  # type: ignore[attr-defined]
        hurry(ctx)
        ended = wait_for_end(ctx, asked.key)
        assert_right(ctx, admin, ended)
        assert ended.provenance["attempt"] == 2

    @pytest.mark.parametrize(
        ("folder", "reason"),
        [("datasets", "The result could not be stored: "), ("tmp", "no temporary folder can be made")],
    )
    def test_unwritable_for_good(
        self, ctx: Context, admin: User, top: Dataset, workers: Process, folder: str, reason: str
    ) -> None:
        with unwritable(ctx.settings.data_dir / "storage" / folder):
            asked = ask(ctx, admin, top, "work")
            ended = self.tried_until_it_ends(ctx, asked)
        assert (ended.status, reason in ended.message) == (Status.FAILED, True), ended.message
        assert ended.provenance["attempt"] == 3

    @pytest.mark.usefixtures("alone")
    def test_a_full_disk(self, ctx: Context, admin: User, start: Starter, tmp_path: Path) -> None:
        with small_disk(tmp_path / "disk", 2), closing(self.elsewhere(ctx, f"file://{tmp_path}/disk")) as there:
            top = finished_posts(there, admin)
            (tmp_path / "disk" / "tmp").mkdir(exist_ok=True)
            ballast = tmp_path / "disk" / "ballast"
            with ballast.open("wb", buffering=0) as opened, suppress(OSError):
                while True:
                    opened.write(bytes(4096))
            manager = start("-m", "app.runner", STORAGE_URL=there.settings.storage_url)
            asked = ask(there, admin, top, "work")
            waits = wait_for(lambda: self.waits_again(there, asked), "the first try to be over")
            assert "no space left" in waits.message.lower()  # type: ignore[attr-defined]
            ballast.unlink()
            hurry(there)
            assert_right(there, admin, wait_for_end(there, asked.key))
            manager.terminate()
            manager.wait(15)

    @pytest.mark.usefixtures("alone")
    def test_s3_that_refuses(
        self,
        ctx: Context,
        admin: User,
        start: Starter,
        s3: str,  # noqa: F811
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        for name, value in keys.items():
            monkeypatch.setenv(name, value)
        endpoint = s3.partition("endpoint=")[2].partition("&")[0]
        with closing(Gate(endpoint)) as gate, closing(self.elsewhere(ctx, s3.replace(endpoint, gate.url))) as there:
            top = finished_posts(there, admin)
            start("-m", "app.runner", STORAGE_URL=there.settings.storage_url, **keys)
            asked = ask(there, admin, top, "sleep", seconds=1, trace=str(tmp_path / "trace"))
            wait_for_trace(tmp_path / "trace")
            gate.is_shut = True
            gate.wait_for_refusal()
            waits = wait_for(lambda: self.waits_again(there, asked), "the first try to be over")
            assert "The result could not be stored" in waits.message  # type: ignore[attr-defined]
            gate.is_shut = False
            hurry(there)
            assert_right(there, admin, wait_for_end(there, asked.key))

    @staticmethod
    def elsewhere(ctx: Context, storage_url: str) -> Context:
        """The same installation with another storage."""
        return open_context(replace(ctx.settings, storage_url=storage_url), ctx.registry)

    @staticmethod
    def waits_again(ctx: Context, asked: Dataset) -> Dataset | None:
        found = datasets.get(ctx.database, asked.key)
        assert not found.status.is_ended, found.message
        return found if found.status is Status.WAITING and "Trying again" in found.message else None

    @staticmethod
    def tried_until_it_ends(ctx: Context, asked: Dataset) -> Dataset:
        def over() -> Dataset | None:
            hurry(ctx)
            found = datasets.get(ctx.database, asked.key)
            return found if found.status.is_ended else None

        return wait_for(over, "the last try to be over")  # type: ignore[return-value]


@pytest.mark.usefixtures("workers")
def test_a_frozen_watcher_publishes_nothing_when_it_thaws(
    ctx: Context, admin: User, top: Dataset, tmp_path: Path
) -> None:
    asked = ask(ctx, admin, top, "sleep", seconds=1, trace=str(tmp_path / "trace"))
    watcher = psutil.Process(wait_for_trace(tmp_path / "trace")).parent()
    assert watcher is not None
    watcher.suspend()
    try:
        ended = wait_for_end(ctx, asked.key)
    finally:
        watcher.resume()
    assert ended.provenance["attempt"] == 2
    wait_for(lambda: not watcher.is_running(), "the frozen watcher to end")
    assert datasets.get(ctx.database, asked.key) == ended
    assert_right(ctx, admin, ended)


def tick_runs(ctx: Context, since: float = 0) -> list[float]:
    found = setting.all_settings(ctx.database)
    return sorted(value[0] for name, value in found.items() if name.startswith("tick.ran.") and value[0] > since)


def per_interval(runs: list[float]) -> Counter[int]:
    """How many runs began in each interval, of two seconds on the grid."""
    return Counter(math.floor(moment / 2) for moment in runs)


@pytest.mark.usefixtures("workers")
class TestSchedulers:
    """Interval jobs, however many schedulers there are."""

    def test_two_at_once_run_nothing_twice(self, ctx: Context, start: Starter) -> None:
        start("scheduler.py")
        wait_for(lambda: len(tick_runs(ctx)) >= 5, "five runs")
        runs = tick_runs(ctx)
        assert max(per_interval(runs).values()) == 1, runs

    def test_one_run_makes_up_for_those_that_were_missed(
        self, ctx: Context, start: Starter, _crew: dict[str, Process]
    ) -> None:
        wait_for(lambda: tick_runs(ctx), "a run")
        scheduler = _crew["scheduler"]
        scheduler.kill()
        scheduler.wait()
        time.sleep(7)
        back = time.time()
        _crew["scheduler"] = start("scheduler.py")
        wait_for(lambda: len(tick_runs(ctx, back)) >= 3, "runs after the pause")
        runs = tick_runs(ctx, back)
        assert len(tick_runs(ctx)) - len(runs) <= 3
        assert max(per_interval(runs).values()) == 1, runs


def test_an_attempt_whose_commit_came_through_unheard_keeps_its_result(
    ctx: Context, admin: User, top: Dataset, registry: Registry, conclude_twice: Callable[[Dataset], None]
) -> None:
    asked = ask(ctx, admin, top, "work")
    conclude_twice(asked)
    assert_right(ctx, admin, datasets.get(ctx.database, asked.key))


@pytest.fixture
def conclude_twice(ctx: Context) -> Callable[[Dataset], None]:
    """Make a result and conclude with it twice, as happens when the answer to the first commit is lost."""
    from dataclasses import asdict

    import polars as pl

    from app.runner import entry
    from app.runner.conclude import conclude
    from app.runner.report import End, Outcome
    from app.runner.watch import Watched

    def run(asked: Dataset) -> None:
        job = jobs.for_dataset(ctx.database, asked.key)
        assert job is not None
        task = entry._claim(ctx, job.id)
        assert task is not None
        with ctx.files.workspace() as folder:
            pl.DataFrame({"number": [1, 2, 3]}).write_parquet(folder / "table.parquet")
            stored = ctx.files.put(folder / "table.parquet", f"datasets/{asked.key}/{task.job.token}/table.parquet")
        outcome = Outcome(End.DONE, MADE, rows=3, columns=["number"], kind="table", files={"table": asdict(stored)})
        conclude(ctx, task, Watched(outcome=outcome))
        conclude(ctx, task, Watched(outcome=outcome))

    return run
