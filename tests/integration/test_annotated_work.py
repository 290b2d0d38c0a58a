"""Annotations follow items into analyses, filters and what is made of those; a result's file never changes."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from app.domain.dataset import Dataset, Status
from app.domain.user import User
from app.services import annotation as coding
from app.services.annotation_file import save_codes
from app.services.context import Context
from app.services.download import open_download
from app.services.items import page
from app.services.run import list_fits, run_processor
from app.services.user import create_user
from app.storage import dataset as datasets
from tests.conftest import wait_for
from tests.results import store_table

pytestmark = pytest.mark.usefixtures("workers")


def finished(ctx: Context, key: str) -> Dataset:
    wait_for(lambda: datasets.get(ctx.database, key).status.is_ended, "the analysis")
    found = datasets.get(ctx.database, key)
    assert found.status is Status.FINISHED, found.message
    return found


def noted(ctx: Context, actor: User, key: str, **values: str) -> None:
    """Note down a stance for items, as `_1="pro"`."""
    lines = [{"item": item[1:], "field": "stance", "value": value} for item, value in values.items()]
    save_codes(ctx, actor, key, enumerate(lines, 1))


def counts(ctx: Context, actor: User, key: str) -> dict[str, int]:
    """How often each value comes, those that nobody coded left out."""
    return {row["item"]: int(row["value"]) for row in page(ctx, actor, key).rows if row["item"] != "(missing)"}


def test_analyses_read_annotations_and_filters_hand_them_on(ctx: Context, user: User, tmp_path: Path) -> None:
    posts = store_table(ctx, user, tmp_path, is_private=False)
    coding.create_field(ctx, user, posts.key, name="stance", kind="choice", choices=["pro", "con"])
    other = create_user(ctx, "otto")
    noted(ctx, user, posts.key, _1="pro", _2="pro", _3="con")
    noted(ctx, other, posts.key, _1="pro", _3="pro")

    options = {"columns": "stance (ursula)"}
    fit = next(fit for fit in list_fits(ctx, user, posts.key) if fit.analysis.type == "attribute-frequencies")
    assert "stance (otto)" in fit.schema["properties"]["columns"]["items"]["enum"]
    first, _ = run_processor(ctx, user, posts.key, "attribute-frequencies", options)
    kept, _ = run_processor(
        ctx,
        user,
        posts.key,
        "column-filter",
        {"column": "stance", "match_style": "value-equals", "match_value": "pro"},
    )
    done, filtered = finished(ctx, first.key), finished(ctx, kept.key)
    assert counts(ctx, user, done.key) == {"pro": 2, "con": 1}
    read = done.provenance["source"]["annotations"]
    assert (read["count"], len(read["checksum"])) == (5, 64)
    assert "stance" not in filtered.columns
    assert filtered.result is not None
    assert "stance" not in pl.read_parquet_schema(ctx.files.local(filtered.result.files["table"]))
    assert [(row["id"], row["stance"]) for row in page(ctx, user, filtered.key).rows] == [("1", "pro"), ("2", "pro")]

    same, is_new = run_processor(ctx, user, posts.key, "attribute-frequencies", options)
    assert (same.key, is_new) == (done.key, False)
    noted(ctx, user, filtered.key, _2="con")  # in the filtered dataset, and so everywhere
    again, is_new = run_processor(ctx, user, posts.key, "attribute-frequencies", options)
    assert is_new
    assert counts(ctx, user, finished(ctx, again.key).key) == {"pro": 1, "con": 2}
    text = b"".join(open_download(ctx, user, filtered.key, "csv").chunks).decode()
    assert text.splitlines()[2].endswith("con,,con")

    below, _ = run_processor(ctx, user, filtered.key, "attribute-frequencies", {"columns": "stance"})
    assert counts(ctx, user, finished(ctx, below.key).key) == {"pro": 1, "con": 1}
    batches, _ = run_processor(ctx, user, posts.key, "random-filter", {"sample_size": 6})
    sampled = finished(ctx, batches.key)
    assert sampled.columns == posts.columns
    assert [row["stance"] for row in page(ctx, user, sampled.key).rows][:2] == ["pro", "con"]

    mine, _ = run_processor(ctx, other, posts.key, "attribute-frequencies", {"columns": "stance"})
    assert mine.key != first.key
    assert counts(ctx, user, finished(ctx, mine.key).key) == {"pro": 2}  # blind: what otto sees is his own
