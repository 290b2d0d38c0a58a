"""A real browser and the real processes: web server, manager and workers."""

from __future__ import annotations

import shutil
import socket
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage

from app.local.frontend import ensure_frontend
from tests.conftest import Starter, wait_for

_PATIENCE = 30_000
"""Milliseconds for which a test waits for a page: a machine that is busy with other tests may need them."""
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program; without one these tests are skipped."""
    found = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("there is no chromium on this machine")
    return found


@pytest.fixture
def site(start: Starter, ctx: object, workers: object) -> str:
    """The address of a running web server of this installation."""
    ensure_frontend()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start("-m", "gunicorn", "--config", "app/web/gunicorn.py", "wsgi:app", PORT=str(port), WEB_PROCESSES="1")
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    wait_for(answers, "the web server", 90)
    return url


def _is_trouble(message: ConsoleMessage) -> bool:
    """Whether the console reports an error; an answer that a field is wrong, or the server away, is none.

    Nor is a connection that the test itself has broken.
    """
    expected = ("status of 422", "status of 503", "ERR_CONNECTION_RESET")
    return message.type == "error" and not any(text in message.text for text in expected)


@pytest.fixture
def page(chromium: str, site: str) -> Iterator[object]:
    """An empty tab at the site. What its console reports as an error fails the test."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=_PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        context = browser.new_context(base_url=site, viewport={"width": 1280, "height": 900}, accept_downloads=True)
        tab = context.new_page()
        tab.set_default_timeout(_PATIENCE)
        troubles: list[str] = []
        tab.on("pageerror", lambda error: troubles.append(str(error)))
        tab.on("console", lambda message: troubles.append(message.text) if _is_trouble(message) else None)
        yield tab
        browser.close()
    assert troubles == []
