"""Files sent from the page in pieces, over a connection that breaks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from app.domain.user import User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.slow


def sign_in_to_upload(page: Page, admin: User) -> None:
    page.goto("/login?next=/create/upload")
    page.get_by_label("Name").fill(admin.name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Drop a file here")).to_be_visible()


def long_file(tmp_path: Path) -> Path:
    """A file of more than one piece."""
    path = tmp_path / "long.csv"
    path.write_text("id,body\n" + "".join(f"{n},tea number {n} in a cup\n" for n in range(300_000)))
    assert path.stat().st_size > 8 * 1024**2
    return path


def test_an_upload_says_what_is_wrong_and_goes_on_where_the_connection_broke(
    page: Page, admin: User, tmp_path: Path
) -> None:
    sign_in_to_upload(page, admin)
    (tmp_path / "empty.csv").write_text("")
    page.set_input_files("input[type=file]", tmp_path / "empty.csv")
    expect(page.get_by_role("alert")).to_contain_text("This file is empty.")
    offsets: list[str] = []

    def break_the_second(route: Route) -> None:
        if route.request.method == "PATCH":
            offsets.append(route.request.headers["upload-offset"])
            if len(offsets) == 2:
                route.abort("connectionreset")
                return
        route.continue_()

    page.route("**/api/uploads/*", break_the_second)
    page.set_input_files("input[type=file]", long_file(tmp_path))
    expect(page.get_by_text("The connection broke off. Trying again…")).to_be_visible()
    expect(page.get_by_text("Read as:")).to_contain_text("2 columns")
    assert offsets == ["0", f"{8 * 1024**2}", f"{8 * 1024**2}"]


def test_a_file_is_dropped_read_anew_mapped_and_imported(page: Page, admin: User) -> None:
    sign_in_to_upload(page, admin)
    make = "text => { const t = new DataTransfer(); t.items.add(new File([text], 'cups.csv')); return t; }"
    page.get_by_role("heading", level=1).dispatch_event("drop", {"dataTransfer": page.evaluate_handle(make, "")})
    expect(page.get_by_role("alert")).to_contain_text("This file is empty.")
    rows = "".join(f"{n};cup {n}, with sugar;2026-02-{n:02};{n * 3}\n" for n in range(1, 21))
    transfer = page.evaluate_handle(make, f"number;words;day;likes\n{rows}21;one too few\n")
    drop = page.locator(".drop")
    drop.dispatch_event("dragenter", {"dataTransfer": transfer})
    expect(drop).to_have_class(re.compile("over"))
    drop.dispatch_event("drop", {"dataTransfer": transfer})
    expect(page.get_by_text("Read as:")).to_contain_text("4 columns")
    sample = page.get_by_role("region", name="The first rows")
    expect(sample.locator("tbody tr").first).to_contain_text("cup 1, with sugar")
    page.get_by_text("Change how it is read").click()
    page.get_by_label("Delimiter").fill("comma")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Read as:")).not_to_contain_text("4 columns")
    page.get_by_label("Delimiter").fill("auto")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Read as:")).to_contain_text("4 columns")
    expect(page.get_by_text("Line 22")).to_be_visible()
    for part, column in (("Text", "words"), ("Time", "day"), ("Id", "number")):
        page.get_by_label(part, exact=True).select_option(column)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("20 rows", exact=True)).to_be_visible()
    expect(page.locator("#rows tbody tr").first).to_contain_text("cup 1, with sugar")
    page.get_by_role("link", name="1 row in quarantine").click()
    expect(page.locator("#rows")).to_contain_text("one too few")


def test_a_page_loaded_again_in_the_middle_says_how_to_go_on(page: Page, admin: User, tmp_path: Path) -> None:
    sign_in_to_upload(page, admin)
    file = long_file(tmp_path)
    offsets: list[str] = []

    def hold_the_second(route: Route) -> None:
        if route.request.method == "PATCH":
            offsets.append(route.request.headers["upload-offset"])
            if len(offsets) == 2:
                return  # it never gets through
        route.continue_()

    page.route("**/api/uploads/*", hold_the_second)
    page.set_input_files("input[type=file]", file)
    expect(page.locator("[data-amount]")).to_contain_text("8.4 MB of ")
    page.reload()
    expect(page.get_by_text("long.csv has not come in whole: 8.4 MB of ")).to_be_visible()
    page.set_input_files("input[type=file]", file)
    expect(page.get_by_text("Read as:")).to_contain_text("2 columns")
    assert offsets == ["0", f"{8 * 1024**2}", f"{8 * 1024**2}"]
    page.get_by_role("link", name="choose another file").click()
    expect(page.get_by_text("Drop a file here")).to_be_visible()
    expect(page.get_by_text("has not come in whole")).to_be_hidden()
