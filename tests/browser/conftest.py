"""A real browser and the real processes: web server, manager and workers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from app.local.frontend import ensure_frontend
from app.local.leftovers import free_port
from tests.serving import serve_at

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


@pytest.fixture(scope="module")
def port() -> int:
    """A port that the web server of a module's tests listens on."""
    return free_port()


@pytest.fixture
def site(workers: object, pages_alone: str) -> str:
    """The address of a running web server of this installation, which the tests of a module share; with workers."""
    return pages_alone


@pytest.fixture
def pages_alone(ctx: object, _crew: dict[str, Any], port: int) -> str:
    """The same without workers, for what is there already."""
    if "web" not in _crew or _crew["web"].poll() is not None:
        ensure_frontend()
        _crew["web"] = serve_at(port, _crew["start"])
    return f"http://127.0.0.1:{port}"


def _is_trouble(message: ConsoleMessage) -> bool:
    """Whether the console reports an error; an answer that something typed is wrong, or the server away, is none.

    Nor is a connection that the test itself has broken.
    """
    expected = ("status of 401", "status of 422", "status of 503", "ERR_CONNECTION_RESET")
    return message.type == "error" and not any(text in message.text for text in expected)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A browser that the tests of a module share."""
    expect.set_options(timeout=_PATIENCE)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        yield launched
        launched.close()


_AS_PEOPLE_DO = """
const asleep = new CSSStyleSheet();
asleep.replaceSync("* { pointer-events: none !important; }");
document.adoptedStyleSheets = [asleep];
addEventListener("load", () => { document.adoptedStyleSheets = []; });
"""
"""Nobody is fast enough to click in a page before its scripts are there; without this, tests on a busy machine are."""


@contextmanager
def open_tab(
    browser: Browser, url: str, *, may_be_away: bool = False, may_answer: int = 422, **options: Any
) -> Iterator[Page]:
    """An empty tab of somebody new. Errors on its console, and requests to other hosts, fail the test.

    With `may_be_away` the server may be silent meanwhile; `may_answer` is a status that it may answer with.
    """
    options = {"viewport": {"width": 1280, "height": 900}, **options}
    context = browser.new_context(base_url=url, accept_downloads=True, **options)
    if options.get("java_script_enabled", True):
        context.add_init_script(_AS_PEOPLE_DO)
    tab = context.new_page()
    tab.set_default_timeout(_PATIENCE)
    troubles: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        is_away = may_be_away and re.search("ERR_CONNECTION|^htmx:", message.text)
        if _is_trouble(message) and not is_away and f"status of {may_answer}" not in message.text:
            troubles.append(message.text)

    def look(address: str) -> None:
        if urlsplit(address).scheme in ("http", "https", "ws", "wss") and not address.startswith(url):
            troubles.append(f"asks {address}")

    tab.on("pageerror", lambda error: troubles.append(str(error)))
    tab.on("console", listen)
    context.on("request", lambda request: look(request.url))
    yield tab
    context.close()
    assert troubles == []


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """An empty tab at the site."""
    with open_tab(browser, site) as tab:
        yield tab
