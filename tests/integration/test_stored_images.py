"""Images that scrapers have kept, reached by a processor in a worker."""

from __future__ import annotations

import zipfile
from pathlib import Path

import polars as pl

from app.domain.dataset import Status
from app.domain.user import User
from app.services.context import Context
from app.services.run import run_processor
from tests.board_images import keep_image
from tests.conftest import Process, wait_for_end
from tests.results import store_table


def test_the_images_of_a_dataset_become_a_zip(ctx: Context, user: User, workers: Process, tmp_path: Path) -> None:
    md5, content = keep_image(ctx)
    frame = pl.DataFrame({"id": ["1", "2", "3"], "image_md5": [md5, md5, "f" * 32]})
    posts = store_table(ctx, user, tmp_path, frame, datasource="fourchan")
    ended = wait_for_end(ctx, run_processor(ctx, user, posts.key, "stored-images", {})[0].key)
    assert (ended.status, ended.rows) == (Status.FINISHED, 1), ended.message
    assert ended.message == "1 of 2 images that posts show are kept here."
    assert ended.result is not None
    with zipfile.ZipFile(ctx.files.local(ended.result.files["archive"])) as archive:
        assert archive.read(f"{md5}.png") == content


def test_a_dataset_none_of_whose_images_are_kept_says_so(
    ctx: Context, user: User, workers: Process, tmp_path: Path
) -> None:
    posts = store_table(ctx, user, tmp_path, pl.DataFrame({"id": ["1"], "image_md5": ["e" * 32]}))
    ended = wait_for_end(ctx, run_processor(ctx, user, posts.key, "stored-images", {})[0].key)
    assert ended.status is Status.EMPTY
    assert ended.message == "None of the images that posts show is kept here."
