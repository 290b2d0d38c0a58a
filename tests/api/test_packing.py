"""Packed answers: for who takes them, each form with its own tag, streams from their first bytes on."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path

import polars as pl
import pytest
import zstandard
from flask import Flask

from app.domain.dataset import Dataset, Kind
from app.domain.user import User
from app.services.context import Context
from tests.api.conftest import Call
from tests.results import store_bytes, store_table

ROWS = 40_000


@pytest.fixture
def table(ctx: Context, user: User, tmp_path: Path) -> Dataset:
    frame = pl.DataFrame({"id": pl.int_range(ROWS, eager=True), "body": pl.Series(["some words in a post"] * ROWS)})
    return store_table(ctx, user, tmp_path, frame)


def unpacked(content: bytes, packing: str | None) -> bytes:
    if packing == "gzip":
        return gzip.decompress(content)
    return zstandard.ZstdDecompressor().decompressobj().decompress(content) if packing == "zstd" else content


WAYS = {
    "": None,
    "identity": None,
    "gzip, deflate": "gzip",
    "gzip, deflate, br, zstd": "zstd",
    "zstd;q=0.5, gzip": "gzip",
    "gzip;q=0": None,
    "identity, gzip;q=0.5": None,
    "br": None,
}


@pytest.mark.parametrize("what", ["items?limit=500", "download?format=csv", "download?format=ndjson"])
def test_each_client_gets_what_it_takes(call: Call, table: Dataset, what: str) -> None:
    address = f"/api/datasets/{table.key}/{what}"
    plain = call("owner", "GET", address)
    for accepted, packing in WAYS.items():
        answer = call("owner", "GET", address, headers={"Accept-Encoding": accepted})
        assert (answer.status_code, answer.headers.get("Content-Encoding")) == (200, packing), accepted
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert unpacked(answer.data, packing) == plain.data
        if packing:
            assert len(answer.data) < len(plain.data) / 5
        tag = answer.headers["ETag"]
        same = call("owner", "GET", address, headers={"Accept-Encoding": accepted, "If-None-Match": tag})
        assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag)
        other = call("owner", "GET", address, headers={"Accept-Encoding": accepted, "If-None-Match": '"other"'})
        assert other.status_code == 200


def test_each_form_of_a_download_has_its_own_tag(call: Call, table: Dataset) -> None:
    address = f"/api/datasets/{table.key}/download?format=csv"
    tags = {
        call("owner", "GET", address, headers={"Accept-Encoding": way}).headers["ETag"] for way in ("", "gzip", "zstd")
    }
    assert len(tags) == 3
    assert not any(tag.startswith("W/") for tag in tags)
    asked = call("owner", "HEAD", address, headers={"Accept-Encoding": "gzip"})
    assert (asked.headers["ETag"] in tags, asked.data) == (True, b"")


def test_the_first_bytes_go_out_at_once(call: Call, table: Dataset) -> None:
    for way in ("gzip", "zstd"):
        answer = call(
            "owner",
            "GET",
            f"/api/datasets/{table.key}/download?format=csv",
            headers={"Accept-Encoding": way},
            buffered=False,
        )
        first = next(answer.iter_encoded())
        opener = zlib.decompressobj(31) if way == "gzip" else zstandard.ZstdDecompressor().decompressobj()
        assert opener.decompress(first).count(b"\r\n") == 8_193
        answer.close()


def test_what_is_packed_already_and_what_is_short_stays(
    ctx: Context, user: User, call: Call, table: Dataset, tmp_path: Path
) -> None:
    ways = {"Accept-Encoding": "gzip, zstd"}
    page = store_bytes(ctx, user, tmp_path, Kind.PAGE, "page", "page.html", b"<p>tea</p>" * 1000)
    for address in (
        f"/api/datasets/{table.key}/download?format=parquet",
        f"/api/datasets/{table.key}/download?format=xlsx&filter=id<5",
        f"/api/datasets/{page.key}/download",  # can be asked for in parts
        f"/api/datasets/{table.key}/items?limit=1",
    ):
        answer = call("owner", "GET", address, headers=ways)
        assert (answer.status_code, "Content-Encoding" in answer.headers) == (200, False), address
    part = call("owner", "GET", f"/api/datasets/{page.key}/download", headers={**ways, "Range": "bytes=3-5"})
    assert (part.status_code, part.data) == (206, b"tea")


def test_pages_and_scripts_are_packed_too(app: Flask, admin: User) -> None:
    client = app.test_client()
    answers = [client.get("/login", headers={"Accept-Encoding": "gzip, zstd"}) for _ in range(12)]
    assert {answer.headers["Content-Encoding"] for answer in answers} == {"gzip"}
    assert len({len(answer.data) for answer in answers}) > 3, "the length of a page tells nothing"
    assert b"<html" in gzip.decompress(answers[0].data)
    address = re.search(r'href="([^"]+\.css[^"]*)"', gzip.decompress(answers[0].data).decode())
    assert address is not None
    style = client.get(address[1], headers={"Accept-Encoding": "zstd"}, buffered=True)
    assert (style.status_code, style.headers["Content-Encoding"]) == (200, "zstd")
    assert unpacked(style.data, "zstd") == client.get(address[1], buffered=True).data
    known = {"Accept-Encoding": "zstd", "If-None-Match": style.headers["ETag"]}
    assert client.get(address[1], headers=known, buffered=True).status_code == 304
