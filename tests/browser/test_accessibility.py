"""Every page in a real browser: axe-core finds nothing serious, nothing leaves the host, the console says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from app.domain.user import User
from app.services.access_request import request_access
from app.services.context import Context
from app.services.error_report import report_error
from app.services.notification import send
from app.services.run import run_processor
from app.services.site_setting import change_site_settings
from app.services.user_admin import make_user
from tests.browser.pages import page_addresses
from tests.conftest import PASSWORD, finished_posts, import_posts, wait_for_end

if TYPE_CHECKING:
    from playwright.sync_api import Page

_SERIOUS = ("serious", "critical")
_RUN = """async (rules) => (await axe.run({
    resultTypes: ["violations"], ...(rules ? {runOnly: {type: "rule", values: rules}} : {}),
})).violations"""


@pytest.fixture
def filled(ctx: Context, admin: User) -> dict[str, str]:
    """An installation with something on every page; what stands in addresses."""
    written = {"accounts.policy": "For students.", "texts.about": "## Who\n\n> us\n\n|a|b|\n|-|-|\n|c|d|"}
    change_site_settings(ctx, admin, {"accounts.requests": True, **written})
    ann, path = make_user(ctx, admin, "ann", email="ann@example.org", tags=("students",))
    send(ctx, admin, "On Friday the site is down for an hour.")
    request_access(ctx, "Gus", "gus@example.org", "", "A thesis.")
    report_error(ctx, ValueError("a moon"), "GET /datasets", admin)
    dataset = finished_posts(ctx, admin)
    import_posts(ctx, ann, b"id\n")
    count, _ = run_processor(ctx, admin, dataset.key, "count-posts", {"timeframe": "month"})
    wait_for_end(ctx, count.key)
    return {
        "key": dataset.key,
        "type_": "count-posts",
        "change": "expiry",
        "source_id": "upload",
        "user_id": str(ann.id),
        "tag": "students",
        "page_name": "citing",
        "name": "texts.about",
        "secret": (path or "").rsplit("/", 1)[1],
    }


@pytest.fixture
def troubles(page: Page, site: str) -> Iterator[list[str]]:
    """What pages ask of other hosts; it fails the test."""
    asked: list[str] = []

    def look(url: str) -> None:
        if urlsplit(url).scheme in ("http", "https", "ws", "wss") and not url.startswith(site):
            asked.append(url)

    page.on("request", lambda request: look(request.url))
    yield asked
    assert asked == []


def sign_in(page: Page) -> None:
    """Sign in as the administrator."""
    page.goto("/login")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/datasets")


def violations(page: Page, scheme: str) -> list[str]:
    """What axe-core finds serious on the page that is open; in the dark only colours can be other ones."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    found: list[dict[str, Any]] = page.evaluate(_RUN, ["color-contrast"] if scheme == "dark" else None)
    return [
        f"{scheme} {urlsplit(page.url).path}: {one['id']} ({one['help']}): {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in _SERIOUS
    ]


def is_page(page: Page, path: str) -> bool:
    """Open an address, unless it is a piece of a page, a picture or a file; whether it is a page."""
    answer = page.request.get(path)
    if not answer.ok or "text/html" not in answer.headers["content-type"] or "<!doctype html>" not in answer.text():
        return False
    page.goto(path, wait_until="domcontentloaded")
    return True


def test_no_page_has_a_serious_fault_in_light_or_dark(
    page: Page, app: Flask, filled: dict[str, str], troubles: list[str]
) -> None:
    axe = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()
    outside = [path for path in page_addresses(app, filled) if re.match(r"/(login|forg|new-|request|page/)", path)]
    inside = [path for path in page_addresses(app, filled) if path not in outside]
    opened: list[str] = []
    faults: list[str] = []
    for paths in (outside, inside):
        for path in paths:
            if is_page(page, path):
                opened.append(path)
                page.evaluate(axe)
                faults += violations(page, "light") + violations(page, "dark")
        if paths is outside:
            sign_in(page)
    assert faults == []
    assert {"/login", "/datasets", "/account", "/control", "/control/users", "/create", "/datasources"} <= set(opened)
    assert len(opened) > 25


def test_a_page_rests_while_hidden_and_goes_on_after_the_server_was_away(page: Page, ctx: Context, admin: User) -> None:
    sign_in(page)
    tab = page.context.new_page()  # whose console may say that the server does not answer
    tab.goto("/control/jobs")
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url) if "/control/" in request.url else None)
    tab.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    tab.wait_for_timeout(5_500)
    assert asked == []
    tab.route("**/control/jobs*", lambda route: route.abort())
    tab.evaluate("Object.defineProperty(document, 'hidden', {value: false, configurable: true})")
    away = tab.get_by_text("The server does not answer. This page goes on by itself")
    away.wait_for()
    tab.unroute("**/control/jobs*")
    away.wait_for(state="detached")
    assert len(asked) >= 2
    tab.close()
