"""Images that are kept, collected from posts."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from app.domain.errors import EmptyResult
from app.plugins.testing import MemoryRun, MemorySource, frame_of, run_processor
from app.plugins.validation import load
from app.runner.context import JobRun
from app.runner.results import write_result
from app.storage.files import FolderStore
from processors.visual.stored_images import StoredImages

A, B, C = "a" * 32, "b" * 32, "c" * 32
ITEMS = [
    {"id": "1", "image_md5": A},
    {"id": "2", "image_md5": B.upper()},
    {"id": "3", "image_md5": B},
    {"id": "4", "image_md5": C},
    {"id": "5", "image_md5": None},
    {"id": "6", "image_md5": "../../secret"},
]


def test_each_image_is_there_once_those_most_shown_first(tmp_path: Path) -> None:
    run = MemoryRun(tmp_path, images={A: b"one", B: b"two"})
    result = run_processor(StoredImages, ITEMS, run=run)
    assert list(result.items()) == [(f"{B}.png", b"two"), (f"{A}.png", b"one")]
    assert run.message == "2 of 3 images that posts show are kept here."


def test_there_may_be_more_than_wanted(tmp_path: Path) -> None:
    run = MemoryRun(tmp_path, images={A: b"one", B: b"two"})
    assert list(run_processor(StoredImages, ITEMS, {"amount": 1}, run=run)) == [f"{B}.png"]
    assert run.warnings == ["There are more images than 1; those that most posts show were taken."]


def test_posts_without_images_are_said_to_have_none() -> None:
    with pytest.raises(EmptyResult, match="No post here shows an image"):
        run_processor(StoredImages, [{"id": "1", "image_md5": None}])


def test_the_archive_says_whose_images_they_are(tmp_path: Path) -> None:
    run = MemoryRun(tmp_path, images={B: b"two"})
    source = MemorySource(frame_of(ITEMS))
    result = StoredImages().process(source, load(StoredImages.Options, {}), run)
    written = write_result(result, StoredImages, tmp_path, 1)
    with zipfile.ZipFile(written.files["archive"]) as archive:
        assert archive.infolist()[0].compress_type == zipfile.ZIP_STORED
        described = json.loads(archive.read("metadata.json"))
    assert described == {"images": {f"{B}.png": {"posts": 2, "post_ids": ["2", "3"]}}, "media": "image"}


class Silent:
    """Takes what is reported."""

    def send(self, *_: object) -> None:
        """Forget it."""


def test_a_run_reaches_images_and_nothing_else(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    for name in (f"images/aa/{A}.gif", "datasets/key/1/table.parquet"):
        path = tmp_path / "new"
        path.write_bytes(name.encode())
        store.put(path, name)
    run = JobRun(Silent(), tmp_path, 1, {}, store)  # type: ignore[arg-type]
    found = run.stored_image(A)
    assert found is not None
    assert (found.suffix, found.read_bytes()) == (".gif", f"images/aa/{A}.gif".encode())
    for name in (B, "../../datasets/key/1/table", A.upper(), f"{A}/", ""):
        assert run.stored_image(name) is None
