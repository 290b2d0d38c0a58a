"""Pages hold whatever people call things, on every screen, and what is shown does not jump away."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, Route

from app.domain.user import User
from app.services.annotation import create_field
from app.services.context import Context
from app.services.dataset import update_dataset
from app.services.mark import set_tags
from app.services.user import create_user
from tests.browser.conftest import open_tab
from tests.browser.test_journey import _sign_in
from tests.conftest import PASSWORD, wait_for
from tests.results import store_table

pytestmark = pytest.mark.slow

_LONG = "L" * 200
_SCRIPT = re.compile(r"\.js(\?|$)")
_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const { hadRecentInput, value, sources } of list.getEntries()) {
    if (!hadRecentInput) shifts.push([value, ...sources.map(({ node }) => node?.className ?? "")]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture
def long_names(ctx: Context, admin: User, tmp_path: Path) -> str:
    """The key of a dataset in which everything is called as long as it may be, or in a script read from the right."""
    create_user(ctx, "n" * 100, PASSWORD)
    create_user(ctx, "🎓 مستخدم طويل الاسم", PASSWORD)
    frame = pl.DataFrame(
        {
            "id": [str(10**20 + n) for n in range(30)],
            "thread_id": ["1"] * 30,
            "timestamp": ["2026-01-02 10:00:00"] * 30,
            "author": ["🎓 مستخدم", "a" * 90, "שלום"] * 10,
            "body": ["مرحبا https://example.org/" + "x" * 300, "W" * 500, "שלום עולם"] * 10,
            "subject": [None, "عنوان " * 20, "s" * 200] * 10,
            "c" * 120: ["v" * 200] * 30,
        }
    ).with_columns(pl.col("timestamp").str.to_datetime(time_unit="us", time_zone="UTC"))
    key = store_table(ctx, admin, tmp_path, frame).key
    update_dataset(ctx, admin, key, label=_LONG)
    set_tags(ctx, admin, key, ["t" * 50, "اختبار"])
    names = {"name": "f" * 40, "kind": "choice", "choices": ("c" * 45, "خيار"), "help": "h" * 200}
    create_field(ctx, admin, key, is_blind=False, is_open=True, **names)  # type: ignore[arg-type]
    return key


def go_slowly(page: Page, path: str) -> None:
    """Open a page whose scripts come after it has been shown, as they do on slow lines."""
    held: list[Route] = []
    is_shown = False

    def hold(route: Route) -> None:
        if is_shown:
            route.continue_()
        else:
            held.append(route)

    page.route(_SCRIPT, hold)
    page.goto(path, wait_until="commit")
    wait_for(lambda: page.evaluate("performance.getEntriesByName('first-contentful-paint').length"), "a first look")
    is_shown = True
    for route in held:
        route.continue_()
    page.wait_for_load_state("load")
    page.unroute(_SCRIPT, hold)


def test_no_page_is_wider_than_its_screen_nor_jumps(
    browser: Browser, pages_alone: str, ctx: Context, admin: User, long_names: str
) -> None:
    here = f"/datasets/{long_names}"
    paths = ["/datasets", here, f"{here}/provenance", f"{here}/explore", f"{here}/explore?view=table", "/help"]
    paths += [f"{here}/annotations", f"{here}/share", f"{here}/analyses", f"{here}/analyses/tokenise-posts"]
    paths += [f"/control/{tab}" for tab in ("users", "datasets", "settings", "tags", "logs")]
    wide, jumps = [], []
    with open_tab(browser, pages_alone) as page:
        page.add_init_script(_SHIFTS)
        _sign_in(page, admin)
        for width in (390, 700, 1400):
            page.set_viewport_size({"width": width, "height": 844})
            for path in paths:
                go_slowly(page, path)
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    wide.append((width, path))
                shifts = page.evaluate("shifts")
                if sum(shift[0] for shift in shifts) >= 0.1:
                    jumps.append((width, path, shifts))
    assert wide == []
    assert jumps == []


def test_gaps_are_read_on_a_phone_without_being_moved(page: Page, ctx: Context, admin: User) -> None:
    ctx.database.run(
        "INSERT INTO imageboard_coverage (source, board, began, ended, outcome, interval)"
        " VALUES ('fourchan', 'g', now(), now(), 'read', 60)"
    )
    ctx.database.run(
        "INSERT INTO imageboard_unread (source, board, noticed, began, looked, ended, threads, failed, reason)"
        " VALUES ('fourchan', 'g', now(), now() - interval '1 hour', now(), now(), 1234, 17, %(reason)s)",
        reason=f"https://board.example/{'w' * 90}.json is busy (status 503).",
    )
    _sign_in(page, admin)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/datasources/fourchan")
    table = page.locator("section[aria-labelledby=gaps] .scroll")
    assert table.get_by_text("1,234 threads").is_visible()
    assert table.evaluate("box => box.scrollWidth - box.clientWidth") == 0
