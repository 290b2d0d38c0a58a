"""Datasets of 4CAT 1.56, from its export and from its API."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.dataset import Dataset, Kind, Status
from app.domain.errors import InvalidInput
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import create_capture, lineage, log_text
from app.services.download import open_download
from app.services.items import page
from app.services.member import list_members
from app.services.provenance import provenance
from app.services.run import run_processor
from app.services.site_setting import change_site_settings
from app.services.upload import preview_upload, save_upload
from datasources.import_4cat._gexf import read_gexf
from tests.conftest import wait_for_end
from tests.integration.test_package_addresses import HERE
from tests.integration.test_packages import bring
from tests.neighbour import Neighbour
from tests.older_4cat import GEXF, TOKEN, Older, imageboard_posts

GOLDEN = Path(__file__).parents[1] / "golden"


def assert_whole(ctx: Context, actor: User, key: str) -> dict[str, Dataset]:
    """The family of `imageboard_posts`, whole; its results by name."""
    family = lineage(ctx, actor, key)
    top, below = family[0], {one.label: one for one in family[1:]}
    assert (top.status, top.label, top.rows, top.is_items) == (Status.FINISHED, "tea", 2, True), top.message
    assert top.columns[:6] == ["id", "thread_id", "timestamp", "author", "body", "subject"]
    rows = page(ctx, actor, key).rows
    assert [row["body"] for row in rows] == ["tea, with milk", "two\nlines"]
    assert rows[0]["country_name"] == "Netherlands"
    kinds = {label: one.kind for label, one in below.items()}
    assert kinds == {
        "Count posts": Kind.TABLE,
        "Histogram": Kind.FILES,
        "Preset cotag network": Kind.GRAPH,
        "Tokenise posts": Kind.FILES,
        "Render page": Kind.PAGE,
        "Stringify posts": Kind.FILES,
        "Broken network": Kind.FILES,
        **({"Nothing found": None} if "Nothing found" in below else {}),
    }
    return below


@pytest.mark.usefixtures("workers")
def test_an_export_becomes_posts_with_results_below(ctx: Context, user: User) -> None:
    older, key = imageboard_posts()
    upload = save_upload(ctx, user, "export.zip", io.BytesIO(older.export()))
    shown = preview_upload(ctx, user, upload.id, {}, "import_4cat")
    assert shown["described"] == "an export of 4CAT 1.56"
    assert [row[1] for row in shown["rows"]][:2] == ["fourchan-search", "count-posts"]

    asked = create_capture(ctx, user, "import_4cat", {}, upload_id=upload.id)
    wait_for_end(ctx, asked.key)

    assert asked.key == key
    below = assert_whole(ctx, user, key)
    assert below["Nothing found"].status is Status.EMPTY
    assert below["Histogram"].parent == below["Count posts"].key
    assert page(ctx, user, below["Count posts"].key).rows == [{"date": "2023-05", "item": "activity", "value": 2}]
    assert [member.name for member in list_members(ctx, user, below["Tokenise posts"].key)][1:] == [
        "overall.json",
        "stats.csv",
    ]
    network = b"".join(open_download(ctx, user, below["Preset cotag network"].key, "gexf").chunks)
    assert b'label="milk"' in network
    assert b"frequency" in network
    counts = below["Count posts"]
    assert (counts.parameters, counts.type) == ({"timeframe": "month"}, "imported-result")
    assert counts.provenance["processor"] == "count-posts"
    assert "2023-05-01 10:00:01 Started count-posts" in log_text(ctx, user, counts.key)
    told = provenance(ctx, user, counts.key)["methods"]
    assert "2 items were captured from fourchan-search (4CAT 1.56) on 1 May 2023 (board: tea" in told
    assert "count-posts (4CAT 1.56)" in told
    everything = ctx.database.many("SELECT parameters::text || provenance::text AS told FROM datasets")
    assert not any("do not tell" in row["told"] for row in everything), "credentials stay behind"
    child, _ = run_processor(ctx, user, key, "count-posts", {})
    assert wait_for_end(ctx, child.key).rows == 1


@pytest.mark.usefixtures("workers")
def test_names_are_replaced_in_posts_and_what_holds_them_otherwise_is_left_out(ctx: Context, user: User) -> None:
    older, _ = imageboard_posts()
    asked = bring(ctx, user, older.export(), pseudonymise="anonymise")
    ended = wait_for_end(ctx, asked.key)

    assert ended.status is Status.FINISHED, ended.message
    assert {row["author"] for row in page(ctx, user, asked.key).rows} == {"REDACTED"}
    assert ended.result is not None
    assert set(ended.result.files) == {"table"}
    assert ended.work["pseudonymise"] == "anonymise"
    assert len(lineage(ctx, user, asked.key)) == 1
    assert any("left out" in warning for warning in ended.warnings)


@pytest.mark.usefixtures("workers")
def test_records_of_a_platform_are_read_by_its_data_source(ctx: Context, user: User) -> None:
    lines = next((GOLDEN / "tiktok").glob("*.ndjson")).read_text().splitlines()
    records = [json.loads(line) for line in lines if line]
    stored = [{**record.pop("data"), "__import_meta": record} if "data" in record else record for record in records]
    older = Older()
    content = "".join(f"{json.dumps(record)}\n" for record in stored).encode()
    key = older.add("tiktok-search", "ndjson", content, rows=len(stored), datasource="tiktok")

    asked = bring(ctx, user, older.export())
    ended = wait_for_end(ctx, asked.key)

    assert (ended.key, ended.type, ended.status) == (key, "tiktok", Status.FINISHED), ended.message
    assert ended.rows == len(stored) - ended.quarantined
    assert ended.rows
    assert "likes" in ended.columns
    assert ended.result is not None
    assert set(ended.result.files) >= {"table", "original"}


@pytest.fixture
def older_site() -> Iterator[tuple[Neighbour, Older, str]]:
    older, key = imageboard_posts()
    running = Neighbour(older)
    yield running, older, key
    running.stop()


@pytest.mark.usefixtures("workers")
def test_an_address_is_asked_by_the_api_of_exports(
    ctx: Context, admin: User, older_site: tuple[Neighbour, Older, str]
) -> None:
    change_site_settings(ctx, admin, HERE)
    site, older, key = older_site
    site.fault = lambda path, number: "cut" if path.endswith(f"{key}/data/") and not number else ""

    asked = create_capture(
        ctx, admin, "import_4cat", {"addresses": f"{site.url}/results/{key}/#nested", "token": TOKEN}, label="Moved"
    )
    ended = wait_for_end(ctx, asked.key)

    assert (ended.key, ended.label) == (key, "Moved"), ended.message
    ctx.database.run("UPDATE datasets SET label = 'tea' WHERE key = %(key)s", key=key)
    assert_whole(ctx, admin, key)
    assert f"/api/export-packed-dataset/{key}/metadata/" in older.asked
    assert ended.provenance["imported"]["address"] == f"{site.url}/results/{key}"


@pytest.mark.usefixtures("workers")
def test_a_wrong_token_is_said_to_be_one(ctx: Context, admin: User, older_site: tuple[Neighbour, Older, str]) -> None:
    change_site_settings(ctx, admin, HERE)
    site, _, key = older_site
    asked = create_capture(ctx, admin, "import_4cat", {"addresses": f"{site.url}/results/{key}/", "token": "wrong one"})
    ended = wait_for_end(ctx, asked.key)
    assert ended.status is Status.FAILED
    assert "does not give this dataset away (403)" in ended.message


def test_an_export_of_two_captures_is_refused(ctx: Context, user: User) -> None:
    older, _ = imageboard_posts()
    older.add("fourchan-search", "csv", b"id,body\n1,x\n")
    with pytest.raises(InvalidInput, match="2 captures"):
        bring(ctx, user, older.export())


def test_networks_with_a_document_type_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.gexf"
    path.write_text(GEXF)
    nodes, edges, directed = read_gexf(path)
    assert nodes == [{"id": "tea", "label": "tea", "frequency": 3}, {"id": "milk", "label": "milk", "frequency": 1}]
    assert (edges, directed) == ([{"source": "tea", "target": "milk", "weight": 2.0}], False)
    path.write_text('<!DOCTYPE g [<!ENTITY a "b">]><gexf><graph>&a;</graph></gexf>')
    with pytest.raises(ValueError, match="document type"):
        read_gexf(path)
