"""Processes that are told to stop in the very moment in which they are forked, and more than once."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.runner.worker import QueueWorker
from tests.conftest import ROOT

_BEGIN = """
import os, signal, sys
from types import SimpleNamespace
def say(text):
    with open(sys.argv[1], "a") as out:
        out.write(text)
os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGTERM))
"""
_WORKER = f"""{_BEGIN}
from app.runner import manager
manager.serve = lambda *_: say("it went on, ")
boss = manager.Manager.__new__(manager.Manager)
boss._ctx = SimpleNamespace(settings=SimpleNamespace(workers_always_on=True))
boss._workers, boss._limits, boss._stopping, boss._is_without_database = {{}}, {{"upload": 1}}, False, False
for signum in (signal.SIGTERM, signal.SIGINT):
    signal.signal(signum, boss._stop)
boss._fork("upload")
_, status = os.waitpid(*boss._workers, 0)
say(f"ended by {{os.WTERMSIG(status)}}, the manager stops: {{boss._stopping}}")
os.kill(os.getpid(), signal.SIGTERM)
say(f", told: {{boss._stopping}}")
"""
_WATCHER = f"""{_BEGIN}
from app.runner.worker import QueueWorker
def watch(self, job, queue):
    signal.signal(signal.SIGTERM, lambda *_: say("the watch heard of it"))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {{signal.SIGTERM}})
QueueWorker.main_work_horse = watch
worker = QueueWorker.__new__(QueueWorker)
worker.name, worker.procline = "one", lambda text: None
signal.signal(signal.SIGTERM, lambda *_: say("the worker was told"))
worker.fork_work_horse(SimpleNamespace(id="1"), None)
os.waitpid(worker._horse_pid, 0)
say(", ")
os.kill(os.getpid(), signal.SIGTERM)
"""


def told(script: str, folder: Path) -> str:
    path = folder / "told"
    subprocess.run([sys.executable, "-c", script, path], cwd=ROOT, env={**os.environ}, check=True, timeout=60)
    return path.read_text()


def test_a_worker_that_is_told_to_stop_as_it_is_forked_does_not_go_on(tmp_path: Path) -> None:
    expected = f"ended by {int(signal.SIGTERM)}, the manager stops: False, told: True"
    assert told(_WORKER, tmp_path) == expected


def test_a_watch_hears_of_a_stop_that_came_as_it_was_forked(tmp_path: Path) -> None:
    assert told(_WATCHER, tmp_path) == "the watch heard of it, the worker was told"


def test_being_told_to_stop_once_more_kills_no_job() -> None:
    worker, killed = QueueWorker.__new__(QueueWorker), []
    worker.name, worker._horse_pid, worker.log = "one", 1, logging.getLogger()
    worker._shutdown_requested_date = datetime.now(UTC) - timedelta(minutes=1)
    worker.kill_horse = lambda *_: killed.append("the job")  # type: ignore[method-assign]
    worker.wait_for_horse = lambda: None  # type: ignore[method-assign,assignment,return-value]
    worker.request_force_stop(signal.SIGTERM, None)
    assert killed == []


def test_a_process_whose_parent_is_dead_already_ends() -> None:
    script = "from app.runner.limits import die_with_parent; die_with_parent({}); print('goes on')"
    found = []
    for parent in ("__import__('os').getppid()", 999_999_999):
        command = [sys.executable, "-c", script.format(parent)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        found.append((ended.returncode, ended.stdout))
    assert found == [(0, "goes on\n"), (1, "")]
