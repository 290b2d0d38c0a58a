"""Files sent from the page in pieces, over a connection that breaks."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from app.domain.user import User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.slow


def test_an_upload_says_what_is_wrong_and_goes_on_where_the_connection_broke(
    page: Page, admin: User, tmp_path: Path
) -> None:
    page.goto("/login?next=/create/upload")
    page.get_by_label("Name").fill(admin.name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    (tmp_path / "empty.csv").write_text("")
    page.set_input_files("input[type=file]", tmp_path / "empty.csv")
    expect(page.get_by_role("alert")).to_contain_text("This file is empty.")
    rows = 300_000
    (tmp_path / "long.csv").write_text("id,body\n" + "".join(f"{n},tea number {n} in a cup\n" for n in range(rows)))
    assert (tmp_path / "long.csv").stat().st_size > 8 * 1024**2
    offsets: list[str] = []

    def break_the_second(route: Route) -> None:
        if route.request.method == "PATCH":
            offsets.append(route.request.headers["upload-offset"])
            if len(offsets) == 2:
                route.abort("connectionreset")
                return
        route.continue_()

    page.route("**/api/uploads/*", break_the_second)
    page.set_input_files("input[type=file]", tmp_path / "long.csv")
    expect(page.get_by_text("The connection broke off. Trying again…")).to_be_visible()
    expect(page.get_by_text("Read as:")).to_contain_text("2 columns")
    assert offsets == ["0", f"{8 * 1024**2}", f"{8 * 1024**2}"]
