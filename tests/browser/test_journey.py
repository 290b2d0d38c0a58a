"""The main journey, in a real browser."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from app.domain.user import User
from app.services.context import Context
from app.services.dataset import update_dataset
from app.services.run import run_processor
from tests.conftest import PASSWORD, POSTS, finished_posts, wait_for_end

pytestmark = pytest.mark.slow

_WORDS_BELOW = """canvas => {
    const high = 30 * devicePixelRatio;
    const pixels = canvas.getContext("2d").getImageData(0, canvas.height - high, canvas.width, high).data;
    let dark = 0;
    for (let at = 0; at < pixels.length; at += 4) {
        const [red, green, blue, alpha] = pixels.slice(at, at + 4);
        if (alpha > 200 && Math.max(red, green, blue) < 130 && Math.abs(red - green) < 40) dark += 1;
    }
    return dark;
}"""
"""How many dots are as dark as words and not of a colour, at the foot of a chart."""

_LINES = POSTS.decode().splitlines()


def _sign_in(page: Page, user: User) -> None:
    page.goto("/")
    page.get_by_label("Name").fill(user.name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Datasets", exact=True)).to_be_visible()
    page.wait_for_load_state()


def _upload(page: Page, tmp_path: Path) -> None:
    """Send a file whose text is in a column with a name that says nothing, and map it."""
    file = tmp_path / "tea and coffee.csv"
    file.write_text("\n".join([_LINES[0].replace(",body,", ",field_5,"), *_LINES[1:]]))
    page.keyboard.press("n")
    page.get_by_role("link", name="Upload a file").click()
    page.set_input_files("input[type=file]", file)
    expect(page.get_by_text("Read as:")).to_contain_text("7 columns, 60 rows")
    page.get_by_label("Text", exact=True).select_option("field_5")
    above = page.get_by_label("What field_5 means")
    expect(above).to_have_value("Text")
    above.select_option("Subject")
    expect(page.get_by_label("Subject", exact=True)).to_have_value("field_5")
    above.select_option("Text")
    expect(page.get_by_label("Text", exact=True)).to_have_value("field_5")
    page.get_by_label("Name of the dataset").fill("Tea and coffee")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("1–50 of 60")).to_be_visible()


def test_from_sign_in_to_download(page: Page, admin: User, tmp_path: Path) -> None:
    _sign_in(page, admin)
    _upload(page, tmp_path)
    expect(page.get_by_role("heading", name="Tea and coffee", level=1)).to_be_visible()
    expect(page.locator("td", has_text="coffee and tea, number 3").first).to_be_visible()

    page.keyboard.press("n")
    page.get_by_label("Find an analysis").fill("over time")
    page.locator("#dialog a", has_text="Count posts over time").last.click()
    page.get_by_label("Count per").select_option("month")
    page.get_by_role("button", name="Run", exact=True).click()

    picture = page.get_by_alt_text("Chart: Count posts over time")
    expect(picture).to_be_visible()
    picture.evaluate("image => image.decode()")
    assert picture.evaluate("image => image.naturalWidth") > 100
    expect(page.locator("#tree .node[aria-current]")).to_contain_text("Count posts over time")
    page.get_by_role("button", name="Make it interactive").click()
    expect(page.locator(".chart .live canvas")).to_be_visible()

    page.locator("#result summary", has_text="Download").click()
    with page.expect_download() as started:
        page.locator("#result .menu").get_by_role("link", name="CSV", exact=True).click()
    rows = list(csv.DictReader(Path(started.value.path()).read_text().splitlines()))
    assert [row["date"] for row in rows] == [f"2026-0{month}" for month in range(1, 7)]
    assert [row["value"] for row in rows] == ["10"] * 6


def test_bars_keep_their_months_when_they_answer_to_the_pointer(page: Page, ctx: Context, admin: User) -> None:
    posts = finished_posts(ctx, admin)
    count, _ = run_processor(ctx, admin, posts.key, "count-posts", {"timeframe": "month"})
    bars, _ = run_processor(ctx, admin, count.key, "histogram", {})
    wait_for_end(ctx, bars.key)
    _sign_in(page, admin)
    page.goto(f"/datasets/{bars.key}")
    page.get_by_role("button", name="Make it interactive").click()
    expect(page.get_by_text("Point at a part of the chart for its values.")).to_be_visible()
    assert page.locator(".chart .live canvas").evaluate(_WORDS_BELOW) > 50


def tab_to_and_press(page: Page, name: str) -> None:
    while page.evaluate("document.activeElement.textContent") != name:
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def test_an_analysis_by_keys_alone_and_again_with_changes(page: Page, ctx: Context, admin: User) -> None:
    finished_posts(ctx, admin)
    _sign_in(page, admin)
    press = page.keyboard.press
    press("j")
    press("Enter")
    expect(page.get_by_role("heading", name="posts.csv", level=1)).to_be_visible()
    press("n")
    expect(page.get_by_label("Find an analysis")).to_be_focused()
    page.keyboard.type("over time how many")
    press("ArrowDown")
    expect(page.locator("#dialog a:focus")).to_contain_text("Count posts over time")
    press("ArrowUp")
    expect(page.get_by_label("Find an analysis")).to_be_focused()
    press("Enter")
    expect(page.locator("#dialog").get_by_role("heading", name="Count posts over time")).to_be_visible()
    per = page.get_by_label("Count per")
    expect(page.get_by_label("Column with the date")).to_be_focused()
    press("Tab")
    expect(per).to_be_focused()
    page.keyboard.type("Month")
    expect(per).to_have_value("month")
    tab_to_and_press(page, "Run")
    expect(page.get_by_alt_text("Chart: Count posts over time")).to_be_visible()
    expect(page.get_by_role("heading", name="posts.csv", level=1)).to_be_focused()

    again = page.get_by_role("link", name="Run again with changes")
    again.focus()
    press("Enter")
    expect(per).to_have_value("month")
    press("Tab")
    page.keyboard.type("Year")
    expect(per).to_have_value("year")
    tab_to_and_press(page, "Run")
    nodes = page.locator("#tree .node", has_text="Count posts over time")
    expect(nodes).to_have_count(2)
    expect(page.locator("#tree .node[aria-current] .how")).to_contain_text("year")
    press("k")
    press("Enter")
    expect(page.locator("#tree .node[aria-current] .how")).to_contain_text("month")


def test_a_chart_is_saved_in_three_forms(page: Page, ctx: Context, admin: User) -> None:
    posts = finished_posts(ctx, admin)
    _sign_in(page, admin)
    page.goto(f"/datasets/{posts.key}/analyses/count-posts")
    page.get_by_label("Count per").select_option("month")
    page.get_by_role("button", name="Run", exact=True).click()
    saving = page.get_by_role("group", name="Save the chart")
    kept: dict[str, bytes] = {}
    for form in ("SVG", "PNG", "CSV"):
        with page.expect_download() as started:
            saving.get_by_role("link", name=form).click()
        assert started.value.suggested_filename.endswith(f".{form.lower()}")
        kept[form] = Path(started.value.path()).read_bytes()
    drawn = ElementTree.fromstring(kept["SVG"])
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    said = " ".join(drawn.itertext())
    with Image.open(io.BytesIO(kept["PNG"])) as picture:
        picture.load()
        assert (picture.format, picture.width > 600, picture.height > 200) == ("PNG", True, True)
        assert picture.convert("L").getextrema()[0] < 200, "something is drawn"
    page.get_by_role("link", name="Table", exact=True).click()
    shown = page.locator("#rows tbody tr")
    expect(shown).to_have_count(6)
    rows = list(csv.reader(kept["CSV"].decode().splitlines()))
    assert [[cell.strip() for cell in row.locator("td").all_inner_texts()] for row in shown.all()] == rows[1:]
    assert "2026" in said


def test_a_network_is_drawn_and_searched(page: Page, admin: User, tmp_path: Path) -> None:
    _sign_in(page, admin)
    _upload(page, tmp_path)
    page.get_by_role("link", name="New analysis").click()
    page.locator("#dialog a", has_text="Co-tag network").first.click()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".net [role=status]")).to_have_text("5 nodes, 6 links")
    page.get_by_label("Find a node").fill("a1")
    page.get_by_label("Find a node").press("Enter")
    expect(page.locator(".net-about")).to_contain_text("a1")
    page.get_by_label("Layout").select_option("communities")
    page.get_by_label("Size by").select_option("links")
    page.get_by_label("Links at least").fill("3")
    expect(page.locator(".net [role=status]")).to_have_text("2 nodes of 5 shown")
    with page.expect_download() as started:
        page.locator(".net").get_by_role("button", name="SVG").click()
    drawn = Path(started.value.path()).read_text()
    assert drawn.count("<circle") == 2
    assert ">b1</title>" in drawn
    page.get_by_label("Colour by").select_option("links")
    page.get_by_label("Links at least").fill("0")
    expect(page.locator(".net [role=status]")).to_have_text("5 nodes, 6 links")
    kept = {}
    for form in ("PNG", "GEXF"):
        with page.expect_download() as started:
            page.locator(".net").get_by_role("button", name=form).click()
        kept[form] = Path(started.value.path()).read_bytes()
    with Image.open(io.BytesIO(kept["PNG"])) as picture:
        box = page.locator(".net-stage").bounding_box()
        assert box
        assert picture.size == (round(2 * box["width"]), round(2 * box["height"]))
    nodes = ElementTree.fromstring(kept["GEXF"]).iterfind(".//{*}node")
    assert sorted(node.get("label") or "" for node in nodes) == ["a0", "a1", "a2", "b0", "b1"]
    page.get_by_role("link", name="Nodes").click()
    expect(page.get_by_text("5 rows", exact=True)).to_be_visible()


def test_wrong_options_are_shown_beside_their_field_and_deleting_asks_first(
    page: Page, admin: User, tmp_path: Path
) -> None:
    _sign_in(page, admin)
    _upload(page, tmp_path)
    page.get_by_role("link", name="New analysis").click()
    page.locator("#dialog a", has_text="Count values").first.click()
    page.get_by_label("Only values that match").fill("tea")
    for ticked in page.locator("#dialog input[name=columns]:checked").all():
        ticked.uncheck()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#o-columns-error")).to_have_text("Choose at least one.")
    expect(page.get_by_label("Only values that match")).to_have_value("tea")
    page.keyboard.press("Escape")
    for _ in range(2):
        if page.locator("dialog[open]").count():
            page.get_by_role("button", name="Keep it").click()
        page.locator("#head summary").click()
        page.locator("#head").get_by_role("link", name="Delete").click()
        expect(page.locator("dialog[open]")).to_be_visible()
    page.locator("dialog[open]").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No datasets yet")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1024, "light")])
def test_no_page_is_wider_than_the_screen(page: Page, admin: User, tmp_path: Path, width: int, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 844})
    _sign_in(page, admin)
    _upload(page, tmp_path)
    shown = page.url
    for path in (
        shown,
        f"{shown}/analyses/tokenise-posts",
        f"{shown}/log",
        "/datasets",
        "/create",
        "/account",
        "/control",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_keys_move_through_lists(page: Page, admin: User, tmp_path: Path) -> None:
    _sign_in(page, admin)
    _upload(page, tmp_path)
    page.goto("/datasets")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Tea and coffee", level=1)).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_label("Find a dataset")).to_be_focused()
    page.keyboard.type("nothing like it")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No dataset is like that")).to_be_visible()


def test_single_keys_can_be_switched_off(page: Page, admin: User) -> None:
    _sign_in(page, admin)
    page.goto("/datasets")
    page.keyboard.press("?")
    ticked = page.get_by_label("Single letters, numbers and signs")
    ticked.uncheck()
    page.keyboard.press("Escape")
    expect(ticked).not_to_be_focused()
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile("/datasets$"))
    page.goto("/account")
    for key in ("/", "?"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile("/account$"))
    expect(page.get_by_label("Find a dataset")).not_to_be_focused()
    expect(page.get_by_role("heading", name="Keys")).to_be_hidden()

    page.get_by_text(admin.name, exact=True).first.click()
    page.get_by_role("button", name="Keys").click()
    expect(ticked).not_to_be_checked()
    ticked.check()
    page.keyboard.press("Escape")
    expect(ticked).not_to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("Find a dataset")).to_be_focused()


def test_the_next_capture_gets_the_analyses_of_the_one_before(page: Page, ctx: Context, admin: User) -> None:
    example, other = finished_posts(ctx, admin), finished_posts(ctx, admin)
    update_dataset(ctx, admin, example.key, label="The pilot")
    counted, _ = run_processor(ctx, admin, example.key, "count-posts", {"timeframe": "week"})
    run_processor(ctx, admin, counted.key, "histogram", {})
    _sign_in(page, admin)
    page.goto(f"/datasets/{other.key}")
    page.keyboard.press("n")
    page.get_by_role("link", name="The same analyses as with another dataset").click()
    page.keyboard.type("pil")
    page.get_by_role("link", name="The pilot").click()
    expect(page.get_by_label("Count posts over time")).to_be_checked()
    page.get_by_role("button", name="Run them").click()
    expect(page.get_by_text("2 analyses are on their way.")).to_be_visible()
    tree = page.locator(".tree")
    for analysis in ("Count posts over time", "Histogram"):
        expect(tree.get_by_role("link", name=f"{analysis} waiting")).to_be_visible()
