"""Files that were uploaded as of no source, and really are of one."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.user import User
from app.services.context import Context
from app.services.convert import convert_dataset, sources_that_fit
from app.services.dataset import log_text
from app.services.provenance import provenance
from app.services.run import run_processor
from app.storage import dataset as datasets
from tests.conftest import finished_posts, import_posts
from tests.results import store_table


def table_of(ctx: Context, source: str) -> pl.DataFrame:
    """One post with all columns of a source, as text, as a CSV has them."""
    columns = ["id", "thread_id", "timestamp", "author", "body", "subject", *ctx.registry.datasource(source).columns]
    return pl.DataFrame({name: ["1"] for name in dict.fromkeys(columns)})


def test_a_file_with_the_columns_of_a_source_becomes_one_of_it_and_back(
    ctx: Context, user: User, tmp_path: Path
) -> None:
    made = store_table(ctx, user, tmp_path, table_of(ctx, "tiktok"))
    below, _ = run_processor(ctx, user, made.key, "column-filter", {"column": "body", "match-value": "1"})
    assert [source.id for source in sources_that_fit(ctx, made)] == ["tiktok", "upload"]
    assert convert_dataset(ctx, user, made.key, "tiktok").datasource == "tiktok"
    assert datasets.get(ctx.database, below.key).datasource == "tiktok"
    assert datasets.get(ctx.database, made.key).type == "upload"  # as it was made
    assert "counts as tiktok now, and no longer as upload: ursula" in log_text(ctx, user, made.key)
    (change,) = provenance(ctx, user, below.key)["steps"][0]["made_by"]["source_changes"]
    assert (change["from"], change["to"], change["by"]) == ("upload", "tiktok", "ursula")
    assert convert_dataset(ctx, user, made.key, "upload").datasource == "upload"
    assert len(provenance(ctx, user, made.key)["steps"][0]["made_by"]["source_changes"]) == 2


def test_what_is_not_of_a_source_is_not_made_one(ctx: Context, admin: User, user: User, tmp_path: Path) -> None:
    posts = finished_posts(ctx, user)
    with pytest.raises(InvalidInput) as refused:
        convert_dataset(ctx, user, posts.key, "tiktok")
    assert "author_full" in str(refused.value.fields["datasource"][0])
    with pytest.raises(InvalidInput):
        convert_dataset(ctx, user, posts.key, "fourchan")  # whose posts are kept here, and come as no file
    with pytest.raises(InvalidInput):
        convert_dataset(ctx, user, posts.key, "nothing")
    assert [source.id for source in sources_that_fit(ctx, posts)] == ["upload"]
    real = store_table(ctx, user, tmp_path, table_of(ctx, "tiktok"), type="tiktok", datasource="tiktok")
    for other in (import_posts(ctx, user), real):
        assert sources_that_fit(ctx, other) == []
        with pytest.raises(Conflict):
            convert_dataset(ctx, user, other.key, "upload")
    with pytest.raises(NotFound):
        convert_dataset(ctx, User(id=99, name="x"), posts.key, "upload")
