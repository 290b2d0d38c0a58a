"""Captures: what is kept, what is put into quarantine, and names that must not be written anywhere."""

from __future__ import annotations

import io
import json
from pathlib import Path

import polars as pl
import pytest
import zstandard

from app.domain.dataset import Dataset, Status
from app.domain.errors import Conflict, InvalidInput
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import create_capture, dataset_key, retry_dataset
from app.services.upload import save_upload
from app.storage import upload as uploads
from tests.conftest import POSTS, Process, import_posts, wait_for_end


def table(ctx: Context, dataset: Dataset) -> pl.DataFrame:
    assert dataset.result is not None, dataset.message
    return pl.read_parquet(ctx.files.local(dataset.result.files["table"]))


def every_byte(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_collected_records_are_kept_raw_and_mapped(ctx: Context, admin: User, workers: Process) -> None:
    asked = create_capture(ctx, admin, "pages_of_posts", {"amount": 25})
    ended = wait_for_end(ctx, asked.key)

    assert (ended.status, ended.rows, ended.quarantined) == (Status.FINISHED, 23, 2), ended.message
    assert ended.columns == ["id", "thread_id", "timestamp", "author", "body", "subject", "likes", "tags"]
    assert table(ctx, ended)["likes"].sum() == sum(range(25)) - 9 - 19
    assert ended.result is not None
    packed = ctx.files.local(ended.result.files["raw"]).read_bytes()
    raw = zstandard.ZstdDecompressor().stream_reader(packed).read()
    assert [json.loads(line)["pk"] for line in raw.splitlines()] == list(range(25))
    kept = pl.read_parquet(ctx.files.local(ended.result.files["quarantine"]))
    assert kept["position"].to_list() == [10, 20]
    assert kept["reason"].to_list() == ["missing 'user'"] * 2
    assert json.loads(kept["record"][0])["pk"] == 9


def test_an_upload_is_kept_as_it_came(ctx: Context, admin: User, workers: Process) -> None:
    content = b"id,body,author\n1,one,ann\n2,two,bob\n"
    ended = wait_for_end(ctx, import_posts(ctx, admin, content).key)
    assert ended.result is not None
    assert b"".join(ctx.files.read(ended.result.files["original"].name)) == content
    assert uploads.names(ctx.database) == set()


@pytest.mark.parametrize(("how", "distinct"), [("pseudonymise", 2), ("anonymise", 1)])
def test_names_are_replaced_before_anything_is_written(
    ctx: Context, admin: User, workers: Process, how: str, distinct: int
) -> None:
    content = (
        b"id,timestamp,author,author_name,body\n1,2026-01-01,xanthippe,Xan T.,one\n2,2026-01-01,xanthippe,Xan T.,two\n"
        b"3,2026-01-01,yolanda,Yol A.,three\n4,not a date,zenobia,Zen O.,four\n"
    )
    ended = wait_for_end(ctx, import_posts(ctx, admin, content, pseudonymise=how).key)

    assert (ended.status, ended.rows, ended.quarantined) == (Status.FINISHED, 3, 1), ended.message
    found = table(ctx, ended)
    assert found["author"].n_unique() == found["author_name"].n_unique() == distinct
    written = every_byte(ctx.settings.data_dir / "storage" / "datasets" / ended.key)
    rows = ctx.database.many(
        "SELECT row_to_json(d)::text AS row FROM datasets d UNION ALL SELECT line FROM dataset_logs"
    )
    everything = written + json.dumps(rows).encode() + b"".join(found.write_csv().encode() for _ in "1")
    for name in (b"xanthippe", b"Xan T.", b"yolanda", b"zenobia", b"Zen O."):
        assert name not in everything
    assert not list((ctx.settings.data_dir / "storage" / "uploads").glob(f"{ended.work['upload']}*"))
    assert ended.result is not None
    assert set(ended.result.files) == {"table", "quarantine"}


def test_a_missing_file_and_a_bad_option_are_named(ctx: Context, admin: User) -> None:
    with pytest.raises(InvalidInput) as missing:
        create_capture(ctx, admin, "upload", {})
    assert list(missing.value.fields) == ["file"]
    with pytest.raises(InvalidInput) as wrong:
        create_capture(ctx, admin, "pages_of_posts", {"amount": 0, "colour": "red"})
    assert sorted(wrong.value.fields) == ["amount", "colour"]


def test_one_upload_makes_one_dataset(ctx: Context, admin: User) -> None:
    first = import_posts(ctx, admin)
    with pytest.raises(Conflict, match="being made of this file already"):
        create_capture(ctx, admin, "upload", {}, upload_id=first.work["upload"])


def test_a_failed_import_can_be_run_again(ctx: Context, admin: User, workers: Process) -> None:
    upload = save_upload(ctx, admin, "posts.csv", io.BytesIO(POSTS))
    asked = create_capture(ctx, admin, "upload", {"body": "no such column"}, upload_id=upload.id)
    failed = wait_for_end(ctx, asked.key)
    assert (failed.status, "no such column" in failed.message) == (Status.FAILED, True), failed.message
    ctx.database.run("UPDATE datasets SET parameters = parameters - 'body'")
    retry_dataset(ctx, admin, asked.key)
    assert wait_for_end(ctx, asked.key).status is Status.FINISHED


def test_the_key_follows_from_what_is_asked() -> None:
    same = dataset_key("count-posts", "p", {"a": 1, "b": 2}, None)
    assert same == dataset_key("count-posts", "p", {"b": 2, "a": 1}, None)
    assert len({same, dataset_key("count-posts", "q", {"a": 1, "b": 2}, None), dataset_key("x", "p", {}, "now")}) == 3
