"""What processes use: processor time, memory of their own, and connections, by what each process is for."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress

import psutil

from app.runner.limits import family

_BY_NAME = {"postgres": "PostgreSQL", "valkey-server": "Redis", "redis-server": "Redis"}
_BY_COMMAND = {"gunicorn": "web", "app.runner": "manager", "scheduler.py": "scheduler", "rq.cli": "plain RQ worker"}
_BELOW = {"manager": "worker", "worker": "watcher", "watcher": "plug-in", "plug-in": "plug-in"}


def server(name: str) -> int:
    """The id of a server that this process, or one below it, has started: "PostgreSQL" or "Redis"."""
    for process in reversed(family(psutil.Process().pid)):
        if _BY_NAME.get(process.name()) == name:
            return process.pid
    raise LookupError(f"{name} does not run below this process.")


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and all it has ever started, those that have ended included."""
    total = 0.0
    for process in family(pid):
        with suppress(psutil.Error):
            used = process.cpu_times()
            total += used.user + used.system + used.children_user + used.children_system
    return total


def memory(process: psutil.Process) -> int:
    """Bytes of memory: its own, and its part of what it shares."""
    with suppress(psutil.Error, OSError):
        return int(process.memory_full_info().pss)
    return 0


def roles(pid: int) -> dict[int, str]:
    """What each process below this one is for."""
    found: dict[int, str] = {}
    for process in reversed(family(pid)):
        with suppress(psutil.Error):
            found[process.pid] = _role(process, found)
    return found


def _role(process: psutil.Process, known: dict[int, str]) -> str:
    if process.name() in _BY_NAME:
        return _BY_NAME[process.name()]
    parent = known.get(process.ppid(), "")
    if parent in _BELOW:
        return _BELOW[parent]
    command = " ".join(process.cmdline())
    role = next((role for word, role in _BY_COMMAND.items() if word in command), "supervisor")
    return "web process" if role == "web" and parent.startswith("web") else role


def memory_by_role(pid: int) -> dict[str, tuple[int, int]]:
    """How many processes of each kind there are below this one, and the bytes they hold."""
    counts: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for each, role in roles(pid).items():
        count, held = counts[role]
        with suppress(psutil.Error):
            counts[role] = (count + 1, held + memory(psutil.Process(each)))
    return dict(counts)


def connections_by_role(pid: int, ports: dict[str, int]) -> dict[str, list[dict[str, int]]]:
    """For each process of each kind: how many connections it has to each of these servers.

    A fork holds its parent's connections too, without using them; each counts for the parent.
    """
    names = {port: name for name, port in ports.items()}
    counts: dict[str, list[dict[str, int]]] = defaultdict(list)
    seen: set[int] = set()
    for each, role in roles(pid).items():
        with suppress(psutil.Error):
            held = dict.fromkeys(ports, 0)
            for line in psutil.Process(each).net_connections("tcp"):
                if line.raddr and line.raddr.port in names and line.laddr.port not in seen:
                    seen.add(line.laddr.port)
                    held[names[line.raddr.port]] += line.status == psutil.CONN_ESTABLISHED
            counts[role].append(held)
    return dict(counts)
