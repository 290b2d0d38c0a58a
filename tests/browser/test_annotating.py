"""Two people code the same posts, blind to each other; the owner sees how far they agree, and downloads the columns."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.domain.dataset import Dataset
from app.domain.user import User
from app.services.context import Context
from app.services.user import create_user
from tests.conftest import PASSWORD
from tests.results import store_table

pytestmark = pytest.mark.slow


@pytest.fixture
def posts(ctx: Context, user: User, tmp_path: Path) -> Dataset:
    """Six posts of `user` that all may see."""
    return store_table(ctx, user, tmp_path, is_private=False)


def sign_in(page: Page, name: str) -> None:
    page.context.clear_cookies()
    page.goto("/login")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Datasets", exact=True)).to_be_visible()


def code(page: Page, keys: str) -> None:
    """Press a key for each post, going down; each is saved before the next one."""
    items = page.locator("[data-item]")
    expect(items).to_have_count(6)
    page.wait_for_load_state("load")
    for place, key in enumerate(keys):
        page.keyboard.press("j")
        page.keyboard.press(key)
        expect(items.nth(place).get_by_text("Saved", exact=True)).to_be_visible()


def add_fields(page: Page) -> None:
    new = page.locator("section", has=page.get_by_role("heading", name="Add a"))
    for name, kind in (("stance", "choice"), ("remark", "long")):
        new.get_by_label("Name", exact=True).fill(name)
        new.get_by_label("What coders give").select_option(kind)
        if kind == "choice":
            new.get_by_label("Choices, one a line").fill("pro\ncon")
        new.get_by_role("button", name="Add the field").click()
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def type_while_the_server_is_away(page: Page, key: str, text: str) -> None:
    """Type into the next field of the fourth post: what does not get through is sent again until it does."""
    address = f"**/datasets/{key}/annotations/values"

    page.route(address, lambda route: route.fulfill(status=503, body=""), times=1)
    page.keyboard.press("f")
    page.keyboard.type(text)
    page.keyboard.press("Escape")
    fourth = page.locator("[data-item]").nth(3)
    expect(fourth.get_by_text("Not saved yet")).to_be_visible()
    expect(fourth.get_by_text("Saved", exact=True)).to_be_visible()


def test_two_coders_agree_in_part(page: Page, ctx: Context, user: User, posts: Dataset) -> None:
    create_user(ctx, "otto", PASSWORD)
    sign_in(page, user.name)
    page.goto(f"/datasets/{posts.key}")
    page.get_by_role("link", name="Annotate").click()
    add_fields(page)
    page.get_by_role("link", name="Read and code the posts").click()
    code(page, "1122")
    type_while_the_server_is_away(page, posts.key, "Hard to say.\nLook again")

    sign_in(page, "otto")
    page.goto(f"/datasets/{posts.key}/explore")
    expect(page.locator("[data-coding] input[value=pro]:checked, [data-coding] textarea:not(:empty)")).to_have_count(0)
    code(page, "1222")
    page.goto(f"/datasets/{posts.key}/annotations")
    expect(page.get_by_text("shown to the owners of the dataset")).to_be_visible()

    sign_in(page, user.name)
    page.goto(f"/datasets/{posts.key}/annotations")
    stance = page.locator("section", has=page.get_by_role("heading", name="stance"))
    expect(stance.locator(".figures")).to_contain_text("75.0%")
    expect(stance.get_by_role("row", name="otto and ursula")).to_contain_text("0.500")
    page.goto(f"/datasets/{posts.key}")
    page.locator("#result summary", has_text="Download").click()
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV", exact=True).click()
    with Path(started.value.path()).open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [(row["stance"], row["stance (otto)"], row["stance (ursula)"]) for row in rows[:4]] == [
        ("pro", "pro", "pro"),
        ("", "con", "pro"),
        ("con", "con", "con"),
        ("con", "con", "con"),
    ]
    assert rows[3]["remark"] == "Hard to say.\nLook again"
