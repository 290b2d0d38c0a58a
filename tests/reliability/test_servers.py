"""PostgreSQL, Redis and watchers that fail while there is work: all of it ends as it should, once."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import polars as pl
import psutil
import pytest

from app.domain.dataset import Dataset, Status
from app.domain.user import User
from app.local.servers import EmbeddedServers
from app.runner import entry
from app.runner.conclude import conclude
from app.runner.report import End, Outcome
from app.runner.watch import Watched
from app.services.context import Context
from app.settings import Settings
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage.migrate import migrate
from tests.conftest import finished_posts, settings_environment, wait_for, wait_for_end
from tests.reliability.asking import MADE, ask, assert_right, is_alive, wait_for_trace


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


def kill_postgres(ctx: Context, *, forget: bool = True) -> None:
    pid = int((ctx.settings.data_dir / "postgresql" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not is_alive(pid), "PostgreSQL to die")
    if forget:
        ctx.database.close()


def kill_redis(ctx: Context) -> None:
    pid = int(ctx.bell.client.info()["process_id"])  # type: ignore[index,arg-type]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not is_alive(pid), "Redis to die")


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
        wait_for(lambda: not is_alive(pid), "the work to end")
        time.sleep(1)
        embedded.keep_alive()
        ended = wait_for_end(ctx, asked.key)
        assert_right(ctx, admin, ended)
        assert ended.provenance["attempt"] == 1

    def test_away_for_longer_than_a_claim_stands(
        self, ctx: Context, admin: User, top: Dataset, embedded: EmbeddedServers, tmp_path: Path
    ) -> None:
        """The work is suspended when its claim may be over, and goes on when the claim proves to stand."""
        asked = ask(ctx, admin, top, "stamps", seconds=24, trace=str(tmp_path / "trace"))
        wait_for(lambda: len(stamps(tmp_path)) > 5, "some work to be done")
        kill_postgres(ctx)
        away = time.time()
        time.sleep(ctx.settings.dead_after_seconds + 8)
        back = time.time()
        embedded.keep_alive()
        ended = wait_for_end(ctx, asked.key)
        assert_right(ctx, admin, ended)
        assert ended.provenance["attempt"] == 1
        over = away + ctx.settings.dead_after_seconds + 4  # the watcher too may have to wait for its turn
        assert [moment for moment in stamps(tmp_path) if over < moment < back] == []
        assert [moment for moment in stamps(tmp_path) if moment > back]

    def test_a_restart_goes_unseen_by_who_asks_next(self, ctx: Context, embedded: EmbeddedServers) -> None:
        assert ctx.database.one("SELECT 1 AS one") == {"one": 1}
        kill_postgres(ctx, forget=False)
        embedded.keep_alive()
        assert ctx.database.one("SELECT 1 AS one") == {"one": 1}


def stamps(folder: Path) -> list[float]:
    """When the work was at it."""
    path = folder / "trace.stamps"
    return [float(line.split()[1]) for line in path.read_text().splitlines()] if path.exists() else []


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
        time.sleep(18)
        embedded.keep_alive()
        back = time.monotonic()
        assert_right(ctx, admin, wait_for_end(ctx, asked.key))
        assert time.monotonic() - back < 10, "RQ's own worker would try again after 13 s"


@pytest.mark.usefixtures("workers")
def test_a_frozen_watcher_publishes_nothing_when_it_thaws(
    ctx: Context, admin: User, top: Dataset, tmp_path: Path
) -> None:
    asked = ask(ctx, admin, top, "sleep", seconds=4, trace=str(tmp_path / "trace"))
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


def test_an_attempt_whose_commit_came_through_unheard_keeps_its_result(ctx: Context, admin: User, top: Dataset) -> None:
    asked = ask(ctx, admin, top, "work")
    job = jobs.for_dataset(ctx.database, asked.key)
    assert job is not None
    task = entry._claim(ctx, job.id)
    assert task is not None
    with ctx.files.workspace() as folder:
        pl.DataFrame({"number": [1, 2, 3]}).write_parquet(folder / "table.parquet")
        stored = ctx.files.put(folder / "table.parquet", f"datasets/{asked.key}/{task.job.token}/table.parquet")
    outcome = Outcome(End.DONE, MADE, rows=3, columns=["number"], kind="table", files={"table": asdict(stored)})
    for _ in range(2):  # the second time because the answer to the first was lost
        conclude(ctx, task, Watched(outcome=outcome))
    assert_right(ctx, admin, datasets.get(ctx.database, asked.key))
