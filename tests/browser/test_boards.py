"""Searching imageboards and reading their posts, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from app.domain.user import User
from app.services.context import Context
from tests.board_images import keep_image
from tests.board_posts import START, keep, post
from tests.browser.test_journey import _sign_in
from tests.results import store_table
from tests.scraping import count_board_posts

pytestmark = pytest.mark.slow

BODY = ">>1\n>be me\nI say hidden things"
MARKUP = "&gt;&gt;1<br>&gt;be me<br>I say <s>hidden</s> things"


def test_the_form_counts_and_shows_flags_as_one_types(page: Page, admin: User, ctx: Context) -> None:
    keep(ctx, [post(number, "coffee" if number % 4 else "tea", board="pol") for number in range(40)])
    keep(ctx, [post(number, "tea", board="g") for number in range(100, 107)])
    ctx.database.run("ANALYZE imageboard_posts")
    count_board_posts(ctx)
    _sign_in(page, admin)
    page.goto("/create/fourchan")
    told, flags = page.locator("#estimate"), page.get_by_role("group", name="Countries and flags")
    expect(told).to_contain_text("Say what posts contain")
    expect(flags).to_be_visible()

    page.get_by_label("Text contains").fill("tea")
    expect(told).to_have_text("About 17 posts match.")
    page.get_by_label("Netherlands", exact=True).check()
    expect(told).to_have_text("No posts match.")
    boards = page.get_by_label("Boards", exact=True)
    kept = page.get_by_role("list", name="Boards that are kept here").get_by_role("button")
    expect(kept).to_have_text(["pol 40", "g 7"])
    kept.last.press("Enter")
    expect(boards).to_have_value("g")
    expect(flags).to_be_hidden()
    expect(told).to_have_text("About 7 posts match.")
    boards.fill("g, /pol/")
    expect(page.get_by_role("button", name="pol 40", pressed=True)).to_be_visible()
    expect(flags).to_be_visible()
    kept.last.click()
    expect(boards).to_have_value("pol")
    boards.fill("g, pol")
    page.get_by_label("Netherlands", exact=True).uncheck()
    expect(told).to_have_text("About 17 posts match.")

    page.get_by_label("Text contains").fill("tea (coffee")
    error = page.locator("#o-body_match-error")
    expect(error).to_have_text(re.compile("This bracket is not closed. .at the mark: tea ▸"))
    expect(page.get_by_label("Text contains")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Text contains").fill("coffee")
    expect(error).to_have_count(0)
    expect(told).to_have_text("About 30 posts match.")
    page.get_by_text("How to write a query").click()
    expect(page.get_by_text("coffee << milk")).to_be_visible()


def test_what_is_wrong_with_a_period_is_said_beside_it_as_one_types(page: Page, admin: User, ctx: Context) -> None:
    keep(ctx, [post(1, "tea")])
    _sign_in(page, admin)
    page.goto("/create/fourchan?body_match=tea")
    period = page.get_by_role("group", name="Posted in this period")
    first, last = period.get_by_label("From (UTC)"), period.get_by_label("Up to, not included (UTC)")
    first.fill("2026-02-01")
    last.fill("2026-01-01")
    expect(period.locator(".error")).to_have_text("The end of the period must come after its start.")
    expect(first).to_have_attribute("aria-invalid", "true")
    expect(last).to_have_attribute("aria-invalid", "true")
    first.fill("")
    expect(period.locator(".error, [aria-invalid]")).to_have_count(0)


def test_posts_are_read_as_posts(page: Page, admin: User, ctx: Context, tmp_path: Path) -> None:
    md5, _ = keep_image(ctx)
    keep(ctx, [post(2, MARKUP)])
    rows = [
        {"id": "1", "thread_id": "1", "timestamp": START, "author": None, "body": "First!", "board": "pol"},
        {
            **{"id": "2", "thread_id": "1", "timestamp": START, "author": "Ann", "body": BODY, "board": "pol"},
            **{"subject": "On tea", "country_code": "NL", "country_name": "Netherlands"},
            **{"image_file": "cat.png", "image_md5": md5, "image_filesize": 2048, "image_width": 320},
        },
    ]
    posts = store_table(ctx, admin, tmp_path, pl.DataFrame(rows, infer_schema_length=None), datasource="fourchan")
    _sign_in(page, admin)
    page.goto(f"/datasets/{posts.key}")
    page.keyboard.press("e")
    second = page.locator("#p2")
    expect(second.locator(".subject")).to_have_text("On tea")
    expect(second.locator(".quote")).to_have_text(">be me")
    expect(second.locator("img")).to_have_js_property("naturalWidth", 320)
    second.locator("img").click()
    light = page.get_by_role("dialog", name="cat.png")
    expect(light.locator("img")).to_have_js_property("naturalWidth", 320)
    page.keyboard.press("Escape")
    expect(light).to_be_hidden()
    spoiler = second.locator(".spoiler")
    expect(spoiler).to_have_css("color", "rgba(0, 0, 0, 0)")
    spoiler.hover()
    expect(spoiler).not_to_have_css("color", "rgba(0, 0, 0, 0)")
    second.locator(".said a").click()
    expect(page).to_have_url(re.compile("#p1$"))
    page.get_by_label("Find in the text").fill("first")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(second).to_have_count(0)
    expect(page.locator("#p1")).to_be_visible()
    for width in (390, 1400):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_from_a_search_to_its_posts_and_an_analysis(page: Page, admin: User, ctx: Context) -> None:
    keep(ctx, [post(number, f"coffee {number}" if number % 4 else "tea", country_code="NL") for number in range(40)])
    keep(ctx, [post(number, "tea", board="g") for number in range(100, 107)])
    ctx.database.run("ANALYZE imageboard_posts")
    _sign_in(page, admin)
    page.get_by_role("main").get_by_role("link", name="New dataset").click()
    page.get_by_role("main").get_by_label("Find a source").fill("4chan's boards")
    page.keyboard.press("Enter")
    page.get_by_role("list", name="Boards that are kept here").get_by_role("button", name="pol").click()
    page.get_by_label("Text contains").fill('coffee "and tea')
    page.get_by_role("button", name="Make the dataset").click()
    wrong = page.get_by_label("Text contains")
    expect(page.locator("#o-body_match-error")).to_contain_text('at the mark: coffee ▸"and tea')
    expect(wrong).to_be_focused()
    expect(page.get_by_role("button", name="pol", pressed=True)).to_be_visible()
    expect(page.get_by_label("Boards", exact=True)).to_have_value("pol")
    wrong.fill("coffee")
    page.get_by_label("Netherlands", exact=True).check()
    expect(page.locator("#estimate")).to_have_text("About 30 posts match.")
    page.get_by_label("Name of the dataset").fill("Coffee on /pol/")
    page.keyboard.press("Enter")

    expect(page.get_by_text("30 rows", exact=True)).to_be_visible()
    expect(page.locator("dl.made")).to_contain_text("Netherlands")
    page.get_by_role("link", name="Read the posts").click()
    expect(page.locator(".board-post")).to_have_count(30)
    expect(page.locator("#p1")).to_contain_text("/pol/")
    expect(page.locator("#p1 .said")).to_have_text("coffee 1")
    page.get_by_role("link", name="Back to the dataset").click()
    page.get_by_role("link", name="New analysis").click()
    page.get_by_label("Find an analysis").fill("over time")
    page.locator("#dialog a", has_text="Count posts over time").last.click()
    page.get_by_label("Count per").select_option("day")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#rows tbody tr")).to_have_text([re.compile(r"2026-03-01activity30")])
