"""The explorer's pages: filters, facets, columns and annotations, with HTMX and without."""

from __future__ import annotations

import io
import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from flask.testing import FlaskClient

from app.domain.dataset import Dataset
from app.domain.user import User
from app.services import annotation as coding
from app.services.context import Context
from app.services.facet import facet
from tests.conftest import PASSWORD
from tests.results import store_table

ROWS = 400
FRAME = pl.DataFrame(
    {
        "id": [str(n) for n in range(ROWS)],
        "timestamp": [datetime(2026, 1, 1) + timedelta(days=n) for n in range(ROWS)],
        "author": [("ann", "bob", None, "zoë")[n % 4] for n in range(ROWS)],
        "body": [f"post {n} about {'Tea' if n % 3 else 'coffee'}" for n in range(ROWS)],
        "likes": list(range(ROWS)),
        "tags": [["a", "b"] if n % 2 else ["a"] for n in range(ROWS)],
    }
)


@pytest.fixture
def posts(ctx: Context, user: User, tmp_path: Path) -> Dataset:
    return store_table(ctx, user, tmp_path, FRAME)


@pytest.fixture
def browser(client: FlaskClient, user: User) -> FlaskClient:
    """A browser in which `user` has signed in."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").get_data(as_text=True))
    assert token is not None
    client.post("/login", data={"name": user.name, "password": PASSWORD, "csrf_token": token[1]})
    return client


def ids(text: str) -> list[str]:
    return re.findall(r'<article [^>]*id="p(\d+)"', text)


def token_of(text: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', text)
    assert found is not None
    return found[1]


def test_conditions_find_and_order_narrow_the_items_down(browser: FlaskClient, posts: Dataset) -> None:
    address = f"/datasets/{posts.key}/explore"
    text = browser.get(f"{address}?find=TEA&where=likes>=390&where=author==ann&sort=-likes").get_data(as_text=True)
    assert ids(text) == ["392"]
    text = browser.get(f"{address}?column=likes&operator=<&value=3&where=body~coffee").get_data(as_text=True)
    assert ids(text) == ["0"]
    assert "<code>likes</code> is less, or earlier, than <b>3</b>" in text
    assert "<code>body</code> contains <b>coffee</b>" in text
    one = browser.get(f"{address}/1", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert re.search(r'<time class="soft num" datetime="[^"]+Z" data-local>', one), "in the zone of the reader"
    text = browser.get(f"{address}?where=timestamp>=2026-12-01&sort=timestamp").get_data(as_text=True)
    assert ids(text)[0] == "334"
    assert "No post meets these conditions" in browser.get(f"{address}?where=likes>999").get_data(as_text=True)
    assert "not a regular expression" in browser.get(f"{address}?where=body~(").get_data(as_text=True)
    counted = browser.get(f"/datasets/{posts.key}/facets/author?where=body~(", headers={"HX-Request": "true"})
    assert "It is counted when the filters are right." in counted.get_data(as_text=True)


def test_columns_can_be_chosen_for_cards_and_table(browser: FlaskClient, posts: Dataset) -> None:
    address = f"/datasets/{posts.key}/explore?show=likes&show=tags&sort=-likes"
    card = browser.get(address).get_data(as_text=True)
    assert '<dl class="shown"><dt><code>likes</code></dt><dd>399</dd>' in card
    table = browser.get(f"{address}&view=table", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert re.findall(r"<th scope.*?<code>(\w+)</code>", table) == ["likes", "tags"]
    assert "<html" not in table


def test_facets_count_values_numbers_and_times(ctx: Context, user: User, browser: FlaskClient, posts: Dataset) -> None:
    authors = facet(ctx, user, posts.key, "author")
    assert [(entry.label, entry.count) for entry in authors.entries] == [
        ("(empty)", 100),
        ("ann", 100),
        ("bob", 100),
        ("zoë", 100),
    ]
    assert [(e.label, e.count) for e in facet(ctx, user, posts.key, "tags").entries] == [("a", 400), ("b", 200)]
    for column in ("likes", "timestamp", "author"):
        found = facet(ctx, user, posts.key, column, filter=["likes<300"])
        assert sum(entry.count for entry in found.entries) == 300
        for entry in found.entries:
            picked = facet(ctx, user, posts.key, "author", filter=["likes<300", *entry.conditions])
            assert sum(one.count for one in picked.entries) == entry.count
    piece = browser.get(f"/datasets/{posts.key}/facets/author?find=coffee", headers={"HX-Request": "true"})
    assert "author%3D%3Dzo" in piece.get_data(as_text=True)
    whole = browser.get(f"/datasets/{posts.key}/facets/author?where=likes<9")
    assert (whole.status_code, "facet=author" in whole.location) == (303, True)
    assert browser.get(whole.location).get_data(as_text=True).count("<progress") == 5


def test_numbers_written_as_text_are_spread_and_gaps_stay_visible(ctx: Context, user: User, tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"id": [str(n) for n in range(40)], "score": [str(n) if n < 30 else str(n + 70) for n in range(40)]}
    )
    made = store_table(ctx, user, tmp_path, frame)
    spread = facet(ctx, user, made.key, "score")
    assert (spread.is_spread, len(spread.entries)) == (True, 10)
    assert [entry.count for entry in spread.entries] == [11, 11, 8, 0, 0, 0, 0, 0, 0, 10]
    assert not facet(ctx, user, made.key, "id").is_spread


def test_one_item_is_shown_whole_with_ways_to_its_neighbours(browser: FlaskClient, posts: Dataset) -> None:
    address = f"/datasets/{posts.key}/explore"
    table = browser.get(f"{address}?view=table&sort=-likes&row=101").get_data(as_text=True)
    assert "101–150 of 400" in table
    assert f'href="{address}/101?sort=-likes"' in table
    item = browser.get(f"{address}/101?sort=-likes", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<html" not in item
    assert '<dt><code>likes</code></dt><dd><span class="num">299</span></dd>' in item
    assert f'href="{address}/100?sort=-likes"' in item
    assert f'href="{address}/102?sort=-likes"' in item
    assert "<html" in browser.get(f"{address}/1").get_data(as_text=True)
    assert browser.get(f"{address}/401").status_code == 404


def test_fields_values_and_files_work_without_scripts(
    ctx: Context, user: User, browser: FlaskClient, posts: Dataset
) -> None:
    page = f"/datasets/{posts.key}/annotations"
    sent = {"csrf_token": token_of(browser.get(page).get_data(as_text=True))}
    form = {**sent, "name": "stance", "kind": "choice", "choices": "pro\r\ncon", "who": "all", "is_blind": "on"}
    wrong = browser.post(f"{page}/fields", data={**form, "choices": "pro"})
    assert (wrong.status_code, "Give 2 to 50 choices" in wrong.get_data(as_text=True)) == (422, True)
    assert browser.post(f"{page}/fields", data=form).status_code == 303
    (field,) = coding.get_view(ctx, user, posts.key).fields
    assert (field.choices, field.is_blind, field.is_open) == (("pro", "con"), True, True)

    value = {**sent, "item": "7", f"code-{field.id}": "pro", f"was-{field.id}": "", "back": "?sort=-likes"}
    saved = browser.post(f"{page}/values", data=value)
    assert saved.location.endswith(f"{posts.key}/explore?sort=-likes#p7")
    stale = {**value, f"was-{field.id}": "pro"}  # another page has changed it meanwhile, this one has not
    coding.save_item(ctx, user, posts.key, "7", {field.id: "con"})
    kept = browser.post(f"{page}/values", data=stale, headers={"HX-Request": "true"})
    assert (kept.status_code, coding.list_codes(ctx, user, posts.key)[0][0].value) == (200, "con")
    refused = browser.post(
        f"{page}/values", data={**value, f"code-{field.id}": "perhaps"}, headers={"HX-Request": "true"}
    )
    assert (refused.status_code, "not a choice" in refused.get_data(as_text=True)) == (422, True)

    file = (io.BytesIO(b"id,field,value\n8,stance,pro\n9,stance,maybe\n"), "codes.csv")
    answer = browser.post(f"{page}/file", data={**sent, "file": file})
    assert (answer.status_code, "Line 3: “maybe”" in answer.get_data(as_text=True)) == (422, True)
    file = (io.BytesIO(b"id,field,value\n8,stance,pro\n"), "codes.csv")
    assert "1%20value%20noted" in browser.post(f"{page}/file", data={**sent, "file": file}).location.replace("+", "%20")
    assert browser.get(f"{page}/file.csv").get_data(as_text=True).count("stance,ursula") == 2
    changed = browser.post(f"{page}/fields/{field.id}", data={**form, "help": "Look.", "who": "owners"})
    assert (changed.status_code, coding.get_view(ctx, user, posts.key).fields[0].is_open) == (303, False)
    browser.post(f"{page}/fields/{field.id}", data={**sent, "delete": "yes", "sure": "yes"})
    assert coding.get_view(ctx, user, posts.key).fields == []


def test_posts_of_a_platform_look_like_posts(ctx: Context, user: User, browser: FlaskClient, tmp_path: Path) -> None:
    source = ctx.registry.datasource("twitter")
    lines = (Path(__file__).parents[1] / "golden" / "twitter" / "made_up.ndjson").read_text().splitlines()
    items = [source.to_item(json.loads(line)) for line in lines]
    frame = pl.DataFrame(items, infer_schema_length=None)
    posts = store_table(ctx, user, tmp_path, frame, type="twitter", datasource="twitter")
    page = browser.get(f"/datasets/{posts.key}/explore").get_data(as_text=True)
    assert page.count("platform-post") == len(items)
    assert "explorer.css" in page
    assert re.search(r'class="original" href="https://[^"]+" target="_blank" rel="noopener noreferrer', page)
    assert re.search(r"<li class=\"num\">[\d,]+ likes?</li>", page)
