"""Dumps of 4chan read at once and record by record: the same posts, places and faults, whatever is in them."""

from __future__ import annotations

import random
from io import BytesIO

import pytest

from extras.fourchan_dumps import csv_dump
from extras.fourchan_dumps.csv_quick import take
from extras.fourchan_dumps.posts import Post, Posts
from extras.fourchan_dumps.posts_quick import quick_posts
from extras.fourchan_dumps.record import FIELDS, Block, Record

_PIECES = (
    *("plain words", "Ünï çödé", "日本語 テスト", "emoji 😀", "soft\u00adhyphen", "x" * 60, "under_score 100%"),
    *(">>1234", ">>>1234", ">>>/g/55", ">quoted", ">", ">>quoted twice", "a > b < c & d", "\"quotes\" and 'these'"),
    *("[spoiler]x[/spoiler]", "[code]y[/code]", "C:\\new\\table", "\\N", "ends\\", '","', "N", "&amp;", "\u2028"),
    *("\n", "\r\n", "\t tab", "\r", "\x01", "٣", "İ ß ﬁ"),
)
_ODD = {
    "subnum": ("1", "x"),
    "num": ("0", "-5", "abc", str(2**63), None),
    "thread_num": ("7", "0"),
    "op": ("1", None),
    "timestamp": ("5", "9999999999", "x", None),
    "timestamp_expired": ("1500000500", "N", "", None),
    "deleted": ("1", None),
    "capcode": ("M", "", "V", None),
    "email": ("sage", ""),
    "spoiler": ("1", None),
    "poster_country": ("NL", "XX", "??", "N", ""),
    "poster_hash": ("abcd1234", "N", ""),
    "exif": ('{"uniqueIps":"5"}', "not JSON", ""),
    "media_hash": ("/o72jJQixXCBZXFD0htPBg==", "short", "/o72jJQixXCBZXFD0htPBi=="),
    "media_w": ("x", "-1", "", None, "0123", "9999999999"),
    "preview_orig": ('a"b.jpg', "15é.jpg"),
    "name": (None, "", "A & B", "tab\there"),
    "title": ("A <title>", "İstanbul soft\u00adhyphen", "", "word " + "y" * 50),
    "trip": ("!!abc\\", ""),
}


_DAMAGE = (b'"', b"\\", b"\n", b",", b"\xff", b'","', b"", b"\\N", b"\x00", b'"\\N"')


def made_up(dice: random.Random, number: int) -> list[str | None]:
    record: dict[str, str | None] = dict.fromkeys(FIELDS)
    zeros = ("subnum", "op", "timestamp_expired", "preview_w", "preview_h", "media_w", "media_h", "media_size")
    record |= dict.fromkeys((*zeros, "spoiler", "deleted", "sticky", "locked"), "0")
    record |= {"num": str(number), "thread_num": str(number // 50 + 1), "timestamp": str(1_500_000_000 + number)}
    record |= {"capcode": "N", "name": "Anonymous"}
    if dice.random() < 0.3:
        record |= {"preview_orig": "15s.jpg", "preview_w": "125", "preview_h": "90", "media_w": "800", "media_h": "600"}
        record |= {"media_hash": "/o72jJQixXCBZXFD0htPBg==", "media_orig": "15.jpg", "media_filename": 'a "b\\.jpg'}
    record["comment"] = dice.choice(("", " ", "\n")).join(dice.choices(_PIECES, k=dice.randrange(6))) or None
    while dice.random() < 0.3:
        name = dice.choice(list(_ODD))
        record[name] = dice.choice(_ODD[name])
    return [record[name] for name in FIELDS]


def line(record: Record) -> str:
    fields = ("\\N" if v is None else '"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"' for v in record)
    return ",".join(fields) + "\n"


def slowly(record: Record, **how: bool) -> Post | str | None:
    try:
        return Posts("g", **how).make(record)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("new_york", [False, True])
def test_at_once_or_one_by_one_the_posts_are_the_same(new_york: bool) -> None:
    dice = random.Random(3)
    records = [made_up(dice, number) for number in range(60, 4_060)]
    blocks = list(csv_dump.read(BytesIO("".join(map(line, records)).encode()), rows=500))
    assert [list(record) for block in blocks for record in block.frame.rows()] == records
    ordinary = 0
    for block in blocks:
        quick = quick_posts(block.frame, "g", new_york=new_york)
        made = [Post(*post[:4], None, post[4]) for post in quick.posts.iter_rows()]
        assert made == [slowly(record, new_york=new_york) for record in block.frame.filter(quick.is_ordinary).rows()]
        assert quick.words == {word for post in made for word in post.words()}
        ordinary += len(made)
    assert ordinary > 800


def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_dump, "take", lambda *_: None)


def told(blocks: list[Block]) -> tuple[list[list[str | None]], list[int], list[tuple[int, str]], int, int]:
    records = [list(record) for block in blocks for record in block.frame.rows()]
    places = [block.place(number) for block in blocks for number in range(block.frame.height)]
    faults = [(fault.place, fault.reason) for block in blocks for fault in block.faults]
    return records, places, faults, blocks[-1].position, blocks[-1].line


def test_damage_is_found_in_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(4)
    text = "".join(line(made_up(dice, number)) for number in range(60, 1_060))
    damaged = bytearray(text.encode())
    for _ in range(25):
        place = dice.randrange(2_000, len(damaged) - 2_000)
        damaged[place : place + dice.randrange(4)] = dice.choice(
            (b'"', b"\\", b"\n", b",", b"\xff", b'","', b"", b"\\N")
        )
    data = bytes(damaged)
    quickly = told(list(csv_dump.read(BytesIO(data), rows=100)))
    one_by_one(monkeypatch)
    assert quickly == told(list(csv_dump.read(BytesIO(data), rows=100)))
    assert quickly[2]


@pytest.mark.parametrize(
    "odd",
    (
        *('"a"b,"c"\n', '"a" ,"c"\n', 'a,"c"\n', '"a",\\M\n', '"a",N\n', '"a"\n', '"a","b","c"\n', '"a","b\n'),
        *("\n", '"\\N","b"\n', '"\x00","b"\n'),
    ),
)
def test_what_is_not_sure_is_left_to_the_other_reader(odd: str) -> None:
    assert take(odd.encode(), ("one", "two"), 10) is None
    found = take(('"1",\\N\n"x\\"\\\\","y\ny"\r\n' + odd).encode(), ("one", "two"), 10)
    assert found is not None
    assert found.frame.rows()[:2] == [("1", None), ('x"\\', "y\ny")]
    assert found.frame.height == 2
    assert list(found.starts) == [0, 7]
