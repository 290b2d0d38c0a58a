"""What people type, choose, select and open stays while answers of the server come in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from app.domain.dataset import Kind, Status
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import retry_dataset
from app.services.run import run_processor
from app.storage import dataset as datasets
from app.storage.dataset import Ending
from tests.browser.conftest import open_tab
from tests.browser.test_journey import _sign_in
from tests.conftest import finished_posts, import_posts
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


def end(ctx: Context, key: str, status: Status, message: str) -> None:
    """Let a dataset have ended."""
    with ctx.database.transaction() as tx:
        datasets.end(tx, key, Ending(status, message))


def test_a_form_over_the_page_stays_when_work_ends_and_begins_anew(tab: Page, ctx: Context, admin: User) -> None:
    made = import_posts(ctx, admin)
    tab.goto(f"/datasets/{made.key}")
    expect(tab.locator("#going")).to_be_visible()
    tab.locator("#head").get_by_label("More").click()
    tab.locator("#head").get_by_role("link", name="Tags").click()
    tags = tab.get_by_role("dialog", name="Tags").get_by_role("textbox", name="Tags")
    expect(tags).to_be_focused()
    tags.fill("thesis, ")
    end(ctx, made.key, Status.FAILED, "The file cannot be read.")
    expect(tab.locator("#result .note.bad")).to_have_text("The file cannot be read.")
    tags.press_sequentially("2026")
    retry_dataset(ctx, admin, made.key)
    expect(tab.locator("#going")).to_be_visible()
    expect(tags).to_have_value("thesis, 2026")
    expect(tags).to_be_focused()
    tags.press("Enter")
    expect(tab.get_by_role("dialog")).to_have_count(0)
    expect(tab.locator("#head a.tag")).to_have_text(["2026", "thesis"])


def test_what_is_wrong_with_a_form_over_the_page_is_said_there(
    browser: Browser, pages_alone: str, ctx: Context, admin: User
) -> None:
    made = import_posts(ctx, admin)
    end(ctx, made.key, Status.EMPTY, "The file holds no records.")
    with open_tab(browser, pages_alone, may_answer=404) as tab:
        _sign_in(tab, admin)
        _send_what_is_refused(tab, ctx, made.key)


def _send_what_is_refused(tab: Page, ctx: Context, key: str) -> None:
    tab.goto(f"/datasets/{key}")
    more = tab.locator("#head").get_by_label("More")
    more.click()
    tab.locator("#head").get_by_role("link", name="Tags").click()
    dialog = tab.get_by_role("dialog", name="Tags")
    tags = dialog.get_by_role("textbox", name="Tags")
    tags.fill("b" * 51)
    tags.press("Enter")
    expect(dialog.locator("#tags-error")).to_have_text("A tag has at most 50 letters, and no comma.")
    expect(tags).to_be_focused()
    expect(tags).to_have_value("b" * 51)
    tags.fill("tea")
    ctx.database.run("DELETE FROM datasets")
    tags.press("Enter")
    notice = dialog.get_by_role("alert")
    expect(notice).to_contain_text("There is no dataset")
    expect(tags).to_have_value("tea")
    notice.get_by_role("button", name="Dismiss").click()  # it can be reached
    expect(notice).to_have_count(0)
    tags.press("Enter")
    expect(notice).to_be_visible()
    tab.keyboard.press("Escape")
    expect(more).to_be_focused()
    expect(tab.locator("body > #notices .note")).to_be_visible()


def test_a_form_opens_though_the_page_around_it_is_exchanged_meanwhile(tab: Page, ctx: Context, admin: User) -> None:
    made = import_posts(ctx, admin)
    tab.goto(f"/datasets/{made.key}")
    held = hold_first(tab, "**/rename")
    tab.locator("#head").get_by_label("More").click()
    tab.locator("#head").get_by_role("link", name="Rename").click()
    wait_until(tab, lambda: held)
    end(ctx, made.key, Status.EMPTY, "The file holds no records.")
    expect(tab.locator("#result .note")).to_have_text("The file holds no records.")
    held[0].continue_()
    expect(tab.get_by_role("textbox", name="Name of the dataset")).to_be_focused()
    tab.keyboard.press("Escape")
    expect(tab.locator("#head").get_by_label("More")).to_be_focused()


def test_datasets_are_changed_and_deleted_without_scripts(
    browser: Browser, pages_alone: str, ctx: Context, admin: User
) -> None:
    made = import_posts(ctx, admin)
    end(ctx, made.key, Status.EMPTY, "The file holds no records.")
    with open_tab(browser, pages_alone, java_script_enabled=False) as page:
        _sign_in(page, admin)
        page.goto(f"/datasets/{made.key}")
        more = page.locator("#head").get_by_label("More")
        more.click()
        page.get_by_role("link", name="Rename").click()
        page.get_by_label("Name of the dataset").fill(" ")
        page.get_by_role("button", name="Rename").click()
        expect(page.locator("#label-error")).to_have_text("Give the dataset a name.")
        page.get_by_label("Name of the dataset").fill("Cups")
        page.get_by_role("button", name="Rename").click()
        expect(page.get_by_role("heading", name="Cups", level=1)).to_be_visible()
        more.click()
        page.get_by_role("link", name="Keep or let it go").click()
        page.get_by_label("Delete it on").fill("2090-05-04")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#head .facts")).to_contain_text("goes on 4 May 2090")
        more.click()
        page.get_by_role("link", name="Delete", exact=True).click()
        page.get_by_role("button", name="Delete", exact=True).click()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("heading", name="Cups", level=1)).to_be_visible()


def test_focus_stays_while_lists_renew_themselves(tab: Page, ctx: Context, admin: User) -> None:
    made = import_posts(ctx, admin)
    child, _ = run_processor(ctx, admin, made.key, "count-posts", {})
    with ctx.database.transaction() as tx:
        datasets.start(tx, made.key, {})
    tab.goto("/datasets")
    row = tab.locator(f"#row-{made.key}")
    row.focus()
    ctx.bell.show(made.key, 0.62, "Reading the file")
    expect(row).to_contain_text("62%")
    expect(row).to_be_focused()
    tab.get_by_text("1 analysis").click()
    below = tab.locator(f"#sub-{child.key}")
    below.focus()
    end(ctx, child.key, Status.CANCELLED, "Stopped.")
    expect(below).to_contain_text("cancelled")
    expect(below).to_be_focused()
    tab.goto("/control/jobs")
    button = tab.get_by_role("button", name="Cancel: posts.csv")
    button.focus()
    import_posts(ctx, admin, filename="more.csv")
    expect(tab.get_by_role("button", name="Cancel: more.csv")).to_be_visible()
    expect(button).to_be_focused()


def test_text_that_is_selected_stays_selected(tab: Page, ctx: Context, admin: User) -> None:
    made = import_posts(ctx, admin)
    _log(ctx, made.key, "Read 60 rows.")
    tab.clock.install()
    tab.goto("/control/logs")
    line = tab.get_by_role("cell", name="Read 60 rows.")
    line.evaluate("cell => { cell.dataset.same = 'yes'; getSelection().selectAllChildren(cell); }")
    tab.clock.fast_forward(10_000)
    _log(ctx, made.key, "Wrote 60 rows.")
    tab.clock.fast_forward(10_000)
    tab.wait_for_timeout(1_000)
    assert tab.evaluate("getSelection().toString()").strip() == "Read 60 rows."
    tab.evaluate("getSelection().removeAllRanges()")
    tab.clock.fast_forward(10_000)
    expect(tab.get_by_role("cell", name="Wrote 60 rows.")).to_be_visible()
    line.evaluate("cell => { cell.dataset.same = 'yes'; }")
    with tab.expect_response("**/control/logs?seen=*") as answered:
        tab.clock.fast_forward(10_000)
    assert answered.value.status == 204
    expect(line).to_have_attribute("data-same", "yes")


def _log(ctx: Context, key: str, line: str) -> None:
    with ctx.database.transaction() as tx:
        datasets.add_log(tx, key, [(datetime.now(UTC), line)])


def test_a_form_is_sent_once_however_often_it_is_pressed(tab: Page, ctx: Context, admin: User) -> None:
    tab.goto("/control/users/new")
    tab.get_by_label("Name", exact=True).fill("otto")
    sent: list[str] = []
    tab.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    held = hold_first(tab, "**/control/users/new")
    tab.evaluate("""() => {
        const button = [...document.querySelectorAll("main button")].at(0);
        button.click();
        setTimeout(() => button.click(), 300);
    }""")
    wait_until(tab, lambda: held)
    tab.wait_for_timeout(1_000)
    held[0].continue_()
    expect(tab.get_by_role("heading", name="otto", level=1)).to_be_visible()
    assert len(sent) == 1
    tab.go_back()
    expect(tab.get_by_role("button", name="Make the account")).to_be_visible()
    expect(tab.locator("form[aria-busy]")).to_have_count(0)


def test_what_is_picked_stays_when_nothing_could_be_done_with_it(
    tab: Page, ctx: Context, admin: User, tmp_path: Path
) -> None:
    for label in ("Tea", "Coffee"):
        store_table(ctx, admin, tmp_path, label=label)
    tab.goto("/datasets")
    tab.get_by_label("Pick Tea").check()
    tab.locator("[data-pick-all]").check()
    bar = tab.get_by_role("form", name="What to do with those picked")
    bar.locator("summary", has_text="Share").click()
    names = bar.get_by_label("With people or tags")
    names.fill("nobody")
    bar.get_by_role("button", name="Share", exact=True).click()
    expect(tab.get_by_role("alert")).to_contain_text("There is no user called nobody.")
    expect(names).to_have_value("nobody")
    expect(tab.get_by_text("2 picked")).to_be_visible()
    expect(tab.get_by_label("Pick Tea")).to_be_checked()


def test_who_does_not_see_what_has_come_is_told(tab: Page, ctx: Context, admin: User, user: User) -> None:
    posts, told = finished_posts(ctx, admin), tab.locator("#told")
    tab.goto(f"/datasets/{posts.key}")
    tab.get_by_role("link", name="Later").click()
    expect(told).to_have_text("Rows 51 to 60 of 60")
    expect(tab.get_by_role("region", name="Rows of posts.csv")).to_be_focused()

    tab.get_by_role("link", name="New analysis").click()
    tab.get_by_label("Find an analysis").fill("nowhere")
    expect(tab.locator("dialog #told")).to_have_text("0 found")
    tab.keyboard.press("Escape")  # empties the field
    tab.keyboard.press("Escape")
    expect(tab.locator("body > #told")).to_have_count(1)

    tab.get_by_role("link", name="Share", exact=True).click()
    tab.get_by_label("People or tags").fill(user.name)
    tab.keyboard.press("Enter")
    expect(tab.locator("dialog #told")).to_have_text(f"Shared: {user.name}")
    tab.get_by_role("button", name=f"Remove {user.name}").click()
    expect(told).to_have_text(f"No longer shared: {user.name}")

    tab.goto(f"/datasets/{posts.key}/explore")
    tab.get_by_label("Find in the text").fill("number 5")
    tab.keyboard.press("Enter")
    expect(told).to_have_text("Posts 1 to 11 of 11")
    tab.goto("/datasets")
    tab.get_by_label("Find in names, parameters and columns").fill("nowhere")
    expect(told).to_have_text("0 datasets are listed")


def test_focus_goes_to_what_has_come_in_a_list(tab: Page, ctx: Context, admin: User) -> None:
    ctx.database.run(
        "INSERT INTO datasets (key, type, datasource, top, acts_as, label, owner_id, status)"
        " SELECT md5(n::text), 'upload', 'upload', md5(n::text), 'items', 'set ' || n, %(owner)s, 'cancelled'"
        " FROM generate_series(1, 40) n ORDER BY n",
        owner=admin.id,
    )
    tab.goto("/datasets")
    tab.get_by_role("link", name="Show more").press("Enter")
    expect(tab.locator(".entry")).to_have_count(40)
    expect(tab.locator(".entry").nth(30).locator("a.row")).to_be_focused()
    tab.get_by_label("Pick set 40").check()
    tab.locator("#bulk").get_by_role("button", name="Favourite").press("Enter")
    expect(tab.get_by_text("1 dataset marked as favourite.")).to_be_visible()
    expect(tab.locator(".entry").first.locator("a.row")).to_be_focused()


def test_what_was_said_of_one_thing_does_not_stay_for_the_next(tab: Page, ctx: Context, admin: User) -> None:
    posts = finished_posts(ctx, admin)
    run_processor(ctx, admin, posts.key, "count-posts", {})
    tab.goto(f"/datasets/{posts.key}")
    tab.get_by_role("link", name="New analysis").click()
    tab.locator("#dialog a", has_text="Count posts over time").last.click()
    tab.get_by_role("button", name="Run", exact=True).click()
    said = tab.get_by_text("This has been asked before, with the same options.")
    expect(said).to_be_visible()
    tab.locator("#tree").get_by_role("link", name="posts.csv").click()
    expect(tab.locator("#result-title")).to_have_text("posts.csv")
    expect(said).to_have_count(0)
