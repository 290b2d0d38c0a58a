"""What every test can ask for: real servers, an empty installation, users, and worker processes."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings as hypothesis_settings

from app.domain.dataset import Dataset
from app.domain.errors import Unavailable
from app.domain.user import User
from app.local.servers import embedded_servers
from app.plugins.registry import BUILT_IN, Registry
from app.services import sign_in
from app.services.context import Context, open_context
from app.services.dataset import create_capture
from app.services.upload import save_upload
from app.services.user import create_user
from app.settings import Settings
from app.storage import dataset as datasets
from app.storage.migrate import migrate
from tests.mail import MailServer
from tests.results import store_table

hypothesis_settings.register_profile("busy", deadline=None)  # how long a case takes is the machine's affair
hypothesis_settings.load_profile("busy")

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT.parent / "shared" / "samples"
PASSWORD = "correct horse battery"
WITH_PROCESSES = {"start", "workers", "site"}
"""Fixtures with which a test has processes of an installation beside it."""
RATE_LIMITS = ("RATE_LIMIT", *(f"RATE_LIMIT_{kind}" for kind in ("CREATE", "UPLOAD", "DOWNLOAD", "ESTIMATE")))
_MANY = 1000
_TABLES = """
    SELECT relname AS name FROM pg_class
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
      AND relname <> 'schema_migrations'
"""
_RESTART = """
    SELECT setval(s.oid::regclass, 1, false)
    FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.deptype IN ('a', 'i') AND d.classid = 'pg_class'::regclass
    WHERE s.relkind = 'S' AND s.relnamespace = 'public'::regnamespace
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that wait the most first, so that no process is left alone with them at the end.

    What watches processes by the clock fails when the machine stands still for seconds. Such a test is run once more,
    and the summary names it: a fault of ours fails twice.
    """
    items.sort(key=lambda item: not item.nodeid.startswith("tests/reliability/"))
    for item in items:
        if item.nodeid.startswith("tests/reliability/") or WITH_PROCESSES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why each test that was run once more had failed."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.section(f"the first failure of {report.nodeid}")
        terminalreporter.line(report.longreprtext[-4000:])


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real input files; a test that needs it is skipped where it is not there."""
    if not SAMPLES.is_dir():
        pytest.skip(f"the sample files are not at {SAMPLES}")
    return SAMPLES


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Addresses of a real PostgreSQL and a real Redis, started for this run."""
    with embedded_servers(tmp_path_factory.mktemp("servers")) as addresses:
        migrate(addresses[0])
        yield addresses


@pytest.fixture(scope="session")
def registry() -> Registry:
    """All plug-ins, those that only tests load included."""
    return Registry.discover((*BUILT_IN, "tests.plugins"))


@pytest.fixture(scope="session")
def settings(servers: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of the installation that tests share, one after the other."""
    return Settings.from_env(
        {
            "DATABASE_URL": servers[0],
            "REDIS_URL": servers[1],
            "DATA_DIR": str(tmp_path_factory.mktemp("data")),
            "SECRET_KEY": "for tests " * 4,
            "PSEUDONYM_KEY": "for tests too " * 4,
            "RECONCILE_SECONDS": "1",
            "DEAD_AFTER_SECONDS": "6",
            "HEARTBEAT_SECONDS": "1",
            "WORKER_IDLE_SECONDS": "5",
            "SHUTDOWN_SECONDS": "3",
            **dict.fromkeys(RATE_LIMITS, "100000 per minute"),
            "ENGINE_THREADS": "2",
            "PLUGIN_PACKAGES": "tests.plugins",
        }
    )


@pytest.fixture
def ctx(settings: Settings, registry: Registry) -> Iterator[Context]:
    """An empty installation: no users, no datasets, nothing in Redis."""
    opened = open_context(settings, registry)
    wait_for(lambda: emptied(opened), "an empty database")
    opened.bell.client.flushall()
    yield opened
    opened.close()


def emptied(opened: Context) -> bool:
    """Empty the tables; False when a process that still runs was in the way.

    A few rows are deleted, which takes a tenth of the time that emptying tables takes; numbers begin again either way.
    """
    db = opened.database
    try:
        tables = [row["name"] for row in db.many(_TABLES)]
        counted = " UNION ALL ".join(
            f"SELECT '{name}' AS name, (SELECT count(*) FROM (SELECT FROM {name} LIMIT {_MANY}) t) AS rows"
            for name in tables
        )
        full = {row["name"]: row["rows"] for row in db.many(counted) if row["rows"]}
        many = [name for name, rows in full.items() if rows == _MANY or name.startswith("imageboard_")]
        if many:
            db.run(f"TRUNCATE {', '.join(many)} RESTART IDENTITY CASCADE")
        with db.transaction() as tx:
            tx.run("SET LOCAL session_replication_role = replica")  # the order of the tables then does not matter
            tx.run("LOCK TABLE jobs IN EXCLUSIVE MODE")  # a row added meanwhile would have the number of a later one
            for name in {*full, "jobs"}:
                tx.run(f"DELETE FROM {name}")
            tx.run(_RESTART)
    except Unavailable:
        return False
    return True


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A mail server that listens."""
    running = MailServer()
    running.start()
    yield running
    running.stop()


@pytest.fixture
def admin(ctx: Context) -> User:
    """An administrator; the password is PASSWORD."""
    return create_user(ctx, "ada", PASSWORD, is_admin=True)


@pytest.fixture
def user(ctx: Context, admin: User) -> User:
    """Somebody who is not an administrator; the password is PASSWORD."""
    return create_user(ctx, "ursula", PASSWORD)


_built: list[tuple[Flask, object]] = []
"""The application that tests share, and where the requests to it are counted."""


@pytest.fixture
def app(ctx: Context, settings: Settings) -> Flask:
    """The web application on this installation.

    Built once, and anew when a test has built one of its own: requests are counted where the last one counts them.
    """
    from app.factory import create_app
    from app.installation import keep_installation
    from app.limits import limiter

    if not _built or _built[0][1] is not limiter.storage:
        made = create_app(settings, ctx)
        made.config["TESTING"] = True
        _built[:] = [(made, limiter.storage)]
    app = _built[0][0]
    keep_installation(app, ctx)
    return app


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Argon2 with the least work, for tests make thousands of users."""
    quick = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sign_in, "PasswordHasher", quick)
        sign_in.hasher.cache_clear()
        yield
    sign_in.hasher.cache_clear()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that nobody has signed in with."""
    return app.test_client()


@pytest.fixture(scope="session")
def environment(settings: Settings) -> dict[str, str]:
    """The environment in which a process of this installation runs."""
    return settings_environment(settings)


def settings_environment(settings: Settings) -> dict[str, str]:
    """Settings as environment variables."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "STORAGE_URL": settings.storage_url,
        "DATA_DIR": str(settings.data_dir),
        "SECRET_KEY": settings.secret_key,
        "PSEUDONYM_KEY": settings.pseudonym_key,
        "RECONCILE_SECONDS": str(settings.reconcile_seconds),
        "DEAD_AFTER_SECONDS": str(settings.dead_after_seconds),
        "HEARTBEAT_SECONDS": str(settings.heartbeat_seconds),
        "WORKER_IDLE_SECONDS": str(settings.worker_idle_seconds),
        "SHUTDOWN_SECONDS": str(settings.shutdown_seconds),
        "JOB_MEMORY_MB": str(settings.job_memory_mb),
        "JOB_MINUTES": str(settings.job_minutes),
        "ENGINE_THREADS": str(settings.engine_threads),
        **dict.fromkeys(RATE_LIMITS, settings.rate_limit),
        "PLUGIN_PACKAGES": ",".join(settings.plugin_packages),
        "PYTHONPATH": str(ROOT),
    }


Process = subprocess.Popen[str]
Starter = Callable[..., Process]


class Crew:
    """Processes of an installation, started by a test and ended with it."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._started: list[Process] = []

    def start(self, *arguments: str, **more: str) -> Process:
        """Start a process, such as `start("-m", "app.runner")`; `more` are variables of its environment."""
        with (self._folder / f"process-{len(self._started)}.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**self._environment, **more},
                stdout=log,
                stderr=log,
                text=True,
            )
        self._started.append(process)
        return process

    def stop(self) -> None:
        """End what still runs."""
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._started:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Starter]:
    """Start a process of this installation, such as `start("-m", "app.runner")`; it is ended with the test."""
    crew = Crew(environment, tmp_path)
    yield crew.start
    crew.stop()


@pytest.fixture(scope="module")
def _crew(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Process]]:
    crew = Crew(environment, tmp_path_factory.mktemp("crew"))
    running: dict[str, Process] = {"start": crew.start}  # type: ignore[dict-item]
    yield running
    crew.stop()


@pytest.fixture
def workers(ctx: Context, _crew: dict[str, Process]) -> Process:
    """The manager with its workers, ready to take jobs, and the scheduler beside it.

    The tests of a module share them; what a test has killed is started again for the next.
    """
    start: Starter = _crew["start"]  # type: ignore[assignment]
    for name, arguments in (("manager", ("-m", "app.runner")), ("scheduler", ("scheduler.py",))):
        if name not in _crew or _crew[name].poll() is not None:
            _crew[name] = start(*arguments)
            if name == "manager":
                wait_for_manager(ctx, _crew[name])
    return _crew["manager"]


def wait_for(condition: Callable[[], object], what: str, seconds: float = 30) -> object:
    """Wait until a condition holds, and give back what it found."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s for {what}")


def wait_for_manager(ctx: Context, manager: Process) -> None:
    """Wait until this very manager says that it is there; one of other tests may have said so before."""
    wait_for(lambda: manager.pid in [found["pid"] for found in ctx.bell.managers().values()], "the manager", 60)


def wait_for_end(ctx: Context, key: str, seconds: float = 60) -> Dataset:
    """Wait until a dataset has ended."""

    def ended() -> Dataset | None:
        found = datasets.get(ctx.database, key)
        return found if found.status.is_ended else None

    try:
        return wait_for(ended, f"dataset {key}", seconds)  # type: ignore[return-value]
    except AssertionError:
        raise AssertionError(f"not ended: {datasets.get(ctx.database, key)}") from None


def finished_posts(ctx: Context, actor: User) -> Dataset:
    """A finished dataset of posts, put there without a worker."""
    moment = pl.col("timestamp").str.to_datetime(time_unit="us", time_zone="UTC")
    with ctx.files.workspace() as folder:
        frame = pl.read_csv(POSTS, infer_schema=False).with_columns(moment)
        return store_table(ctx, actor, Path(folder), frame, label="posts.csv")


POSTS = (
    "id,thread_id,timestamp,author,body,subject,hashtags\n"
    + "".join(
        f"{n},{n % 7},2026-0{1 + n % 6}-1{n % 9} 10:00:00,author{n % 5},"
        f'"coffee and tea, number {n}",post {n},"a{n % 3},b{n % 2}"\n'
        for n in range(60)
    )
).encode()


def import_posts(
    ctx: Context, actor: User, content: bytes = POSTS, filename: str = "posts.csv", **more: object
) -> Dataset:
    """Ask for a dataset of a small CSV of posts."""
    upload = save_upload(ctx, actor, filename, io.BytesIO(content))
    return create_capture(ctx, actor, "upload", {}, upload_id=upload.id, **more)  # type: ignore[arg-type]


def with_settings(ctx: Context, **changes: object) -> Context:
    """The same installation with some settings changed."""
    return replace(ctx, settings=replace(ctx.settings, **changes))  # type: ignore[arg-type]
