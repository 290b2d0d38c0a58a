"""The real web server, for tests that ask it from outside."""

from __future__ import annotations

import socket
from contextlib import suppress

import requests

from tests.conftest import Starter, wait_for


def serve(start: Starter, **more: str) -> str:
    """Start gunicorn with two processes; its address. `more` are variables of its environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ("-m", "gunicorn", "--config", "app/web/gunicorn.py", "wsgi:app")
    start(*arguments, **{"HOST": "127.0.0.1", "PORT": str(port), "WEB_PROCESSES": "2", **more})
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        with suppress(requests.RequestException):
            return requests.get(f"{url}/healthz", timeout=2).ok
        return False

    wait_for(answers, "the web server", 90)
    return url
