"""Packages as they leave: what is in them, who may have one, and members one by one."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from app.domain.dataset import Dataset, Status
from app.domain.share import Role
from app.domain.user import User
from app.services.annotation import create_field, save_item
from app.services.context import Context
from app.services.person_setting import Whose, change_person_settings
from app.services.share import share_dataset
from app.storage import dataset as datasets
from app.storage.dataset import Ending
from tests.api.conftest import Call
from tests.results import new_dataset, store_table


@pytest.fixture
def family(ctx: Context, user: User, tmp_path: Path) -> Dataset:
    """Posts with a coded field, an analysis of them, one that failed, one that found nothing and one that waits."""
    top = store_table(ctx, user, tmp_path, label="Tea, 2026", parameters={"board": "tea"})
    field = create_field(ctx, user, top.key, name="stance", kind="choice", choices=["for", "against"])
    save_item(ctx, user, top.key, "1", {field.id: "for"})
    more = {"parent": top.key, "top": top.key, "type": "count-posts", "acts_as": "count-posts"}
    counted = store_table(ctx, user, tmp_path, label="Counts", **more)
    ends = {"Failed": Status.FAILED, "Nothing": Status.EMPTY, "Waits": None}
    with ctx.database.transaction() as tx:
        for label, status in ends.items():
            made = new_dataset(user, **{**more, "parent": counted.key}, label=label)
            datasets.insert(tx, made)
            if status:
                datasets.end(tx, made.key, Ending(status, f"It is {status}."))
    return top


def test_a_package_holds_the_whole_family(ctx: Context, family: Dataset, call: Call) -> None:
    answer = call("owner", "GET", f"/api/datasets/{family.key}/package")
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    manifest = json.loads(archive.read("manifest.json"))

    assert answer.headers["Content-Disposition"] == f'attachment; filename="tea-2026-{family.key[:8]}.4cat.zip"'
    assert archive.namelist()[-1] == "manifest.json"
    assert [record["label"] for record in manifest["datasets"]] == ["Tea, 2026", "Counts", "Failed", "Nothing"]
    assert [record["label"] for record in manifest["left_out"]] == ["Waits"]
    assert set(archive.namelist()) - {"manifest.json"} == set(manifest["members"])
    for name, told in manifest["members"].items():
        content = archive.read(name)
        assert told == {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}, name
    first = manifest["datasets"][0]
    assert first["fields"][0]["name"] == "stance"
    coded = json.loads(archive.read(first["annotations"]))
    assert (coded["item"], coded["field"], coded["coder"], coded["value"]) == ("1", "stance", "ursula", "for")
    assert b"6 items were" in archive.read(first["methods"])
    stored = family.result
    assert stored is not None
    assert manifest["members"][first["files"]["table"]]["sha256"] == stored.files["table"].sha256


def test_members_can_be_fetched_one_by_one_and_in_parts(family: Dataset, call: Call) -> None:
    path = f"/api/datasets/{family.key}/package"
    manifest: Any = call("owner", "GET", f"{path}/manifest").json
    name = manifest["datasets"][0]["files"]["table"]
    told = manifest["members"][name]

    start = call("owner", "GET", f"{path}/members/{name}", headers={"Range": "bytes=0-9"})
    rest = call("owner", "GET", f"{path}/members/{name}", headers={"Range": "bytes=10-"})
    codes = call("owner", "GET", f"{path}/members/{manifest['datasets'][0]['annotations']}")

    assert (start.status_code, rest.status_code) == (206, 206)
    assert hashlib.sha256(start.data + rest.data).hexdigest() == told["sha256"]
    assert json.loads(codes.data)["value"] == "for"


def test_only_owners_with_the_right_take_a_package_away(
    ctx: Context, family: Dataset, call: Call, admin: User, user: User
) -> None:
    path = f"/api/datasets/{family.key}/package"
    share_dataset(ctx, user, family.key, Role.VIEWER, user="otto")
    viewed = call("other", "GET", path)
    share_dataset(ctx, user, family.key, Role.OWNER, user="otto")
    owned = call("other", "GET", path)
    change_person_settings(ctx, admin, Whose(user_id=user.id), {"rights.export": False})
    refused = call("owner", "GET", path)

    assert (viewed.status_code, owned.status_code, refused.status_code) == (403, 200, 403)
    assert "another installation" in (refused.json or {})["message"]


def test_a_capture_that_is_being_made_has_no_package(ctx: Context, user: User, call: Call) -> None:
    waiting = new_dataset(user)
    with ctx.database.transaction() as tx:
        datasets.insert(tx, waiting)
    assert call("owner", "GET", f"/api/datasets/{waiting.key}/package").status_code == 409
