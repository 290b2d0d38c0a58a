"""Files in archives as pages show them: a wall of pictures, a list, and each file in place."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.domain.dataset import Kind
from app.domain.user import User
from app.services import small_picture as small_pictures
from app.services.context import Context
from app.services.site_setting import change_site_settings
from app.web import member
from tests.board_images import picture
from tests.conftest import finished_posts
from tests.results import store, store_bytes

FILES = {
    "notes/read me.txt": b"tea <b>& milk</b>",
    "table.csv": b"name,n\ntea,1\n",
    "page.html": b"<script>alert(1)</script>",
    "pictures/cup.png": picture(),
    "clip.mp4": bytes(range(256)) * 4,
    "model.bin": b"\0\1",
}


def archive_of(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.fixture
def archive(ctx: Context, admin: User, tmp_path: Path) -> str:
    """The address of a result with some files."""
    packed = archive_of(FILES)
    return f"/datasets/{store_bytes(ctx, admin, tmp_path, Kind.FILES, 'archive', 'archive.zip', packed).key}"


def test_pictures_are_small_links_to_the_large_and_videos_have_a_tile(ada: FlaskClient, archive: str) -> None:
    page = ada.get(archive).text
    tiles = re.findall(r'<a href="([^"]+)"[^>]+data-tile="(\w+)"', page)
    assert [kind for _, kind in tiles] == ["picture", "video"]
    large = ada.get(html.unescape(tiles[0][0]))
    assert (large.data, large.mimetype) == (FILES["pictures/cup.png"], "image/png")
    assert "max-age=604800" in large.headers["Cache-Control"]
    source = re.search(r'<img src="([^"]+)" loading="lazy"', page)
    assert source
    small = ada.get(html.unescape(source[1]))
    assert (small.mimetype, small.data[:4]) == ("image/webp", b"RIFF")
    assert "sandbox" in small.headers["Content-Security-Policy"]
    assert "max-age=0" in ada.get(f"{archive}/thumbnails/pictures/cup.png").headers["Cache-Control"]


def test_small_pictures_are_made_once_within_their_room(
    ada: FlaskClient, archive: str, ctx: Context, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"{archive}/thumbnails/pictures/cup.png"
    made: list[int] = []
    make = small_pictures.make_small
    monkeypatch.setattr(small_pictures, "make_small", lambda content: (made.append(len(content)), make(content))[1])
    first = ada.get(address).data
    (stored,) = [file.name for file in ctx.files.find(f"small/{archive.rpartition('/')[2]}")]
    assert (ada.get(address).data, len(made)) == (first, 1)
    assert b"".join(ctx.files.read(stored)) == first
    ctx.files.delete(stored)
    assert (ada.get(address).data, len(made)) == (first, 2)
    change_site_settings(ctx, admin, {"looks.small_pictures": "0"})
    assert (ada.get(address).data, len(made)) == (first, 3)
    assert ada.get(f"{archive}/thumbnails/none.png").status_code == 404


def test_a_picture_that_cannot_be_made_small_is_shown_as_it_is(
    ada: FlaskClient, ctx: Context, admin: User, tmp_path: Path
) -> None:
    packed = archive_of({"broken.png": b"\x89PNG made up"})
    key = store_bytes(ctx, admin, tmp_path, Kind.FILES, "archive", "archive.zip", packed).key
    answer = ada.get(f"/datasets/{key}/thumbnails/broken.png")
    assert answer.status_code == 303
    assert ada.get(answer.headers["Location"]).data == b"\x89PNG made up"


def test_a_video_is_sent_from_any_place(ada: FlaskClient, archive: str) -> None:
    whole = ada.get(f"{archive}/files/clip.mp4")
    assert (whole.status_code, whole.headers["Accept-Ranges"], whole.data) == (200, "bytes", FILES["clip.mp4"])
    part = ada.get(f"{archive}/files/clip.mp4", headers={"Range": "bytes=300-309"})
    assert (part.status_code, part.headers["Content-Range"]) == (206, "bytes 300-309/1024")
    assert part.data == FILES["clip.mp4"][300:310]
    assert ada.get(f"{archive}/files/clip.mp4", headers={"Range": "bytes=2000-"}).status_code == 416


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("notes/read me.txt", "tea &lt;b&gt;&amp; milk&lt;/b&gt;</pre>"),
        ("table.csv", "<td><div>tea</div></td><td><div>1</div></td>"),
        ("page.html", '<iframe class="frame" sandbox="allow-scripts"'),
        ("pictures/cup.png", '<a class="shown-picture"'),
        ("clip.mp4", "<video "),
        ("model.bin", "Files of this kind cannot be shown here."),
        ("none.txt", "There is no file “none.txt” in this archive."),
    ],
)
def test_each_file_is_shown_in_place(ada: FlaskClient, archive: str, name: str, shown: str) -> None:
    piece = ada.piece(f"{archive}/files?member={name}", "members").text
    assert shown in piece
    assert "<html" not in piece
    assert shown in ada.get(f"{archive}/files?member={name}").text


def test_a_page_in_an_archive_has_no_rights_here(ada: FlaskClient, archive: str) -> None:
    framed = ada.get(f"{archive}/pages/page.html")
    assert framed.data == FILES["page.html"]
    assert framed.headers["Content-Security-Policy"].startswith("sandbox allow-scripts; default-src 'none'")
    assert "allow-same-origin" not in framed.headers["Content-Security-Policy"]
    for path in ("pages/notes/read%20me.txt", "pages/none.html", "files/page.html", "thumbnails/clip.mp4"):
        assert ada.get(f"{archive}/{path}").status_code == 404


def test_a_long_list_is_searched_and_turned(ada: FlaskClient, archive: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member, "STEP", 2)
    first = ada.get(archive).text
    assert first.count('id="member-') == 2
    assert "1–2 of 6" in first
    later = ada.get(f"{archive}/files?offset=5").text
    assert re.findall(r'id="member-(\d)"', later) == ["5", "6"]
    assert "5–6 of 6" in later
    found = ada.get(f"{archive}/files?find=PICT+cup").text
    assert re.findall(r'id="member-(\d)"', found) == ["4"]
    assert 'value="PICT cup"' in found
    assert "No file is called like that." in ada.get(f"{archive}/files?find=absent&offset=x").text


def test_a_wall_of_many_pictures_is_turned(ada: FlaskClient, archive: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member, "TILES", 1)
    assert re.findall(r'data-tile="(\w+)"', ada.get(archive).text) == ["picture"]
    assert re.findall(r'data-tile="(\w+)"', ada.get(f"{archive}/files?wall=1").text) == ["video"]


@pytest.mark.parametrize(
    ("said", "leads"),
    [
        ({"images": {"cup.png": {"posts": 3, "post_ids": ["7"]}}}, True),
        ({"images": {"cup.png": {"posts": 3, "post_ids": []}}}, False),
        ({"images": {"cup.png": "odd"}}, False),
        ([], False),
    ],
)
def test_a_picture_leads_to_its_post(
    ada: FlaskClient, ctx: Context, admin: User, tmp_path: Path, said: object, leads: bool
) -> None:
    posts = finished_posts(ctx, admin)
    packed = archive_of({"cup.png": picture(), "metadata.json": json.dumps(said).encode()})
    path = tmp_path / "archive.zip"
    path.write_bytes(packed)
    kept = store(ctx, admin, Kind.FILES, {"archive": path}, columns=[], rows=1, parent=posts.key, top=posts.key)
    page = ada.get(f"/datasets/{kept.key}").text
    link = re.search(r'data-posts="([^"]+)" data-amount="3"', page)
    assert (link is not None) is leads
    if link:
        assert "tea" in ada.get(html.unescape(link[1])).text


def test_pictures_of_posts_that_are_shared_no_longer_are_shown_without_these(
    ursula: FlaskClient, ctx: Context, admin: User, user: User, tmp_path: Path
) -> None:
    posts = finished_posts(ctx, admin)
    path = tmp_path / "archive.zip"
    said = {"images": {"cup.png": {"posts": 3, "post_ids": ["7"]}}}
    path.write_bytes(archive_of({"cup.png": picture(), "metadata.json": json.dumps(said).encode()}))
    kept = store(ctx, user, Kind.FILES, {"archive": path}, columns=[], rows=1, parent=posts.key, top=posts.key)
    ctx.database.run("UPDATE datasets SET is_private = true")
    page = ursula.get(f"/datasets/{kept.key}")
    assert page.status_code == 200
    assert 'data-tile="picture"' in page.text
    assert "data-posts" not in page.text
