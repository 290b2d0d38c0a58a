"""Look at every part of an installation and say what is wrong and how to mend it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import redis

from app import __version__
from app.domain.errors import FourcatError
from app.local.installation import local_environment, servers_for_command
from app.local.instance import answers, find_instance
from app.queue.connection import connect_redis
from app.services.context import Context, open_context
from app.settings import Settings
from app.storage.files import probe
from app.storage.job_reports import queue_counts
from app.storage.migrate import pending

_LIBRARIES = ("flask", "rq", "rq-scheduler", "polars", "duckdb", "pyarrow")
_PROGRAMS = {"ffmpeg": "videos and sound cannot be analysed"}
_LONG_WAIT = 60.0
_LOW_GB, _TOO_LOW_GB = 5.0, 0.5
_SKEW_SECONDS = 2.0


@dataclass(frozen=True)
class Finding:
    """One line of the examination: `ok`, `warn` or `FAIL`, about what, the fact, and how to mend it."""

    level: str
    name: str
    fact: str
    advice: str = ""


def examine(data_dir: Path | None = None) -> Iterator[Finding]:
    """Examine the installation, part by part. Servers that do not run are started for as long as it takes."""
    yield _versions()
    try:
        environment = local_environment(data_dir)
    except FourcatError as error:
        yield Finding("FAIL", "settings", error.message, "docs/settings.md lists them.")
        return
    yield Finding("ok", "settings", f"data folder {environment['DATA_DIR']}")
    instance = find_instance(Path(environment["DATA_DIR"]))
    with contextlib.ExitStack() as opened:
        try:
            settings = opened.enter_context(servers_for_command(environment))
        except FourcatError as error:
            yield Finding("FAIL", "servers", error.message)
            return
        yield from _check("database", lambda: _database(settings))
        yield from _check("redis", lambda: _redis(settings))
        yield from _check("plug-ins and storage", lambda: _with_services(settings, is_running=instance is not None))
    yield _web(instance.url if instance else None)
    yield _disk(settings.data_dir)
    yield from _programs()


def _check(name: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    """What a look finds; an error is a finding as well."""
    try:
        return look()
    except FourcatError as error:
        return [Finding("FAIL", name, error.message)]
    except Exception as error:  # noqa: BLE001 - whatever is wrong is to be reported, and the rest still examined
        return [Finding("FAIL", name, f"{type(error).__name__}: {error}")]


def _versions() -> Finding:
    libraries = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES)
    return Finding("ok", "versions", f"4CAT {__version__}, Python {platform.python_version()}, {libraries}")


def _database(settings: Settings) -> list[Finding]:
    from app.storage.database import Database

    database = Database(settings.database_url, size=1, name="4cat doctor")
    try:
        before = time.time()
        row = database.one("SELECT extract(epoch FROM clock_timestamp()) AS moment, version() AS version")
        skew = float(row["moment"]) - (before + time.time()) / 2
        missing = pending(settings.database_url)
    finally:
        database.close()
    found = [Finding("ok", "database", " ".join(str(row["version"]).split()[:2]))]
    if missing:
        found.append(Finding("FAIL", "migrations", f"{len(missing)} to be applied", "Run ./4cat migrate."))
    if abs(skew) > _SKEW_SECONDS:
        advice = "Let both machines keep time by NTP."
        found.append(Finding("FAIL", "clock", f"{skew:+.1f} s between this machine and the database", advice))
    else:
        found.append(Finding("ok", "clock", f"{abs(skew):.1f} s between this machine and the database"))
    return found


def _redis(settings: Settings) -> list[Finding]:
    with contextlib.closing(connect_redis(settings.redis_url, verify=settings.redis_tls_verify)) as client:
        try:
            facts: dict[str, Any] = client.info()
        except redis.RedisError as error:
            return [Finding("FAIL", "redis", f"does not answer: {error}", "Start it, or correct REDIS_URL.")]
        version = facts.get("valkey_version")
        server = f"Valkey {version}" if version else f"Redis {facts.get('redis_version')}"
        found = [Finding("ok", "redis", f"{server}, {facts.get('used_memory_human')} in use")]
        policy = facts.get("maxmemory_policy", "unknown")
        if policy != "noeviction":
            advice = "Set maxmemory-policy to noeviction, or the queue may lose what it holds."
            found.append(Finding("warn", "redis memory", f"its policy is {policy}", advice))
    return found


def _with_services(settings: Settings, *, is_running: bool) -> list[Finding]:
    ctx = open_context(settings, name="4cat doctor")
    try:
        plugins = ctx.registry
        counted = f"{len(plugins.processors)} processors, {len(plugins.datasources)} data sources"
        return [
            Finding("ok", "plug-ins", counted),
            *_check("storage", lambda: _storage(ctx)),
            *_check("workers", lambda: _workers(ctx, is_running=is_running)),
            *_check("queue", lambda: _queue(ctx)),
        ]
    finally:
        ctx.close()


def _storage(ctx: Context) -> list[Finding]:
    probe(ctx.files)
    return [Finding("ok", "storage", f"{ctx.settings.storage_url.split('?')[0]} keeps what it is given")]


def _workers(ctx: Context, *, is_running: bool) -> list[Finding]:
    managers = ctx.bell.managers()
    if managers:
        return [Finding("ok", "workers", f"{len(managers)} machine(s) take work: {', '.join(managers)}")]
    advice = "Start them: ./4cat start, or the Procfile's worker."
    return [Finding("FAIL" if is_running else "warn", "workers", "nobody takes work", advice)]


def _queue(ctx: Context) -> list[Finding]:
    counts = queue_counts(ctx.database)
    waiting = sum(row["waiting"] + row["rung"] for row in counts.values())
    running = sum(row["running"] for row in counts.values())
    failed = sum(row["failed"] for row in counts.values())
    said = f"{waiting} waiting, {running} running, {failed} failed"
    now = datetime.now(UTC)
    for type_, row in counts.items():
        age = (now - row["oldest"]).total_seconds() if row["oldest"] else 0.0
        if age > _LONG_WAIT and not row["running"]:
            advice = "Look at the workers' log; WORKER_QUEUES may leave this type out."
            return [Finding("FAIL", "queue", f"{said}; {type_} waits for {age:.0f} s and nobody takes it", advice)]
    if failed:
        return [Finding("warn", "queue", said, "The pages of failed datasets say why.")]
    return [Finding("ok", "queue", said)]


def _web(url: str | None) -> Finding:
    if url is None:
        return Finding("warn", "web", "4CAT does not run", "Start it: ./4cat start")
    if not url:
        return Finding("ok", "web", "4CAT runs without its pages")
    if answers(url):
        return Finding("ok", "web", f"{url} answers")
    return Finding("FAIL", "web", f"{url} does not answer", "Look at logs/4cat.log in the data folder.")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free / 1e9
    if free < _LOW_GB:
        level = "FAIL" if free < _TOO_LOW_GB else "warn"
        return Finding(level, "disk", f"{free:.1f} GB free", f"Delete datasets, or make room where {folder} is.")
    return Finding("ok", "disk", f"{free:.0f} GB free")


def _programs() -> Iterator[Finding]:
    for program, loss in _PROGRAMS.items():
        place = shutil.which(program)
        if place:
            yield Finding("ok", program, place)
        else:
            yield Finding("warn", program, f"not installed, so {loss}", f"Install it, such as: apt install {program}")
