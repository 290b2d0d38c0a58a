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
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.dataset import Dataset
from app.domain.user import User
from app.local.servers import embedded_servers
from app.plugins.registry import Registry
from app.services.context import Context, open_context
from app.services.dataset import create_capture
from app.services.upload import save_upload
from app.services.user import create_user
from app.settings import Settings
from app.storage import dataset as datasets
from app.storage.migrate import migrate

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT.parent / "shared" / "samples"
PASSWORD = "correct horse battery"


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
    """All plug-ins."""
    return Registry.discover()


@pytest.fixture
def settings(servers: tuple[str, str], tmp_path: Path) -> Settings:
    """Settings of an installation for one test."""
    return Settings.from_env(
        {
            "DATABASE_URL": servers[0],
            "REDIS_URL": servers[1],
            "DATA_DIR": str(tmp_path / "data"),
            "SECRET_KEY": "for tests " * 4,
            "PSEUDONYM_KEY": "for tests too " * 4,
            "RECONCILE_SECONDS": "1",
            "DEAD_AFTER_SECONDS": "6",
            "HEARTBEAT_SECONDS": "1",
            "WORKER_IDLE_SECONDS": "5",
            "RATE_LIMIT": "100000 per minute",
            "ENGINE_THREADS": "2",
        }
    )


@pytest.fixture
def ctx(settings: Settings, registry: Registry) -> Iterator[Context]:
    """An empty installation: no users, no datasets, nothing in Redis."""
    opened = open_context(settings, registry)
    opened.database.run(
        "TRUNCATE users, tokens, settings, uploads, datasets, dataset_logs, jobs, queue_turns RESTART IDENTITY CASCADE"
    )
    opened.bell.client.flushall()
    yield opened
    opened.close()


@pytest.fixture
def admin(ctx: Context) -> User:
    """An administrator; the password is PASSWORD."""
    return create_user(ctx, "ada", PASSWORD, is_admin=True)


@pytest.fixture
def user(ctx: Context, admin: User) -> User:
    """Somebody who is not an administrator; the password is PASSWORD."""
    return create_user(ctx, "ursula", PASSWORD)


@pytest.fixture
def app(ctx: Context, settings: Settings) -> Flask:
    """The web application on this installation."""
    from app.factory import create_app

    built = create_app(settings, ctx)
    built.config["TESTING"] = True
    return built


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that nobody has signed in with."""
    return app.test_client()


@pytest.fixture
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
        "RATE_LIMIT": settings.rate_limit,
        "PYTHONPATH": str(ROOT),
    }


Starter = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Starter]:
    """Start a process of this installation, such as `start("-m", "app.runner")`; it is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **more: str) -> subprocess.Popen[str]:
        with (tmp_path / f"process-{len(started)}.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, env={**environment, **more}, stdout=log, stderr=log, text=True
            )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in started:
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture
def workers(start: Starter, ctx: Context) -> subprocess.Popen[str]:
    """The manager with its workers, ready to take jobs."""
    process = start("-m", "app.runner")
    wait_for(lambda: ctx.bell.managers(), "the manager")
    return process


def wait_for(condition: Callable[[], object], what: str, seconds: float = 30) -> object:
    """Wait until a condition holds, and give back what it found."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s for {what}")


def wait_for_end(ctx: Context, key: str, seconds: float = 60) -> Dataset:
    """Wait until a dataset has ended."""

    def ended() -> Dataset | None:
        found = datasets.get(ctx.database, key)
        return found if found.status.is_ended else None

    try:
        return wait_for(ended, f"dataset {key}", seconds)  # type: ignore[return-value]
    except AssertionError:
        raise AssertionError(f"not ended: {datasets.get(ctx.database, key)}") from None


POSTS = (
    "id,thread_id,timestamp,author,body,subject,hashtags\n"
    + "".join(
        f'{n},{n % 7},2026-0{1 + n % 6}-1{n % 9} 10:00:00,author{n % 5},"coffee and tea, number {n}",post {n},"a{n % 3},b{n % 2}"\n'
        for n in range(60)
    )
).encode()


def import_posts(ctx: Context, actor: User, content: bytes = POSTS, filename: str = "posts.csv", **more: object) -> Dataset:
    """Ask for a dataset of a small CSV of posts."""
    upload = save_upload(ctx, actor, filename, io.BytesIO(content))
    return create_capture(ctx, actor, "upload", {}, upload_id=upload.id, **more)  # type: ignore[arg-type]


def with_settings(ctx: Context, **changes: object) -> Context:
    """The same installation with some settings changed."""
    return replace(ctx, settings=replace(ctx.settings, **changes))  # type: ignore[arg-type]
