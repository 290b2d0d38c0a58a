"""What people type, choose, select and open stays while answers of the server come in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from app.domain.dataset import Kind
from app.domain.user import User
from app.services.context import Context
from tests.browser.conftest import open_tab
from tests.browser.test_journey import _sign_in
from tests.results import store_bytes, store_table

pytestmark = pytest.mark.slow


@pytest.fixture
def tab(browser: Browser, pages_alone: str, admin: User) -> Iterator[Page]:
    """The administrator's tab at a site where nothing is worked on."""
    with open_tab(browser, pages_alone) as page:
        _sign_in(page, admin)
        yield page


def hold_first(page: Page, address: str) -> list[Route]:
    """Hold back the first answer from addresses like this; it is in the list as soon as it is asked for."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route(address, hold)
    return held


def wait_until(page: Page, condition: Callable[[], object]) -> None:
    """Let the browser go on until something is so."""
    for _ in range(300):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not come to that")


def test_letters_typed_while_the_list_is_on_its_way_stay(tab: Page, ctx: Context, admin: User, tmp_path: Path) -> None:
    for label in ("Tea one", "Tea two", "Coffee"):
        store_table(ctx, admin, tmp_path, label=label)
    tab.goto("/datasets")
    field = tab.get_by_label("Find in names, parameters and columns")
    held = hold_first(tab, "**/datasets?*q=tea*")
    field.press_sequentially("tea")
    wait_until(tab, lambda: held)
    field.press_sequentially(" on")
    held[0].continue_()
    field.press_sequentially("e")
    expect(tab.locator("a.row .t")).to_have_text(["Tea one"])
    expect(field).to_have_value("tea one")
    expect(field).to_be_focused()
    tab.get_by_role("navigation", name="Whose datasets").get_by_role("link", name="All I may see").click()
    expect(tab.locator("a.row .t")).to_have_text(["Tea one"])  # the links beside the field know what was typed
    expect(field).to_have_value("tea one")


def test_letters_typed_while_files_are_on_their_way_stay(tab: Page, ctx: Context, admin: User, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for n in range(30):
            archive.writestr(f"texts/{n}.txt", f"tea {n}")
    made = store_bytes(ctx, admin, tmp_path, Kind.FILES, "archive", "files.zip", packed.getvalue())
    tab.goto(f"/datasets/{made.key}")
    field, names = tab.get_by_label("Find a file"), tab.get_by_role("list", name="Files").get_by_role("link")
    held = hold_first(tab, "**/files?*find=texts*")
    field.press_sequentially("texts")
    wait_until(tab, lambda: held)
    field.press_sequentially(" 1")
    held[0].continue_()
    field.press_sequentially("7")
    expect(names).to_have_text(["texts/17.txt"])
    expect(field).to_have_value("texts 17")
    expect(field).to_be_focused()
    names.first.click()
    expect(tab.locator("#members pre")).to_have_text("tea 17")
    field.fill("texts/2")
    expect(names).to_have_count(11)
    expect(tab.locator("#members pre")).to_have_text("tea 17")  # the file that is open stays open
