"""What administrators do, and pages without a mouse's comforts: a phone, no JavaScript, a server that starts anew."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.domain.dataset import Status
from app.domain.job import JobState
from app.domain.user import User
from app.services.context import Context
from app.services.run import run_processor
from app.services.site_setting import set_site_setting
from app.storage import dataset as datasets
from app.storage import job as jobs
from tests.browser.conftest import open_tab
from tests.browser.test_journey import _sign_in
from tests.conftest import finished_posts, import_posts, wait_for, wait_for_end
from tests.serving import serve_at

pytestmark = pytest.mark.slow


def test_an_administrator_sees_to_people_and_work(
    page: Page, browser: Browser, site: str, ctx: Context, admin: User, user: User
) -> None:
    set_site_setting(ctx, admin, "workers.upload.max_workers", 0)
    held = import_posts(ctx, user)
    _sign_in(page, admin)
    page.goto("/control/users/new")
    page.get_by_label("Name", exact=True).fill("otto")
    page.get_by_label("Tags", exact=True).fill("students")
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", name="otto", level=1)).to_be_visible()
    tabs = page.get_by_role("navigation", name="Control panel")
    tabs.get_by_role("link", name="Tags").click()
    page.get_by_role("main").get_by_role("link", name="students").first.click()
    expect(page.get_by_role("heading", name="students", level=1)).to_be_visible()
    tabs.get_by_role("link", name="Messages").click()
    page.get_by_label("Text", exact=True).fill("The archive rests on Friday.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("button", name="Take back: The archive rests on Friday.")).to_be_visible()
    with open_tab(browser, site) as other:
        _sign_in(other, user)
        expect(other.get_by_text("The archive rests on Friday.")).to_be_visible()
    tabs.get_by_role("link", name="Jobs").click()
    page.get_by_role("button", name="Cancel: posts.csv").click()
    expect(page.get_by_role("button", name="Cancel: posts.csv")).to_have_count(0)
    assert datasets.get(ctx.database, held.key).status is Status.CANCELLED
    tabs.get_by_role("link", name="Plug-ins").click()
    expect(page.get_by_role("cell", name="count-posts", exact=True)).to_be_visible()


def test_a_page_goes_on_after_the_server_was_started_anew(
    browser: Browser, site: str, ctx: Context, admin: User, _crew: dict[str, Any], port: int
) -> None:
    set_site_setting(ctx, admin, "workers.upload.max_workers", 0)
    waits = import_posts(ctx, admin)
    with open_tab(browser, site, may_be_away=True) as page:
        _sign_in(page, admin)
        page.goto(f"/datasets/{waits.key}")
        expect(page.locator("#going")).to_be_visible()
        _crew["web"].send_signal(signal.SIGKILL)
        _crew["web"].wait()
        expect(page.get_by_text("The server does not answer.")).to_be_visible()
        _crew["web"] = serve_at(port, _crew["start"])
        set_site_setting(ctx, admin, "workers.upload.max_workers", 2)
        expect(page.get_by_text("1–50 of 60")).to_be_visible()
        expect(page.get_by_text("The server does not answer.")).to_have_count(0)


def test_the_menu_of_a_phone(browser: Browser, site: str, ctx: Context, admin: User) -> None:
    finished_posts(ctx, admin)
    with open_tab(browser, site, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as page:
        _sign_in(page, admin)
        page.get_by_role("link", name="Sources").tap()
        expect(page.get_by_role("heading", name="Sources")).to_be_visible()
        page.get_by_role("banner").get_by_text("ada").tap()
        page.get_by_role("link", name="Account and tokens").tap()
        expect(page.get_by_role("heading", name="Account")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_forms_are_sent_without_javascript(browser: Browser, site: str, ctx: Context, admin: User) -> None:
    posts = finished_posts(ctx, admin)
    with open_tab(browser, site, java_script_enabled=False) as page:
        _sign_in(page, admin)
        page.goto(f"/datasets/{posts.key}/analyses/count-posts")
        page.get_by_label("Count per").select_option("month")
        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.get_by_role("heading", name="posts.csv", level=1)).to_be_visible()
        page.get_by_role("button", name="Favourite: posts.csv").click()
        page.goto("/datasets?whose=favourites")
        expect(page.get_by_role("link", name="posts.csv")).to_be_visible()
        page.goto("/control")
        expect(page.get_by_role("button", name="Restart the workers now")).to_be_visible()
        expect(page.get_by_role("button", name="Restart the workers", exact=True)).to_be_hidden()
        page.goto("/create")
        expect(page.get_by_label("Find a source")).to_be_hidden()


def test_work_that_fails_is_looked_into_run_again_and_stopped(
    page: Page, ctx: Context, admin: User, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    posts = finished_posts(ctx, admin)
    _sign_in(page, admin)
    page.goto(f"/datasets/{posts.key}/analyses/misbehave")
    page.get_by_label("Way").select_option("raise")
    page.get_by_label("File in which").fill(str(trace))
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#result .note.bad")).to_be_visible()
    page.clock.install()
    page.goto("/control/jobs")
    page.get_by_label("State").select_option("failed")
    page.wait_for_url("**state=failed*")
    page.locator("#jobs summary", has_text="Traceback").click()
    traceback = page.locator("#jobs pre")
    expect(traceback).to_contain_text("ZeroDivisionError: nothing can be divided by it")
    page.clock.fast_forward(5_000)
    expect(traceback).to_be_visible()  # it stays open while the list is asked for again
    page.get_by_role("button", name="Run again: Misbehave").click()
    wait_for(lambda: len(trace.read_text().splitlines()) == 2, "the second attempt")
    wait_for(lambda: jobs.list_jobs(ctx.database)[-1].state is JobState.FAILED, "the second failure")
    page.clock.fast_forward(5_000)
    page.get_by_role("button", name="Dismiss: Misbehave").click()
    expect(page.get_by_role("heading", name="No such jobs")).to_be_visible()

    sleeps, _ = run_processor(ctx, admin, posts.key, "misbehave", {"way": "sleep", "seconds": 60})
    wait_for(lambda: datasets.get(ctx.database, sleeps.key).status is Status.RUNNING, "a running job")
    page.goto("/control/jobs?state=running")
    page.get_by_role("button", name="Cancel: Misbehave").click()
    wait_for_end(ctx, sleeps.key)
    page.goto(f"/datasets/{sleeps.key}")
    expect(page.locator("#result > header")).to_contain_text("Cancelled")

    page.goto("/control/logs")
    expect(page.get_by_role("cell", name="misbehaving: sleep")).to_be_visible()
    more, _ = run_processor(ctx, admin, posts.key, "misbehave", {"way": "work", "mark": "again"})
    wait_for_end(ctx, more.key)
    page.clock.fast_forward(10_000)
    expect(page.get_by_role("cell", name="misbehaving: work")).to_be_visible()
    page.get_by_label("Find in the logs").fill("sleep")
    expect(page.get_by_role("cell", name="misbehaving: work")).to_have_count(0)
    expect(page.get_by_role("cell", name="misbehaving: sleep")).to_be_visible()


def test_the_workers_are_restarted_from_the_control_panel(
    page: Page, ctx: Context, admin: User, _crew: dict[str, Any]
) -> None:
    _sign_in(page, admin)
    page.goto("/control")
    page.get_by_role("button", name="Restart the workers").click()
    dialog = page.get_by_role("dialog", name="Restart the workers?")
    dialog.get_by_role("button", name="Keep them running").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Restart the workers").click()
    dialog.get_by_role("button", name="Restart", exact=True).click()
    expect(page.get_by_text("The workers of all machines start anew.")).to_be_visible()
    assert _crew["manager"].wait(30) == 0
    expect(page.locator(".verdict")).to_have_text("No machine takes work.")
    _crew["manager"] = _crew["start"]("-m", "app.runner")  # as whatever keeps it running does
    expect(page.get_by_role("row", name=str(_crew["manager"].pid))).to_be_visible()
    expect(page.locator(".verdict")).to_contain_text("All is well")


def test_a_failure_is_understood_mended_and_run_again_by_keyboard(
    page: Page, browser: Browser, site: str, ctx: Context, admin: User, user: User
) -> None:
    limit = "workers.misbehave.memory_mb"
    set_site_setting(ctx, admin, limit, 128)
    asked = run_processor(ctx, user, finished_posts(ctx, user).key, "misbehave", {"way": "memory-some"})[0]
    with open_tab(browser, site) as owner:
        _sign_in(owner, user)
        owner.goto(f"/datasets/{asked.key}")
        expect(owner.locator(".note")).to_contain_text("Out of memory at 60 rows: it needed more than 128 MB")

        _sign_in(page, admin)
        page.goto("/control")
        _go_with_keys(page, page.get_by_role("link", name="Jobs", exact=True))
        expect(page.locator("#jobs .what")).to_contain_text("Out of memory at 60 rows")
        _go_with_keys(page, page.get_by_role("link", name="Settings", exact=True))
        _go_with_keys(page, page.get_by_role("link", name="Types of work"))
        _focus_with_keys(page, page.get_by_label("Find a type of work"))
        page.keyboard.type("misbehave")
        memory = page.get_by_role("form", name="misbehave").get_by_label("Memory in MB")
        _focus_with_keys(page, memory)
        expect(memory).to_have_value("128")
        page.keyboard.press("Control+a")
        page.keyboard.press("Delete")
        page.keyboard.press("Enter")
        expect(page.get_by_role("form", name="misbehave").get_by_text("Saved", exact=True)).to_be_visible()
        expect(page.locator("#told")).to_have_text("Saved")
        assert limit not in ctx.site_settings()
        _go_with_keys(page, page.get_by_role("link", name="Jobs", exact=True))
        _go_with_keys(page, page.get_by_role("button", name="Run again: Misbehave"))
        expect(page.get_by_role("button", name="Run again: Misbehave")).to_have_count(0)

        expect(owner.get_by_text("3 rows", exact=True)).to_be_visible()  # without having touched the page
        expect(owner.locator("#told")).to_contain_text("Misbehave")
    assert datasets.get(ctx.database, asked.key).status is Status.FINISHED


def _focus_with_keys(page: Page, wanted: Locator) -> None:
    """Press Tab until something is focused."""
    expect(wanted.first).to_be_visible()
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.first.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"not reached: {wanted}")


def _go_with_keys(page: Page, wanted: Locator) -> None:
    _focus_with_keys(page, wanted)
    page.keyboard.press("Enter")
