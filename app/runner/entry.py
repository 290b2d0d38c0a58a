"""What RQ calls: claim a job, let a forked process do it, and put into the database how it ended."""

from __future__ import annotations

import faulthandler
import logging
import os
import platform
import signal
import socket
import threading
import warnings
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from app import __version__
from app.domain.errors import Unavailable
from app.domain.job import Job
from app.runner.attempt import Task, limits_of, perform
from app.runner.conclude import conclude
from app.runner.limits import adopt_orphans, die_with_parent, end_orphans
from app.runner.report import End, Outcome, Reporter
from app.runner.watch import Watch, Watched
from app.services.annotation_table import write_down
from app.services.context import Context, open_context
from app.settings import Settings
from app.storage import dataset as datasets
from app.storage import setting
from app.storage import upload as uploads
from app.storage import user as users

log = logging.getLogger(__name__)
_installed: list[Context] = []
_CRASH = "crash.txt"
_REST_SECONDS = 10.0


def install(ctx: Context) -> None:
    """Keep the installation at hand for the processes forked from this one."""
    _installed[:] = [ctx]
    _versions()


def _context() -> Context:
    if not _installed:
        install(open_context(Settings.from_env(), name="4cat worker"))
    return _installed[0]


def run_job(job_id: int) -> None:
    """Do one job, if it is still to be done. Called by RQ with the id that a doorbell carries.

    From before the claim on, SIGTERM waits for the watch, which hands the job back; it must not end this process.
    """
    ctx = _context()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        task = _claim(ctx, job_id)
    except Unavailable as error:
        log.warning("job %s left for later: %s", job_id, error)
        return
    if task is None:
        return
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(ctx.files.workspace())
        except OSError as error:
            reason = f"There is no room to work in: no temporary folder can be made ({error.strerror or error})."
            conclude(ctx, task, Watched(outcome=Outcome(End.AWAY, reason)))
            return
        try:
            task = _with_folder(ctx, task, folder)
        except (Unavailable, OSError) as error:
            conclude(ctx, task, Watched(outcome=Outcome(End.AWAY, f"The annotations could not be read: {error}")))
            return
        watched = _fork(ctx, task)
        conclude(ctx, task, watched)
    if watched.outcome is not None and watched.outcome.end is End.AWAY:
        _rest()


def _rest() -> None:
    """Leave the next jobs to others for a while: it may be this machine alone that does not reach storage."""
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    stopped.wait(_REST_SECONDS)


def _with_folder(ctx: Context, task: Task, folder: Path) -> Task:
    """The task with its folder, and in it the annotations of what it reads, as whoever asked for it sees them."""
    written = write_down(ctx.database, task.actor, task.source, folder) if task.actor and task.source else None
    return replace(task, folder=folder, annotations=written)


def _claim(ctx: Context, job_id: int) -> Task | None:
    """Claim the job and read what its attempt needs, in one transaction.

    Everywhere, a dataset's row is locked before its job's, so that two transactions never wait for each other.
    """
    with ctx.database.transaction() as tx:
        datasets.lock_of_job(tx, job_id)
        job = ctx.queue.claim(tx, job_id)
        if job is None:
            return None
        dataset = datasets.find(tx, job.dataset) if job.dataset else None
        source = upload = actor = None
        if dataset is not None:
            datasets.start(tx, dataset.key, provenance(job))
            source = datasets.find(tx, dataset.work["source"]) if "source" in dataset.work else None
            upload = uploads.find(tx, dataset.work["upload"]) if "upload" in dataset.work else None
            actor = users.find(tx, dataset.owner_id)
        return Task(job, dataset, source, upload, setting.all_settings(tx), Path(), actor)


@lru_cache(maxsize=1)
def _versions() -> dict[str, str]:
    """Versions of the libraries that results depend on; read once, in the manager."""
    return {name: version(name) for name in ("polars", "pyarrow", "duckdb", "igraph")}


def provenance(job: Job) -> dict[str, Any]:
    """What can be said before the work starts: versions, where, which attempt."""
    return {
        "4cat": __version__,
        "module": job.type,
        "python": platform.python_version(),
        "libraries": _versions(),
        "attempt": job.attempts,
        "host": socket.gethostname(),
    }


def _fork(ctx: Context, task: Task) -> Watched:
    """Do the job in a process of its own, so that a crash or a leak takes nothing with it."""
    adopt_orphans()
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # inherited; a capture sets its own
    reading, writing = os.pipe()
    me = os.getpid()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pid = os.fork()
    if pid == 0:
        os.close(reading)
        _child(ctx, task, writing, me)
    os.close(writing)
    watch = Watch(ctx, task.job, limits_of(ctx, task), pid, reading, task.folder)
    signal.signal(signal.SIGTERM, watch.shut_down)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    try:
        watched = watch.until_end()
    finally:
        os.close(reading)
        end_orphans()
    with suppress(OSError):
        watched.crash = (task.folder / _CRASH).read_text(errors="replace")
    return watched


def _child(ctx: Context, task: Task, writing: int, watcher: int) -> None:
    """The forked process: does the job and leaves without running what its parent would run at exit."""
    status = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        die_with_parent(watcher)
        os.environ["TMPDIR"] = str(task.folder)
        faulthandler.enable((task.folder / _CRASH).open("w"))
        perform(ctx, task, Reporter(writing))
        status = 0
    finally:
        os._exit(status)
