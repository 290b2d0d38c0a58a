"""Sharing a dataset, marking it, and undoing its deletion, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.domain.user import User
from app.services.context import Context
from app.services.run import run_processor
from app.services.user_tag import assign_tag
from tests.browser.conftest import open_tab
from tests.browser.test_journey import _sign_in
from tests.conftest import finished_posts, wait_for_end

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


def test_what_is_done_to_many_fits_a_phone(page: Page, ctx: Context, admin: User, user: User) -> None:
    finished_posts(ctx, admin)
    _sign_in(page, admin)
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_label("Pick posts.csv").check()
    for menu in ("Tag", "Share"):
        page.locator("#bulk summary", has_text=menu).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, menu
    page.get_by_label("With people or tags").fill(user.name)
    page.locator("#bulk").get_by_role("button", name="Share", exact=True).click()
    expect(page.get_by_text("1 dataset shared.")).to_be_visible()


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


def test_what_those_with_a_tag_see(
    page: Page, browser: Browser, site: str, ctx: Context, admin: User, user: User
) -> None:
    posts = finished_posts(ctx, admin)
    assign_tag(ctx, admin, user.name, "course")
    _sign_in(page, admin)
    page.goto(f"/datasets/{posts.key}")
    page.get_by_role("link", name="Share", exact=True).click()
    dialog = page.get_by_role("dialog", name="Share “posts.csv”")
    dialog.get_by_label("People or tags").fill("tag:course")
    dialog.get_by_role("button", name="Share", exact=True).click()
    expect(dialog.get_by_label("What course may do")).to_have_value("viewer")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog.get_by_role("button", name="Copy link").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{site}/datasets/{posts.key}"

    with open_tab(browser, site) as other:
        _sign_in(other, user)
        other.get_by_role("link", name="Shared with me").click()
        other.get_by_role("link", name="posts.csv").click()
        head = other.locator("#head")
        expect(head).to_contain_text("by ada")
        expect(head.get_by_label("More")).to_have_count(0)
        expect(head.get_by_role("link", name="Share")).to_have_count(0)
        other.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")  # as without https
        other.evaluate("addEventListener('copy', () => { window.copied = String(document.activeElement.value); })")
        head.get_by_role("button", name="Copy link").click()
        expect(head.get_by_role("button", name="Copied")).to_be_focused()
        assert other.evaluate("window.copied") == f"{site}/datasets/{posts.key}"
        other.get_by_role("link", name="New analysis").click()
        other.locator("#dialog a", has_text="Count posts over time").last.click()
        other.get_by_role("button", name="Run", exact=True).click()
        expect(other.locator("#tree .node[aria-current]")).to_contain_text("Count posts over time")
        dialog.get_by_role("button", name="Remove course").click()
        expect(dialog.get_by_label("What course may do")).to_have_count(0)
        other.goto("/datasets?whose=shared")
        expect(other.get_by_text("Nothing is shared with you")).to_be_visible()


def test_an_analysis_is_renamed_deleted_and_brought_back(page: Page, ctx: Context, admin: User) -> None:
    posts = finished_posts(ctx, admin)
    count, _ = run_processor(ctx, admin, posts.key, "count-posts", {"timeframe": "month"})
    wait_for_end(ctx, count.key)
    _sign_in(page, admin)
    page.goto(f"/datasets/{count.key}")
    more = page.locator("#result").get_by_label("More")
    more.click()
    page.get_by_role("link", name="Rename", exact=True).click()
    name = page.get_by_role("textbox", name="Name of the dataset")
    expect(name).to_be_focused()
    name.fill("Cups a month")
    page.keyboard.press("Enter")
    node = page.locator("#tree .node[aria-current]")
    expect(node).to_contain_text("Cups a month")
    expect(page).to_have_title("Cups a month · posts.csv · 4CAT")
    page.locator("#tree .node", has_text="posts.csv").click()
    expect(page).to_have_title("posts.csv · 4CAT")
    page.locator("#tree .node", has_text="Cups a month").click()
    expect(page).to_have_title("Cups a month · posts.csv · 4CAT")
    more.click()
    page.get_by_role("link", name="Delete", exact=True).click()
    page.locator("dialog[open]").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("“Cups a month” has been deleted.")).to_be_visible()
    expect(node).to_contain_text("posts.csv")
    expect(page.locator("#tree .node")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(node).to_contain_text("Cups a month")

    page.locator("#head").get_by_label("More").click()
    page.locator("#head").get_by_role("link", name="Delete", exact=True).click()
    page.locator("dialog[open]").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("“posts.csv” has been deleted.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#tree .node")).to_have_count(2)


def test_sharing_and_running_in_a_tab_of_their_own(page: Page, ctx: Context, admin: User, user: User) -> None:
    posts = finished_posts(ctx, admin)
    _sign_in(page, admin)
    page.goto(f"/datasets/{posts.key}/share")
    page.get_by_label("People or tags").fill("ursula")
    page.get_by_role("button", name="Share", exact=True).click()
    role = page.get_by_label("What ursula may do")
    expect(role).to_have_value("viewer")
    with page.expect_navigation():
        role.select_option("owner")
    expect(role).to_have_value("owner")
    page.goto(f"/datasets/{posts.key}/analyses")
    page.get_by_label("Find an analysis").fill("over time how many")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Count posts over time", level=1).wait_for()
    page.locator(".head").get_by_role("link", name="posts.csv").click()
    expect(page.locator("#tree .node[aria-current]")).to_contain_text("posts.csv")
    page.goto(f"/datasets/{posts.key}/explore/60")
    page.get_by_role("link", name="Earlier").click()
    expect(page.get_by_role("heading", name="Item 59 of 60")).to_be_visible()
