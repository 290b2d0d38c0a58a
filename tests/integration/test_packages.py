"""Packages as they arrive: a family leaves one installation and comes into another, which here is the same one."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.domain.dataset import Dataset, Kind, Status
from app.domain.errors import Conflict, InvalidInput
from app.domain.user import User
from app.services.annotation import create_field, get_view, save_item
from app.services.context import Context
from app.services.dataset import create_capture, lineage, log_text, retry_dataset
from app.services.dataset_bin import delete_dataset
from app.services.items import page
from app.services.package import open_package, stream_package
from app.services.provenance import provenance
from app.services.run import run_processor
from app.services.site_setting import change_site_settings
from app.services.upload import save_upload
from app.storage import annotation as codes
from app.storage import dataset as datasets
from app.storage.dataset import Ending
from tests.conftest import wait_for_end
from tests.results import POSTS, new_dataset, store_bytes, store_graph, store_table

Change = Callable[[dict[str, Any], dict[str, bytes]], None]


def make_family(ctx: Context, owner: User, folder: Path) -> Dataset:
    """Posts that are coded, with results of every kind below them, a failed one, an empty one, and a log."""
    posts = POSTS.with_columns(thread_id="id", subject="body").select(
        "id", "thread_id", "timestamp", "author", "body", "subject", "likes"
    )
    top = store_table(ctx, owner, folder, posts, label="Tea", parameters={"format": "auto"})
    field = create_field(ctx, owner, top.key, name="stance", kind="choice", choices=["for", "against"])
    save_item(ctx, owner, top.key, "1", {field.id: "for"})

    def below(parent: Dataset, type_: str) -> dict[str, Any]:
        return {"parent": parent.key, "top": top.key, "type": type_, "acts_as": type_, "label": type_}

    counted = store_table(ctx, owner, folder, **below(top, "count-posts"))
    store_graph(ctx, owner, folder, **below(top, "cotag-network"))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.txt", "tea")
    page_ = store_bytes(ctx, owner, folder, Kind.PAGE, "page", "page.html", b"<p>tea</p>")
    files = store_bytes(ctx, owner, folder, Kind.FILES, "archive", "archive.zip", archive.getvalue())
    for made, type_ in ((page_, "some-page"), (files, "some-files")):
        ctx.database.run(
            "UPDATE datasets SET parent = %(parent)s, top = %(top)s, type = %(type)s, label = %(type)s,"
            " parameters = %(parameters)s WHERE key = %(key)s",
            key=made.key,
            parent=counted.key,
            top=top.key,
            type=type_,
            parameters=json.dumps({"with": counted.key}),
        )
    with ctx.database.transaction() as tx:
        for label, status in {"Failed": Status.FAILED, "Nothing": Status.EMPTY}.items():
            ended = new_dataset(owner, **{**below(counted, "wordcloud"), "label": label})
            datasets.insert(tx, ended)
            datasets.end(tx, ended.key, Ending(status, f"It is {status}."))
        datasets.add_log(tx, top.key, [(top.created, "line\nwith two")])
    return datasets.get(ctx.database, top.key)


def pack(ctx: Context, owner: User, key: str, change: Change | None = None) -> bytes:
    """The package of a family, changed on its way."""
    content = b"".join(stream_package(open_package(ctx, owner, key)))
    if change is None:
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members.pop("manifest.json"))
    change(manifest, members)
    changed = io.BytesIO()
    with zipfile.ZipFile(changed, "w") as archive:
        for name, member in {**members, "manifest.json": json.dumps(manifest).encode()}.items():
            archive.writestr(name, member)
    return changed.getvalue()


def bring(ctx: Context, actor: User, content: bytes, **more: Any) -> Dataset:
    """Ask for an uploaded package."""
    upload = save_upload(ctx, actor, "tea.4cat.zip", io.BytesIO(content))
    return create_capture(ctx, actor, "import_4cat", {}, upload_id=upload.id, **more)


def stored_names(ctx: Context, asked: Dataset) -> set[str]:
    """What is in storage of an import, its upload included."""
    upload = str(asked.work.get("upload", asked.key))
    found = [file.name for prefix in ("datasets", "uploads") for file in ctx.files.find(prefix)]
    return {name for name in found if name.startswith((f"datasets/{asked.key}/", f"uploads/{upload}"))}


@pytest.mark.usefixtures("workers")
def test_a_family_comes_in_as_it_was_and_keeps_free_keys(ctx: Context, user: User, admin: User, tmp_path: Path) -> None:
    top = make_family(ctx, user, tmp_path)
    before = {d.key: d for d in lineage(ctx, user, top.key)}
    content = pack(ctx, user, top.key)
    delete_dataset(ctx, user, top.key)

    asked = bring(ctx, admin, content)
    ended = wait_for_end(ctx, asked.key)

    assert (asked.key, ended.status, ended.owner_id) == (top.key, Status.FINISHED, admin.id)
    after = {d.key: d for d in lineage(ctx, admin, top.key)}
    assert set(after) == set(before)
    same = ("type", "parent", "top", "acts_as", "label", "parameters", "status", "message", "rows", "columns", "kind")
    for key, was in before.items():
        now = after[key]
        assert [getattr(now, name) for name in same] == [getattr(was, name) for name in same]
        assert (now.started, now.ended) == (was.started, was.ended)
        assert now.created > was.created
        assert now.provenance["imported"]["created"] == was.created.isoformat()
        kept = {role: (file.size, file.sha256) for role, file in was.result.files.items()} if was.result else {}
        assert ({role: (f.size, f.sha256) for role, f in now.result.files.items()} if now.result else {}) == kept
    assert page(ctx, admin, top.key).rows[0]["body"] == "tea"
    assert "line\nwith two" in log_text(ctx, admin, top.key)
    view = get_view(ctx, admin, top.key)
    found, _, _ = codes.page_of_codes(ctx.database, view.ids, [], "", only=None, after=None, limit=5)
    assert [(code.field, code.item, code.coder, code.value) for code in found] == [("stance", "1", "ursula", "for")]
    assert "imported" in provenance(ctx, admin, top.key)["methods"]
    used = {f.name for d in after.values() if d.result for f in d.result.files.values()}
    assert {name for name in stored_names(ctx, asked) if "/1/" not in name} == used


@pytest.mark.usefixtures("workers")
def test_taken_keys_become_new_ones_and_all_links_follow(ctx: Context, user: User, tmp_path: Path) -> None:
    top = make_family(ctx, user, tmp_path)
    asked = bring(ctx, user, pack(ctx, user, top.key), label="Tea again")
    ended = wait_for_end(ctx, asked.key)

    family = lineage(ctx, user, asked.key)
    assert (ended.label, ended.top, len(family)) == ("Tea again", asked.key, 7)
    assert not {d.key for d in family} & {d.key for d in lineage(ctx, user, top.key)}
    by_label = {d.label: d for d in family}
    assert by_label["count-posts"].parent == asked.key
    assert by_label["some-page"].parent == by_label["count-posts"].key
    assert by_label["some-page"].parameters == {"with": by_label["count-posts"].key}
    child, is_new = run_processor(ctx, user, asked.key, "count-posts", {})
    assert is_new
    assert wait_for_end(ctx, child.key).rows


def damage(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    name = manifest["datasets"][0]["files"]["table"]
    members[name] = members[name][:-1] + b"x"


def lose(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    members.pop(manifest["datasets"][1]["files"]["table"])


def lie(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    """Another table, with its right checksum."""
    name = manifest["datasets"][0]["files"]["table"]
    members[name] = b"no table"
    manifest["members"][name] = {"size": 8, "sha256": hashlib.sha256(b"no table").hexdigest()}


@pytest.mark.usefixtures("workers")
@pytest.mark.parametrize(("change", "said"), [(damage, "damaged"), (lose, "missing"), (lie, "no Parquet table")])
def test_what_is_damaged_is_named_and_nothing_comes_in(
    ctx: Context, user: User, tmp_path: Path, change: Change, said: str
) -> None:
    top = make_family(ctx, user, tmp_path)
    content = pack(ctx, user, top.key, change)

    asked = bring(ctx, user, content)
    ended = wait_for_end(ctx, asked.key)

    assert ended.status is Status.FAILED
    assert said in ended.message
    assert "table.parquet" in ended.message
    assert len(lineage(ctx, user, ended.key)) == 1
    assert len(stored_names(ctx, asked)) == 1, "the upload stays, so that it can be tried again"


def newer(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    manifest["version"] = 99


def foreign(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    manifest["format"] = "something"


def orphan(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    manifest["datasets"][2]["parent"] = "0" * 32


def outside(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    members["../../etc/passwd"] = b"root"


@pytest.mark.parametrize(
    ("change", "said"),
    [(newer, "newer 4CAT"), (foreign, "no package"), (orphan, "Dataset 3"), (outside, "leads out")],
)
def test_what_is_no_package_is_refused_at_once(
    ctx: Context, user: User, tmp_path: Path, change: Change, said: str
) -> None:
    content = pack(ctx, user, make_family(ctx, user, tmp_path).key, change)
    with pytest.raises(InvalidInput, match=said):
        bring(ctx, user, content)


def test_bombs_and_broken_files_are_refused_at_once(ctx: Context, user: User, tmp_path: Path) -> None:
    content = pack(ctx, user, make_family(ctx, user, tmp_path).key)
    zeros = io.BytesIO()
    with zipfile.ZipFile(zeros, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(120_000_000))
    for broken, said in (
        (content[:-30], "has not come in whole"),
        (b"id,body\n1,tea\n", "no ZIP"),
        (zeros.getvalue(), "more than 200 times"),
    ):
        with pytest.raises(InvalidInput, match=said):
            bring(ctx, user, broken)


@pytest.mark.usefixtures("workers")
def test_nothing_that_is_brought_here_takes_the_place_of_something_else(
    ctx: Context, user: User, admin: User, tmp_path: Path
) -> None:
    """A forged package: a result under the key that an analysis of another's dataset will have, and a task to do."""
    victim = store_table(ctx, admin, tmp_path, POSTS.rename({"score": "thread_id"}), is_private=False)
    other, _ = run_processor(ctx, admin, victim.key, "count-posts", {})
    wait_for_end(ctx, other.key)
    delete_dataset(ctx, admin, other.key)

    def forge(manifest: dict[str, Any], members: dict[str, bytes]) -> None:
        by_label = {record["label"]: record for record in manifest["datasets"]}
        was = by_label["cotag-network"]["key"]
        by_label["cotag-network"] |= {"key": other.key, "type": "count-posts"}
        assert was != other.key
        by_label["Failed"]["type"] = "clean-up-files"

    asked = bring(ctx, user, pack(ctx, user, make_family(ctx, user, tmp_path).key, forge))
    assert wait_for_end(ctx, asked.key).status is Status.FINISHED
    forged = {one.label: one for one in lineage(ctx, user, asked.key)}
    assert forged["cotag-network"].key == other.key
    assert forged["Failed"].type == "imported-result"
    with pytest.raises(Conflict, match="ended so in another installation"):
        retry_dataset(ctx, user, forged["Failed"].key)

    child, is_new = run_processor(ctx, admin, victim.key, "count-posts", {})
    assert is_new
    assert (child.parent, child.owner_id) == (victim.key, admin.id)
    assert wait_for_end(ctx, child.key).status is Status.FINISHED


@pytest.mark.usefixtures("workers")
def test_names_that_are_to_be_replaced_keep_a_package_out(
    ctx: Context, user: User, admin: User, tmp_path: Path
) -> None:
    change_site_settings(ctx, admin, {"captures.names": "pseudonymise"})
    top = store_table(ctx, user, tmp_path)
    with_names = bring(ctx, user, pack(ctx, user, top.key))
    ctx.database.run('UPDATE datasets SET work = \'{"pseudonymise": "pseudonymise"}\' WHERE key = %(key)s', key=top.key)
    without = bring(ctx, user, pack(ctx, user, top.key))

    refused = wait_for_end(ctx, with_names.key)
    assert refused.status is Status.FAILED
    assert refused.message.startswith("Names of authors are to be replaced")
    assert wait_for_end(ctx, without.key).status is Status.FINISHED
