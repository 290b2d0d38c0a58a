"""The explorer: items as posts, images for those who may see them, and nothing of a board's HTML."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from flask.testing import FlaskClient

from app.domain.dataset import Dataset, Kind
from app.domain.user import User
from app.services.context import Context
from app.storage import dataset as datasets
from tests.board_images import keep_image, picture
from tests.board_posts import keep, post
from tests.conftest import finished_posts
from tests.results import store_bytes, store_graph, store_table
from tests.web.conftest import SignIn

HTML = '<a href="#p1" class="quotelink">&gt;&gt;1</a><br><span class="quote">&gt;said</span><br><s>hidden</s>'
HTML += "<script>alert(1)</script>"
PLAIN = ">>1\n>said\nhiddenalert(1)"


def board_posts(ctx: Context, owner: User, folder: Path, *, md5: str | None = None, **fields: object) -> Dataset:
    """A dataset of two posts of 4chan, the second with all that a post can have."""
    keep(ctx, [post(1, "first"), post(2, HTML)])
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    rows = [
        {"id": "1", "thread_id": "1", "timestamp": moment, "author": None, "body": "<b>first</b>", "board": "pol"},
        {
            **{"id": "2", "thread_id": "1", "timestamp": moment, "author": "Ann", "body": PLAIN, "board": "pol"},
            **{"subject": "On <i>tea</i>", "author_trip": "!trip", "author_type": "Ab3", "author_type_id": "Mod"},
            **{"country_code": "NL", "country_name": "Netherlands", "timestamp_deleted": moment},
            **{"image_file": "cat.png", "image_md5": md5 or "0" * 32, "image_filesize": 2048},
        },
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return store_table(ctx, owner, folder, frame, datasource="fourchan", **fields)


def test_posts_of_any_source_are_cards(ada: FlaskClient, ctx: Context, admin: User) -> None:
    posts = finished_posts(ctx, admin)
    page = ada.get(f"/datasets/{posts.key}/explore").text
    assert page.count('<article class="card post"') == 50
    assert "coffee and tea, number 3" in page
    assert "<dt><code>hashtags</code></dt><dd>a0,b0</dd>" in page
    assert "1–50 of 60" in page
    assert "51–60 of 60" in ada.get(f"/datasets/{posts.key}/explore?offset=50").text
    assert f'href="/datasets/{posts.key}/explore"' in ada.get(f"/datasets/{posts.key}").text
    assert "<html" not in ada.piece(f"/datasets/{posts.key}/explore").text


def test_they_can_be_searched_and_sorted(ada: FlaskClient, ctx: Context, admin: User) -> None:
    url = f"/datasets/{finished_posts(ctx, admin).key}/explore"
    assert "1–1 of 1 <" in ada.get(f"{url}?find=number+59").text
    assert "No post contains “(tea”." in ada.get(f"{url}?find=(tea").text
    first = re.search(r'id="p(\d+)"', ada.get(f"{url}?sort=-id").text)
    assert first is not None
    assert first[1] == "59"
    assert "There is no column “colour” to sort by" in ada.get(f"{url}?sort=colour").text
    assert "No posts here" in ada.get(f"{url}?offset=900").text


def test_posts_of_a_board_look_like_it(ada: FlaskClient, ctx: Context, admin: User, tmp_path: Path) -> None:
    page = ada.get(f"/datasets/{board_posts(ctx, admin, tmp_path).key}/explore").text
    for said in (
        "On &lt;i&gt;tea&lt;/i&gt;",
        "!trip",
        "ID Ab3",
        "## Mod",
        "Netherlands",
        "No. 2",
        "2,048 bytes|2.0 kB",
    ):
        assert any(part in page for part in said.split("|")), said
    assert '<a class="" href="#p1">&gt;&gt;1</a>' in page
    assert '<span class="line quote"><span>&gt;said</span></span>' in page
    assert '<span class="spoiler" tabindex="0">hidden</span>' in page
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert "&lt;b&gt;first&lt;/b&gt;" in page
    assert "Deleted; seen to be gone" in page
    assert "No image is kept here." in page
    assert "/sources/fourchan/static/explorer.css?v=" in page


@pytest.mark.parametrize(
    ("state", "said"),
    [("missing", "no longer has this image"), ("refused", "Image not kept. Too large"), ("different", "another one")],
)
def test_what_became_of_an_image_is_said(
    ada: FlaskClient, ctx: Context, admin: User, tmp_path: Path, state: str, said: str
) -> None:
    ctx.database.run(
        "INSERT INTO imageboard_images (md5, state, reason, checked) VALUES (%(md5)s, %(state)s, 'Too large', now())",
        md5="a" * 32,
        state=state,
    )
    assert said in ada.get(f"/datasets/{board_posts(ctx, admin, tmp_path, md5='a' * 32).key}/explore").text


def test_an_image_is_shown_to_those_who_may_see_the_dataset(
    ada: FlaskClient, visit: SignIn, user: User, ctx: Context, admin: User, tmp_path: Path, client: FlaskClient
) -> None:
    md5, content = keep_image(ctx)
    posts = board_posts(ctx, admin, tmp_path, md5=md5)
    found = re.search(r'<img src="([^"]+)"', ada.get(f"/datasets/{posts.key}/explore").text)
    assert found
    image = ada.get(found[1])
    assert (image.status_code, image.mimetype, image.data) == (200, "image/png", content)
    assert image.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in image.headers["Content-Security-Policy"]
    ursula = visit(user)
    assert ursula.get(found[1]).status_code == 404
    assert client.get(found[1]).status_code == 303
    with ctx.database.transaction() as tx:
        datasets.update(tx, posts.key, is_private=False)
    assert ursula.get(found[1]).status_code == 200


def test_only_what_a_page_of_the_dataset_shows_can_be_asked_for(
    ada: FlaskClient, ctx: Context, admin: User, tmp_path: Path
) -> None:
    md5, _ = keep_image(ctx)
    posts = board_posts(ctx, admin, tmp_path, md5=md5)
    other = finished_posts(ctx, admin)
    found = re.search(r'<img src="([^"]+)"', ada.get(f"/datasets/{posts.key}/explore").text)
    assert found
    assert ada.get(found[1].replace(posts.key, other.key)).status_code == 404
    assert ada.get(f"/datasets/{posts.key}/images/images%2f{md5}.png").status_code == 404
    assert ada.get(f"/datasets/{posts.key}/images/{md5}").status_code == 404


def test_what_holds_no_posts_is_not_explored(ada: FlaskClient, ctx: Context, admin: User, tmp_path: Path) -> None:
    network = store_graph(ctx, admin, tmp_path)
    assert ada.get(f"/datasets/{network.key}/explore").status_code == 404
    assert "/explore" not in ada.get(f"/datasets/{network.key}").text


def test_another_users_posts_are_not_there(visit: SignIn, user: User, ctx: Context, admin: User) -> None:
    assert visit(user).get(f"/datasets/{finished_posts(ctx, admin).key}/explore").status_code == 404


def test_pictures_of_an_archive_are_shown(ada: FlaskClient, ctx: Context, admin: User, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("cat 1.png", picture())
        archive.writestr("page.html", "<script>alert(1)</script>")
        archive.writestr("metadata.json", "{}")
    files = store_bytes(ctx, admin, tmp_path, Kind.FILES, "archive", "archive.zip", packed.getvalue())
    page = ada.get(f"/datasets/{files.key}").text
    assert page.count("<img ") == 1
    shown = ada.get(f"/datasets/{files.key}/files/cat%201.png")
    assert (shown.status_code, shown.mimetype, shown.data) == (200, "image/png", picture())
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    for name in ("page.html", "metadata.json", "none.png", "../archive.png"):
        assert ada.get(f"/datasets/{files.key}/files/{name}").status_code == 404
