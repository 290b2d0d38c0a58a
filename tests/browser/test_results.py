"""Results shown in place: networks that move, pictures shown large, files of archives, and the keys."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import networkx
import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect

from app.domain.dataset import Dataset, Kind
from app.domain.user import User
from app.services.context import Context
from app.services.palette import palette
from app.services.site_setting import change_site_settings
from tests.board_images import picture
from tests.browser.conftest import open_tab
from tests.conftest import PASSWORD
from tests.results import store, store_bytes, store_table

pytestmark = pytest.mark.slow

NODES = 40


@pytest.fixture
def site(pages_alone: str) -> str:
    """Nothing here needs a worker."""
    return pages_alone


@pytest.fixture
def inside(page: Page, admin: User) -> Iterator[Page]:
    """A page at which the administrator has signed in."""
    page.goto("/login")
    page.get_by_label("Name").fill(admin.name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/datasets")
    yield page


@pytest.fixture
def network(ctx: Context, admin: User, tmp_path: Path) -> Dataset:
    """A directed network: two rings that are linked once, all nodes on one heap."""
    names = [f"{'tea' if n < NODES // 2 else 'milk'} {n}" for n in range(NODES)]
    half = NODES // 2
    links = [(n, n - n % half + (n + 1) % half) for n in range(NODES)] + [(0, half)]
    nodes = pl.DataFrame({"id": names, "label": names, "x": [n * 1e-3 for n in range(NODES)], "y": [0.0] * NODES})
    nodes = nodes.with_columns(community=pl.Series([1] * half + [2] * half))
    edges = pl.DataFrame({"source": [names[a] for a, _ in links], "target": [names[b] for _, b in links]})
    nodes.write_parquet(tmp_path / "nodes")
    edges.with_columns(weight=pl.lit(2)).write_parquet(tmp_path / "edges", metadata={"directed": "true"})
    files = {"nodes": tmp_path / "nodes", "edges": tmp_path / "edges"}
    return store(ctx, admin, Kind.GRAPH, files, columns=nodes.columns, rows=NODES, label="Drinks")


def saved(page: Page, form: str) -> str:
    """The network as it is shown, saved in a format."""
    with page.expect_download() as started:
        page.locator(".net").get_by_role("button", name=form).click()
    return Path(started.value.path()).read_text()


def at_rest(page: Page) -> str:
    """The picture, once it does not move any more."""
    before = ""
    for _ in range(100):
        page.wait_for_timeout(150)
        now = saved(page, "SVG")
        if now == before:
            return now
        before = now
    raise AssertionError("the picture does not come to rest")


def places_in(gexf: str) -> dict[str, tuple[float, float]]:
    """Where each node stands, by a file for Gephi."""
    read: Any = networkx.read_gexf(io.BytesIO(gexf.encode()), version="1.3")
    assert read.is_directed()
    return {
        name: (about["viz"]["position"]["x"], about["viz"]["position"]["y"]) for name, about in read.nodes(data=True)
    }


def circles_in(svg: str) -> list[tuple[float, float, float]]:
    """The middle and the radius of each dot of a picture."""
    found = re.findall(r'<circle cx="([-\d.]+)" cy="([-\d.]+)" r="([-\d.]+)"', svg)
    return [(float(x), float(y), float(radius)) for x, y, radius in found]


def test_a_network_moves_until_it_is_at_rest_and_is_saved_as_it_stands(
    inside: Page, ctx: Context, admin: User, network: Dataset
) -> None:
    change_site_settings(ctx, admin, {"looks.accent": "teal"})
    inside.goto(f"/datasets/{network.key}")
    expect(inside.locator(".net [role=status]")).to_have_text("40 nodes, 41 links")
    heap = places_in(saved(inside, "GEXF"))
    inside.get_by_role("button", name="Let it move").click()
    expect(inside.get_by_role("button", name="Stop")).to_have_attribute("aria-pressed", "true")
    expect(inside.locator(".net [role=status]")).to_contain_text("rounds")
    expect(inside.locator(".net")).to_have_attribute("data-moved", "")
    moved = places_in(saved(inside, "GEXF"))
    assert moved.keys() == heap.keys()
    apart = math.dist(moved["tea 5"], moved["milk 30"])
    beside = math.dist(moved["tea 5"], moved["tea 6"])
    assert 0 < 2 * beside < apart
    drawn = saved(inside, "SVG")
    assert {palette("teal")[0], palette("teal")[1]} <= set(re.findall(r'fill="(#\w+)"><title>', drawn))
    heads = re.findall(r'<path d="[^"]+Z"', drawn)
    assert len(heads) == len(re.findall(r'<path d="[^Z"]+" stroke', drawn)) == NODES + 1


def test_layouts_names_and_search(inside: Page, network: Dataset) -> None:
    inside.goto(f"/datasets/{network.key}")
    expect(inside.locator(".net [role=status]")).to_have_text("40 nodes, 41 links")
    inside.get_by_label("Layout").select_option("circle")
    around = list(places_in(saved(inside, "GEXF")).values())
    middle = [sum(axis) / NODES for axis in zip(*around, strict=True)]
    assert max(radii := [math.dist(place, middle) for place in around]) == pytest.approx(min(radii), rel=0.01)
    assert dragged(inside) == 1
    inside.get_by_label("Layout").select_option("force")
    inside.get_by_label("Layout").select_option("apart")
    dots = circles_in(at_rest(inside))
    assert len(dots) == NODES
    assert all(math.dist(one[:2], other[:2]) >= 0.7 * (one[2] + other[2]) for one, other in combinations(dots, 2))
    inside.get_by_label("Names").select_option("none")
    expect_labels(inside, 0)
    find = inside.get_by_label("Find a node")
    find.fill("milk 2")
    find.press("Enter")
    expect(inside.locator(".net-about b")).to_have_text("milk 20")
    expect(inside.locator(".net [role=status]")).to_contain_text("1 of 10 nodes")
    expect(inside.locator(".net-about").get_by_role("button", name="from tea 0, 2")).to_be_visible()
    find.press("Enter")
    expect(inside.locator(".net-about b")).to_have_text("milk 21")
    find.fill("nowhere")
    find.press("Enter")
    expect(inside.locator(".net [role=status]")).to_have_text("No node is called “nowhere”.")


def dragged(page: Page) -> int:
    """Drag a node towards the middle; how many nodes have another place then."""
    x, y, _ = circles_in(at_rest(page))[0]
    before = places_in(saved(page, "GEXF"))
    page.locator(".net-stage").scroll_into_view_if_needed()
    stage = page.locator(".net-stage").bounding_box()
    assert stage is not None
    page.mouse.move(stage["x"] + x, stage["y"] + y)
    page.mouse.down()
    page.mouse.move(stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2, steps=6)
    page.mouse.up()
    after = places_in(saved(page, "GEXF"))
    return sum(math.dist(after[name], before[name]) > 1 for name in before)


def expect_labels(page: Page, amount: int) -> None:
    """How many names a saved picture has."""
    assert at_rest(page).count("<text ") == amount


def test_many_links_are_drawn_simply_where_drawing_is_slow(
    inside: Page, ctx: Context, admin: User, tmp_path: Path
) -> None:
    names = [str(n) for n in range(80)]
    nodes = pl.DataFrame(
        {"id": names, "label": names, "x": list(map(float, range(80))), "y": [n % 9.0 for n in range(80)]}
    )
    links = [(a, b) for a, b in combinations(names, 2)]
    edges = pl.DataFrame({"source": [a for a, _ in links], "target": [b for _, b in links], "weight": [1] * len(links)})
    nodes.write_parquet(tmp_path / "nodes")
    edges.write_parquet(tmp_path / "edges", metadata={"directed": "true"})
    files = {"nodes": tmp_path / "nodes", "edges": tmp_path / "edges"}
    dense = store(ctx, admin, Kind.GRAPH, files, columns=nodes.columns, rows=80, label="Dense")
    slow = "const now = performance.now.bind(performance); performance.now = () => 100 * now();"
    inside.add_init_script(slow)  # as if each picture took a hundred times as long
    inside.goto(f"/datasets/{dense.key}")
    status = inside.locator(".net [role=status]")
    expect(status).to_contain_text("80 nodes, 3,160 links. All but the 1,000 strongest links are thin lines")
    inside.get_by_role("button", name="Let it move").click()
    expect(inside.locator(".net")).to_have_attribute("data-moved", "")
    inside.get_by_label("Find a node").fill("79")
    inside.get_by_label("Find a node").press("Enter")
    expect(inside.locator(".net-about")).to_contain_text("79 links")
    inside.get_by_label("Names").select_option("all")
    inside.get_by_label("Layout").select_option("circle")
    inside.get_by_role("button", name="Show all").click()
    expect(inside.locator(".net-about")).to_be_hidden()


@pytest.fixture
def archive(ctx: Context, admin: User, tmp_path: Path, samples: Path) -> str:
    """The address of an archive with pictures, a video and texts."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for colour in ("teal", "navy", "olive"):
            target.writestr(f"{colour}.png", picture(colour))
        target.write(samples / "media" / "video" / "cockatoo.mp4", "cockatoo.mp4")
        target.writestr("page.html", "<title>x</title><p id=p>before</p><script>p.append(' and after')</script>")
        for number in range(20):
            target.writestr(f"texts/{number}.txt", f"text number {number}")
    return f"/datasets/{store_bytes(ctx, admin, tmp_path, Kind.FILES, 'archive', 'files.zip', packed.getvalue()).key}"


def test_pictures_are_shown_large_and_turned_by_keys(inside: Page, archive: str) -> None:
    asked: list[str] = []
    inside.on("request", lambda request: asked.append(request.url))
    inside.goto(archive)
    expect(inside.locator("[data-wall] img").first).to_have_js_property("complete", value=True)
    assert not any("lightbox" in url or "/files/" in url for url in asked), "nothing is loaded before it is looked at"
    inside.locator("[title='navy.png']").click()
    light = inside.get_by_role("dialog", name="navy.png")
    expect(light.get_by_text("2 of 4")).to_be_visible()
    expect(light.locator("img")).to_have_js_property("naturalWidth", 320)
    inside.keyboard.press("ArrowRight")
    expect(inside.get_by_role("dialog", name="olive.png")).to_be_visible()
    inside.get_by_role("button", name="The next one").click()
    clip = inside.get_by_role("dialog", name="cockatoo.mp4").locator("video")
    expect(clip).to_have_js_property("readyState", 4)
    assert clip.evaluate("video => video.duration") > 5
    with inside.expect_download() as started:
        inside.locator("dialog").get_by_role("link", name="Download").click()
    assert started.value.suggested_filename == "cockatoo.mp4"
    inside.keyboard.press("Escape")
    expect(inside.locator("dialog.light")).to_be_hidden()
    expect(inside.locator("[title='cockatoo.mp4']")).to_be_focused()


def test_files_are_found_and_shown_beside_their_list(inside: Page, archive: str) -> None:
    inside.goto(archive)
    files = inside.get_by_role("list", name="Files")
    inside.get_by_label("Find a file").press_sequentially("texts 7")
    expect(files.get_by_role("link")).to_have_count(2)
    expect(inside.get_by_label("Find a file")).to_be_focused()
    files.get_by_role("link", name="texts/17.txt").click()
    expect(inside.locator("pre")).to_have_text("text number 17")
    expect(files.get_by_role("link")).to_have_count(2)
    inside.reload()
    expect(inside.locator("pre")).to_have_text("text number 17")
    inside.goto(f"{archive}/files?member=page.html")
    expect(inside.frame_locator("iframe").locator("p")).to_have_text("before and after")


def test_without_scripts_pictures_and_files_are_links(browser: Browser, inside: Page, site: str, archive: str) -> None:
    state: Any = inside.context.storage_state()
    with open_tab(browser, site, java_script_enabled=False, storage_state=state) as tab:
        tab.goto(archive)
        assert "/files/teal.png?v=" in (tab.locator("[title='teal.png']").get_attribute("href") or "")
        tab.get_by_role("link", name="texts/3.txt").click()
        expect(tab.locator("pre")).to_have_text("text number 3")
        tab.get_by_label("Find a file").fill("15")
        tab.get_by_label("Find a file").press("Enter")
        expect(tab.get_by_role("list", name="Files").get_by_role("link")).to_have_count(1)


def test_keys_do_not_fire_in_fields(inside: Page, ctx: Context, admin: User, tmp_path: Path) -> None:
    posts = store_table(ctx, admin, tmp_path, label="Posts of tea")
    inside.goto("/datasets")
    inside.get_by_label("Find a dataset").press_sequentially("ne?j")
    expect(inside.get_by_label("Find a dataset")).to_have_value("ne?j")
    inside.get_by_label("Find a dataset").blur()
    inside.keyboard.press("?")
    expect(inside.get_by_role("dialog", name="Keys")).to_be_visible()
    inside.keyboard.press("n")
    inside.keyboard.press("Escape")
    inside.keyboard.press("j")
    inside.keyboard.press("e")
    inside.wait_for_url(f"**/datasets/{posts.key}/explore")
