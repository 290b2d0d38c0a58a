"""Look at every part of an installation and say what is wrong and how to mend it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from app import __version__
from app.domain.errors import FourcatError
from app.local.doctor_queue import look_at_queue, look_at_workers
from app.local.doctor_servers import look_at_database, look_at_redis
from app.local.finding import Finding
from app.local.installation import local_environment, servers_for_command
from app.local.instance import answers, find_instance
from app.services.context import Context, open_context
from app.settings import Settings
from app.storage.files import probe

_LIBRARIES = ("flask", "rq", "rq-scheduler", "polars", "duckdb", "pyarrow")
_PROGRAMS = {"ffmpeg": "videos and sound cannot be analysed"}
_LOW_GB, _TOO_LOW_GB = 5.0, 0.5


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
        yield from _check("database", lambda: look_at_database(settings))
        yield from _check("redis", lambda: look_at_redis(settings))
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


def _with_services(settings: Settings, *, is_running: bool) -> list[Finding]:
    ctx = open_context(settings, name="4cat doctor")
    try:
        plugins = ctx.registry
        counted = f"{len(plugins.processors)} processors, {len(plugins.datasources)} data sources"
        return [
            Finding("ok", "plug-ins", counted),
            *_check("storage", lambda: _storage(ctx)),
            *_check("workers", lambda: look_at_workers(ctx, is_running=is_running)),
            *_check("queue", lambda: look_at_queue(ctx)),
        ]
    finally:
        ctx.close()


def _storage(ctx: Context) -> list[Finding]:
    probe(ctx.files)
    return [Finding("ok", "storage", f"{ctx.settings.storage_url.split('?')[0]} keeps what it is given")]


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
