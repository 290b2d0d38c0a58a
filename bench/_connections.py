"""How many connections each process of an installation at work holds, counted from its sockets."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from urllib.parse import urlsplit

from app.local.leftovers import free_port
from app.services.context import Context
from app.services.token import create_token
from bench._installation import managers, processes, wait
from bench._processes import connections_by_role, memory_by_role
from bench._queue_sides import Datasets

SERVERS = ("PostgreSQL", "Redis")
VISITORS = 12


def count_connections(
    ctx: Context, environ: dict[str, str], side: Datasets, seconds: float = 6
) -> dict[str, dict[str, int]]:
    """For each kind of process: the most connections that one of them had to each server."""
    ports = {"PostgreSQL": urlsplit(ctx.database.url).port or 0, "Redis": urlsplit(environ["REDIS_URL"]).port or 0}
    most: dict[str, dict[str, int]] = {}
    address = f"http://127.0.0.1:{free_port()}"
    web = ("-m", "gunicorn", "--config", "app/web/gunicorn.py", "wsgi:app")
    more = {**environ, "PORT": address.rsplit(":", 1)[1], "HOST": "127.0.0.1"}
    _, secret = create_token(ctx, side.user, "bench")
    stop = threading.Event()
    with managers(ctx, environ) as ids, processes(more, web, ("scheduler.py",)) as others:
        wait(lambda: memory_by_role(others[0]).get("web process", (0, 0))[0] >= 2, 60)
        visitors = [threading.Thread(target=_visit, args=(address, secret, stop), daemon=True) for _ in range(VISITORS)]
        for visitor in visitors:
            visitor.start()
        for _ in range(6):
            side.ask(seconds / 2)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for each in (*ids, *others):
                for role, held in connections_by_role(each, ports).items():
                    there = most.get(role, dict.fromkeys(SERVERS, 0))
                    most[role] = {name: max(there[name], *(one[name] for one in held)) for name in SERVERS}
            time.sleep(0.1)
        stop.set()
        for visitor in visitors:
            visitor.join()
        wait(lambda: side.left() == 0, 120)
    return most


def _visit(address: str, secret: str, stop: threading.Event) -> None:
    """Ask for what needs the database and Redis, as fast as answers come."""
    while not stop.is_set():
        for path in ("/api/datasets", "/api/status", "/api/processors"):
            asked = urllib.request.Request(address + path, headers={"Authorization": f"Bearer {secret}"})
            with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(asked, timeout=10) as answer:
                answer.read()
