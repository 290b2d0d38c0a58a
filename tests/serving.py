"""The real web server, for tests that ask it from outside."""

from __future__ import annotations

from contextlib import suppress

import requests

from app.local.leftovers import free_port
from tests.conftest import Process, Starter, wait_for


def serve(start: Starter, **more: str) -> str:
    """Start a web server with two processes; its address. `more` are variables of its environment."""
    port = free_port()
    serve_at(port, start, **{"WEB_PROCESSES": "2", **more})
    return f"http://127.0.0.1:{port}"


def serve_at(port: int, start: Starter, **more: str) -> Process:
    """Start a web server with one process at a port of this machine, and wait until it answers."""
    web = begin_at(port, start, **{"WEB_PROCESSES": "1", **more})

    def answers() -> bool:
        assert web.poll() is None, f"the web server has ended with {web.returncode}"
        with suppress(requests.RequestException):
            return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok
        return False

    wait_for(answers, "the web server", 90)
    return web


def begin_at(port: int, start: Starter, **more: str) -> Process:
    """Start a web server at a port of this machine, and do not wait for it."""
    arguments = ("-m", "gunicorn", "--config", "app/web/gunicorn.py", "wsgi:app")
    return start(*arguments, **{"HOST": "127.0.0.1", "PORT": str(port), **more})
