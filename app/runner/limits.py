"""What one job may use, and stopping it with everything it has started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time

import psutil

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def die_with_parent(parent: int, signum: int = signal.SIGKILL) -> None:
    """Let the kernel send this process a signal when its parent dies (Linux; elsewhere nothing happens).

    `parent` is what the parent knew as its own number before the fork: if it is dead already, this process ends.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signum)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of what is left when a process below this one dies (Linux; elsewhere nothing happens)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_orphans() -> None:
    """Kill what this process has adopted; quick when there is nothing."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return
    for process in family(os.getpid())[:-1]:
        with contextlib.suppress(psutil.Error):
            process.kill()


def end_group(leader: int, patience: float = 5.0) -> None:
    """Kill what is left of a process group whose leader is dead, and wait until all of it is gone."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            os.killpg(leader, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return
        if not any(_is_of_group(process, leader) for process in psutil.process_iter(["status"])):
            return
        time.sleep(0.02)


def _is_of_group(process: psutil.Process, leader: int) -> bool:
    """Whether a process is of a group and runs; what is dead and not yet buried does nothing any more."""
    try:
        return os.getpgid(process.pid) == leader and process.info["status"] != psutil.STATUS_ZOMBIE
    except OSError:
        return False


def end_strays(workers: set[int]) -> None:
    """Kill what this process has adopted of a dead watcher, such as a program that a plug-in ran.

    A watcher whose worker died is adopted too, and does its job to the end: it leads a process group, and like every
    fork of this process it runs the same command.
    """
    me = psutil.Process()
    for process in me.children():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            is_watcher = os.getpgid(process.pid) == process.pid and process.cmdline() == me.cmdline()
            if process.pid not in workers and not is_watcher:
                for member in family(process.pid):
                    member.kill()


def is_stopped(pid: int) -> bool:
    """Whether a process has been suspended, as by SIGSTOP."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return False


def memory_of(pid: int) -> int:
    """Bytes of memory that a process and all it has started hold: what is theirs alone, without shared libraries."""
    total = 0
    for process in family(pid):
        with contextlib.suppress(psutil.Error):
            found = process.memory_info()
            total += found.rss - getattr(found, "shared", 0)
    return total


def family(pid: int) -> list[psutil.Process]:
    """A process and all it has started, children first."""
    try:
        parent = psutil.Process(pid)
        return [*reversed(parent.children(recursive=True)), parent]
    except psutil.Error:
        return []


def kill_family(pid: int) -> None:
    """Kill a process and all it has started, at once; it cannot refuse or be inside a library."""
    for process in family(pid):
        with contextlib.suppress(psutil.Error):
            process.kill()


def freeze_family(pid: int) -> None:
    """Suspend a process and all it has started; twice, for one that was just starting another."""
    for process in [*reversed(family(pid)), *reversed(family(pid))]:
        with contextlib.suppress(psutil.Error):
            process.suspend()


def thaw_family(pid: int) -> None:
    """Let a suspended process and all it has started go on."""
    for process in family(pid):
        with contextlib.suppress(psutil.Error):
            process.resume()
