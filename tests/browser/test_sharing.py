"""Sharing a dataset, marking it, and undoing its deletion, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.domain.user import User
from app.services.context import Context
from tests.browser.test_journey import _sign_in
from tests.conftest import finished_posts

pytestmark = pytest.mark.slow


def test_share_mark_delete_and_undo(page: Page, ctx: Context, admin: User, user: User, tmp_path: Path) -> None:
    finished_posts(ctx, admin)
    finished_posts(ctx, user)
    _sign_in(page, admin)
    page.get_by_role("link", name="posts.csv").click()
    page.get_by_role("link", name="Share", exact=True).click()
    dialog = page.get_by_role("dialog", name="Share “posts.csv”")
    expect(dialog.get_by_label("People or tags")).to_be_focused()
    page.keyboard.type("ursulla")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("There is no user called ursulla.")
    dialog.get_by_label("People or tags").fill("ursula")
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("What ursula may do")).to_have_value("viewer")
    dialog.get_by_label("What ursula may do").select_option("owner")
    expect(page.locator("#head")).to_contain_text("shared with 1")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Share", exact=True)).to_be_focused()
    page.get_by_role("button", name="Favourite: posts.csv").click()
    expect(page.get_by_role("button", name="Favourite: posts.csv")).to_have_attribute("aria-pressed", "true")

    page.get_by_role("link", name="Datasets").click()
    page.get_by_role("link", name="Favourites").click()
    page.get_by_label("Pick posts.csv").check()
    page.locator("#bulk summary", has_text="Tag").click()
    page.get_by_label("Tags to add").fill("Thesis")
    page.get_by_role("button", name="Add these tags").click()
    expect(page.locator(".row .tag")).to_have_text("thesis")
    page.get_by_label("Pick posts.csv").check()
    expect(page.get_by_text("1 picked")).to_be_visible()
    page.locator("#bulk").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No favourites yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="posts.csv", level=1)).to_be_visible()
    expect(page.locator("#head")).to_contain_text("thesis")


def test_the_list_is_narrowed_as_one_types(page: Page, ctx: Context, admin: User) -> None:
    finished_posts(ctx, admin)
    _sign_in(page, admin)
    find = page.get_by_label("Find in names, parameters and columns")
    find.fill("hashtags")
    page.wait_for_url("**q=hashtags*")
    expect(page.locator(".entry")).to_have_count(1)
    find.press_sequentially(" nowhere")
    expect(page.get_by_text("No dataset is like that")).to_be_visible()
    expect(find).to_be_focused()
    expect(find).to_have_value("hashtags nowhere")
