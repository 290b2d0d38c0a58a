"""Reading a dataset in the explorer: sorted, narrowed, counted and turned over, by mouse and by keys."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from app.domain.dataset import Dataset
from app.domain.user import User
from app.services.context import Context
from tests.browser.test_journey import _sign_in
from tests.results import store_table

pytestmark = pytest.mark.slow
_AUTHORS = ("ann", "bob", "cleo")


@pytest.fixture
def posts(ctx: Context, admin: User, tmp_path: Path) -> Dataset:
    """120 posts, one a day, by three authors; the number of likes goes up and down."""
    frame = pl.DataFrame(
        {
            "id": [str(n) for n in range(120)],
            "timestamp": [datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=n) for n in range(120)],
            "author": [_AUTHORS[n % 3] for n in range(120)],
            "subject": [f"Cup {n}" for n in range(120)],
            "body": [f"{'green tea' if n % 4 == 0 else 'black coffee'} number {n}" for n in range(120)],
            "likes": [n * 7 % 120 for n in range(120)],
        }
    )
    return store_table(ctx, admin, tmp_path, frame, label="Cups")


def add_filter(page: Page, column: str, operator: str, value: str) -> None:
    page.get_by_label("Column", exact=True).select_option(column)
    page.get_by_label("How", exact=True).select_option(label=operator)
    page.get_by_label("Value", exact=True).fill(value)
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="Filters")).to_contain_text(value)


def test_posts_are_sorted_narrowed_and_counted(page: Page, admin: User, posts: Dataset) -> None:
    _sign_in(page, admin)
    page.goto(f"/datasets/{posts.key}")
    page.keyboard.press("e")
    items, shown = page.locator("[data-item]"), page.locator(".at .pager > .num")
    expect(shown).to_have_text("1–50 of 120")
    page.get_by_label("Order").select_option("-likes")
    expect(items.first).to_contain_text("number 17")
    add_filter(page, "body", "contains", "^green.*[05]$")
    expect(shown).to_have_text("1–6 of 6 (of 120 in all)")
    add_filter(page, "likes", "is at least, or from", "40")
    expect(shown).to_have_text("1–4 of 4 (of 120 in all)")
    add_filter(page, "timestamp", "is more, or later, than", "2026-03-15")
    expect(shown).to_have_text("1–2 of 2 (of 120 in all)")
    address = page.url
    page.reload()
    expect(page).to_have_url(address)
    expect(shown).to_have_text("1–2 of 2 (of 120 in all)")
    expect(page.get_by_label("Order")).to_have_value("-likes")
    page.get_by_role("link", name="Without this filter").first.click()
    expect(page.get_by_role("list", name="Filters").locator("code")).to_have_count(2)
    page.get_by_role("link", name="Without filters").click()
    expect(shown).to_have_text("1–50 of 120")

    columns = page.get_by_role("complementary", name="Columns and filters")
    columns.locator("summary", has_text="author").click()
    values = columns.locator(".bars li")
    expect(values).to_have_text([re.compile(rf"{name}\s*40") for name in _AUTHORS])
    values.nth(1).get_by_role("link").click()
    expect(shown).to_have_text("1–40 of 40 (of 120 in all)")
    expect(page.get_by_role("list", name="Filters")).to_contain_text("author is bob")
    expect(columns.locator(".bars li")).to_have_text([re.compile(r"bob\s*40")])
    page.get_by_label("Find in the text").fill("green")
    page.keyboard.press("Enter")
    expect(shown).to_have_text("1–10 of 10 (of 120 in all)")
    page.go_back()
    expect(shown).to_have_text("1–40 of 40 (of 120 in all)")


def test_columns_rows_and_pages_by_keys(page: Page, admin: User, posts: Dataset) -> None:
    _sign_in(page, admin)
    page.goto(f"/datasets/{posts.key}/explore")
    press = page.keyboard.press
    page.get_by_label("Show likes").focus()
    press("Space")
    page.get_by_label("Show subject").focus()
    press("Space")
    page.get_by_role("button", name="Show ticked").press("Enter")
    expect(page.locator("[data-item] .shown").first).to_have_text(re.compile(r"subject\s*Cup 0\s*likes\s*0"))
    page.get_by_role("link", name="Table", exact=True).press("Enter")
    heads = page.locator("table.data th")
    expect(heads).to_have_text([re.compile("Item"), re.compile("subject"), re.compile("likes")])
    heads.get_by_role("link", name="likes").press("Enter")
    expect(page.locator("table.data th[aria-sort=ascending]")).to_contain_text("likes")
    heads.get_by_role("link", name="likes").press("Enter")
    expect(page.locator("table.data th[aria-sort=descending]")).to_contain_text("likes")
    expect(heads.get_by_role("link", name="likes")).to_be_focused()
    press("j")
    press("j")
    expect(page.get_by_label("Open item 2", exact=True)).to_be_focused()
    press("Enter")
    dialog = page.get_by_role("dialog", name="Item 2")
    expect(dialog).to_contain_text("of 120")
    expect(dialog.locator("dd").first).to_have_text("34")
    dialog.get_by_role("link", name="Later").press("Enter")
    dialog = page.get_by_role("dialog", name="Item 3")
    expect(dialog.locator("dd").first).to_have_text("51")
    expect(dialog.get_by_role("link", name="Later")).to_be_focused()
    press("Escape")
    expect(page.get_by_label("Open item 2", exact=True)).to_be_focused()


def test_pages_are_turned_and_kept(page: Page, admin: User, posts: Dataset) -> None:
    _sign_in(page, admin)
    page.goto(f"/datasets/{posts.key}/explore?view=table&sort=-likes&show=subject&show=likes")
    press, shown = page.keyboard.press, page.locator(".at .pager > .num")
    page.get_by_role("link", name="Later").first.press("Enter")
    expect(shown).to_have_text("51–100 of 120")
    expect(page.get_by_role("link", name="Later").first).to_be_focused()
    press("Enter")
    expect(shown).to_have_text("101–120 of 120")
    page.reload()
    expect(shown).to_have_text("101–120 of 120")
    expect(page.locator("table.data tbody tr").first).to_contain_text("19")
    expect(page.locator("table.data th")).to_have_count(3)
    page.get_by_label("Go to").fill("7")
    press("Enter")
    expect(shown).to_have_text("7–56 of 120")
    page.get_by_role("link", name="Cards").click()
    expect(page.locator("[data-item]").first).to_contain_text("Cup")
    press("j")
    expect(page.locator("[data-item] .post").first).to_be_focused()


def test_a_value_chosen_in_a_column_keeps_view_order_and_columns(page: Page, admin: User, posts: Dataset) -> None:
    _sign_in(page, admin)
    page.goto(f"/datasets/{posts.key}/explore?sort=-likes")
    columns = page.get_by_role("complementary", name="Columns and filters")
    columns.locator("summary", has_text="author").click()
    expect(columns.locator(".bars li")).to_have_count(3)
    page.get_by_role("link", name="Table", exact=True).click()
    heads = page.get_by_role("columnheader")
    expect(heads.first).to_be_visible()
    columns.get_by_label("Show likes").check()
    columns.get_by_label("Show author").check()
    columns.get_by_role("button", name="Show ticked").click()
    expect(heads).to_have_count(3)
    author = columns.locator("details:has(> summary > code:text-is('author'))")
    expect(author).not_to_have_attribute("open", "")  # what was counted for the cards leads on to cards
    author.locator("summary").click()
    author.locator(".bars li").nth(1).get_by_role("link").click()
    expect(page.get_by_role("list", name="Filters")).to_contain_text("author is bob")
    expect(heads.nth(2)).to_have_attribute("aria-sort", "descending")
    expect(heads).to_have_count(3)
    expect(page.locator("tbody tr").first.locator("td").nth(1)).to_have_text("bob")
