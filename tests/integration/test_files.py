"""Result files in a folder and in an S3 bucket behave alike."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from app.domain.dataset import StoredFile
from app.domain.errors import NotFound, Unavailable
from app.storage.bucket import S3Store
from app.storage.files import FileStore, FolderStore, StorageError, open_files, probe

CONTENT = bytes(range(256)) * 12_000


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileStore:
    if request.param == "folder":
        return open_files(f"file://{tmp_path}/storage", tmp_path)
    monkeypatch.setitem(os.environ, "AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setitem(os.environ, "AWS_SECRET_ACCESS_KEY", "testing")
    return open_files(request.getfixturevalue("s3"), tmp_path)


def put(store: FileStore, name: str, content: bytes = CONTENT) -> StoredFile:
    with store.workspace() as folder:
        path = Path(folder) / "made"
        path.write_bytes(content)
        return store.put(path, name)


def test_what_is_put_can_be_read_whole_in_part_and_as_a_file(store: FileStore) -> None:
    file = put(store, "datasets/a/1/table.parquet")
    assert (file.size, file.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert b"".join(store.read(file.name)) == CONTENT
    assert b"".join(store.read(file.name, 1000, 3_000_000)) == CONTENT[1000:3_000_000]
    assert b"".join(store.read(file.name, 3_000_000)) == CONTENT[3_000_000:]
    assert store.local(file).read_bytes() == CONTENT


def test_files_are_found_by_folder_and_deleted(store: FileStore) -> None:
    put(store, "datasets/a/1/table.parquet", b"one")
    put(store, "datasets/b/1/table.parquet", b"two")
    put(store, "uploads/c.csv", b"three")
    assert sorted((file.name, file.size) for file in store.find("datasets")) == [
        ("datasets/a/1/table.parquet", 3),
        ("datasets/b/1/table.parquet", 3),
    ]
    for file in list(store.find("datasets")):
        store.delete(file.name)
        store.delete(file.name)
    assert list(store.find("datasets")) == []
    store.delete("uploads/c.csv")


def test_a_missing_file_is_said_to_be_gone(store: FileStore) -> None:
    with pytest.raises(NotFound, match="gone from storage"):
        list(store.read("datasets/none/1/table.parquet"))
    with pytest.raises(NotFound, match="gone from storage"):
        store.local(StoredFile("datasets/none/1/table.parquet", 1, "0" * 64))


def test_the_workspace_goes_away(store: FileStore) -> None:
    with store.workspace() as folder:
        (Path(folder) / "half").write_bytes(b"made")
    assert not Path(folder).exists()


def test_an_abandoned_workspace_is_swept(store: FileStore) -> None:
    killed = store.workspace()
    folder = Path(killed.__enter__())
    (folder / "left").write_bytes(b"behind")
    assert store.sweep(1) == 0
    assert store.sweep(0) == 1
    assert not folder.exists()


def test_the_probe_passes_and_leaves_nothing(store: FileStore) -> None:
    probe(store)
    assert list(store.find("probe")) == []


def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        list(FolderStore(tmp_path / "storage").read("../secret"))


def test_a_full_or_closed_disk_is_said(tmp_path: Path) -> None:
    (tmp_path / "storage").write_text("a file where the folder should be")
    path = tmp_path / "made"
    path.write_bytes(b"x")
    with pytest.raises(Unavailable, match="could not be stored"):
        FolderStore(tmp_path / "storage").put(path, "datasets/a/1/table.parquet")


def test_a_silent_server_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    store = S3Store("s3://results?endpoint=http://127.0.0.1:9", tmp_path)
    path = tmp_path / "made"
    path.write_bytes(b"x")
    with pytest.raises(Unavailable, match="could not be stored"):
        store.put(path, "a")
    with pytest.raises(Unavailable, match="does not answer"):
        store.delete("a")
    with pytest.raises(Unavailable, match="does not answer"):
        list(store.find("datasets"))


@pytest.mark.parametrize("url", ["ftp://somewhere", "s3://", "s3://bucket?endpoit=x"])
def test_a_url_of_another_form_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="STORAGE_URL must"):
        open_files(url, tmp_path)
