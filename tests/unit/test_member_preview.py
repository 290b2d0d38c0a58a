"""Files of archives as pages show them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from PIL import Image

from app.services.member import Member
from app.services.member_preview import MOST_BYTES, MOST_MEDIA, MOST_ROWS, Preview, preview_of
from app.services.small_picture import SIDE, make_small


def shown(name: str, content: bytes) -> Preview:
    return preview_of(Member(1, name, len(content)), [content])


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.JPG", "picture"), ("b/c.mp4", "video"), ("d.webm", "video"), ("e.mp3", "sound"), ("f.html", "page")],
)
def test_what_a_browser_shows_is_left_to_it(name: str, kind: str) -> None:
    def unread() -> Iterator[bytes]:
        raise AssertionError("it needs not be read")
        yield b""

    assert preview_of(Member(1, name, 10), unread()) == Preview(kind)


@pytest.mark.parametrize("name", ["large.png", "large.html"])
def test_what_is_too_large_says_so(name: str) -> None:
    found = preview_of(Member(1, name, MOST_MEDIA + 1), [])
    assert (found.kind, str(found.note)) == ("", "This file is too large to be shown here. The download has it.")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("tea é 😀".encode(), "tea é 😀"),
        ("\ufefftea".encode(), "tea"),
        ("tea é".encode("utf-16"), "tea é"),
        ("café".encode("cp1252"), "café"),
    ],
)
def test_texts_are_read_in_their_encoding(content: bytes, text: str) -> None:
    assert shown("notes.txt", content) == Preview("text", text)


@pytest.mark.parametrize("name", ["model.bin", "notes.txt", "README"])
def test_what_is_no_text_is_not_shown(name: str) -> None:
    found = shown(name, b"a\0b")
    assert (found.kind, found.text) == ("", "")
    assert "cannot be shown" in str(found.note)


def test_a_long_text_is_cut_with_a_note_and_no_more_is_read_than_needed() -> None:
    read = []

    def chunks() -> Iterator[bytes]:
        for number in range(50):
            read.append(number)
            yield "é".encode() * 10_000 + b"x"

    found = preview_of(Member(1, "log.txt", 50 * 20_001), chunks())
    assert len(read) == 10
    assert "\ufffd" not in found.text
    assert str(found.note).startswith(f"Shown is the beginning: {MOST_BYTES:,} of 1,000,050 bytes.")


def test_tables_have_cells_whatever_is_between_them() -> None:
    assert shown("a.csv", b'name,n\n"a, b",1\n').rows == [["name", "n"], ["a, b", "1"]]
    assert shown("a.csv", "name;n\nä;1\n".encode("cp1252")).rows == [["name", "n"], ["ä", "1"]]
    assert shown("a.tsv", b"name\tn\na,b\t1\n").rows == [["name", "n"], ["a,b", "1"]]
    assert shown("a.csv", b"").kind == "text"


def test_a_long_table_is_cut_with_a_note() -> None:
    found = shown("a.csv", b"n\n" + b"1\n" * 5000)
    assert len(found.rows) == MOST_ROWS + 1
    assert "first 200 rows" in str(found.note)
    cut = shown("a.csv", b"n,m\n" + b"12345678901234567890,7\n" * 10_000)
    assert all(len(row) == 2 for row in cut.rows)


def test_a_cell_that_is_too_long_makes_it_a_text() -> None:
    assert shown("a.csv", b'"' + b"x" * 140_000 + b'"\n').kind == "text"


def test_json_has_a_line_for_each_value() -> None:
    assert shown("a.json", b'{"a":[1,{"b":"\xc3\xa9"}]}').text == json.dumps(
        {"a": [1, {"b": "é"}]}, indent=2, ensure_ascii=False
    )
    assert shown("a.json", b"{broken").text == "{broken"
    assert shown("a.json", b"[" * 100_000).text == "[" * 100_000


def drawn(size: tuple[int, int], form: str, mode: str = "RGB") -> bytes:
    made = io.BytesIO()
    Image.new(mode, size, "teal").save(made, form)
    return made.getvalue()


@pytest.mark.parametrize(
    ("form", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("GIF", "P"), ("WEBP", "RGB"), ("JPEG", "CMYK")]
)
def test_pictures_are_made_small(form: str, mode: str) -> None:
    small = make_small(drawn((1600, 900), form, mode))
    assert small is not None
    with Image.open(io.BytesIO(small)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (SIDE, 203 if picture.height == 203 else 202))


def test_a_small_picture_keeps_its_size() -> None:
    small = make_small(drawn((20, 10), "PNG"))
    assert small is not None
    assert Image.open(io.BytesIO(small)).size == (20, 10)


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"\x89PNG made up", drawn((90, 90), "PNG")[:-30]])
def test_what_is_no_picture_is_not_made_small(content: bytes) -> None:
    assert make_small(content) is None


def test_a_picture_that_would_fill_the_memory_is_not_drawn() -> None:
    made = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(made, "PNG")
    assert make_small(made.getvalue()) is None
