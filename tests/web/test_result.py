"""Results as pages show them: charts, networks, pages, archives, logs."""

from __future__ import annotations

import html
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from flask.testing import FlaskClient

from app.domain import texts
from app.domain.dataset import Dataset, Kind, Result, Status
from app.domain.user import User
from app.services import run as runs
from app.services.charts import bars_over_time
from app.services.context import Context
from app.services.ending import end_dataset
from app.services.palette import palette
from app.services.site_setting import change_site_settings
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage.dataset import Ending
from app.web import network
from tests.conftest import finished_posts, wait_for_end
from tests.results import store_table


def _with_result(
    ctx: Context, actor: User, folder: Path, kind: Kind, columns: tuple[str, ...] = (), **files: Path
) -> Dataset:
    """A finished analysis with these files as its result."""
    child, _ = runs.run_processor(ctx, actor, finished_posts(ctx, actor).key, "count-posts", {})
    job = jobs.for_dataset(ctx.database, child.key)
    assert job is not None
    stored = {role: ctx.files.put(path, f"datasets/{child.key}/1/{role}") for role, path in files.items()}
    with ctx.database.transaction() as tx:
        jobs.delete(tx, job.id)
        ending = Ending(Status.FINISHED, "Made.", rows=2, columns=columns, kind=kind, result=Result(kind, stored))
        end_dataset(ctx, tx, child, ending)
    return datasets.get(ctx.database, child.key)


def test_charts_and_networks_of_real_work(ada: FlaskClient, ctx: Context, admin: User, workers: Any) -> None:
    posts = finished_posts(ctx, admin)
    asked = {
        type_: runs.run_processor(ctx, admin, posts.key, type_, {})[0] for type_ in ("count-posts", "cotag-network")
    }
    done = {type_: wait_for_end(ctx, child.key) for type_, child in asked.items()}
    chart = f"/datasets/{done['count-posts'].key}"
    drawn = ada.get(f"{chart}/chart.svg")
    assert drawn.mimetype == "image/svg+xml"
    assert drawn.text.startswith("<svg")
    assert "sandbox" in drawn.headers["Content-Security-Policy"]
    saved = ada.get(f"/api{chart}/download?format=svg")
    assert (saved.mimetype, saved.text[:4]) == ("image/svg+xml", "<svg")
    assert ada.get(f"/api{chart}/download?format=png").data.startswith(b"\x89PNG")
    assert ada.get(f"/api{chart}/download?format=png&columns=date").status_code == 422
    known = {"If-None-Match": drawn.headers["ETag"]}
    assert ada.get(f"{chart}/chart.svg", headers=known).status_code == 304
    assert ada.get(f"{chart}/chart.svg?theme=dark", headers=known).status_code == 200
    spec = ada.get(f"{chart}/chart.json").json
    assert [bar["value"] for bar in spec["data"]["values"]] == [10] * 6
    assert "Chart: Count posts over time" in ada.get(chart).text
    net = ada.get(f"/datasets/{done['cotag-network'].key}/network.json").json
    assert {node[1] for node in net["nodes"]} == {"a0", "a1", "a2", "b0", "b1"}
    assert net["totals"] == {"nodes": 5, "edges": 6}
    assert (net["note"], net["directed"]) == ("", False)
    known = {one["name"]: one["values"] for one in net["attributes"]}
    assert known["frequency"] == [node[4] for node in net["nodes"]]
    assert sum(known["links"]) == 2 * 6
    assert all(0 <= end < 5 for edge in net["edges"] for end in edge[:2])
    assert ada.get(f"{chart}/network.json").status_code == 404


def test_charts_are_in_the_accent_and_in_the_language_of_the_page(
    ada: FlaskClient, ctx: Context, admin: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = bars_over_time([{"date": "2026", "n": 1}, {"date": "2027", "n": 2}], "n", height=100, labels=2)
    bars["encoding"]["y"]["title"] = "Posts"
    (tmp_path / "chart").write_text(json.dumps(bars))
    chart = _with_result(ctx, admin, tmp_path, Kind.CHART, chart=tmp_path / "chart").key
    first = ada.get(f"/datasets/{chart}/chart.svg")
    assert palette("red")[0] in first.text
    change_site_settings(ctx, admin, {"looks.accent": "teal"})
    again = ada.get(f"/datasets/{chart}/chart.svg", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    for drawn in (again, ada.get(f"/api/datasets/{chart}/download?format=svg")):
        assert palette("teal")[0] in drawn.text
        assert palette("red")[0] not in drawn.text
    assert (
        ada.get(f"/datasets/{chart}/chart.json?theme=dark").json["config"]["bar"]["color"] == palette("teal", "dark")[0]
    )
    monkeypatch.setattr(texts, "_translate", lambda one, many, amount: {"Posts": "Beiträge"}.get(one, one))
    monkeypatch.setattr("app.web.picture.language", lambda: "de")
    there = ada.get(f"/datasets/{chart}/chart.svg", headers={"If-None-Match": again.headers["ETag"]})
    assert ">Beiträge</text>" in there.text


def test_a_large_network_is_cut_with_a_note(
    ada: FlaskClient, ctx: Context, admin: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = pl.DataFrame(
        {
            "id": ["a", "b", "c", "d"],
            "label": ["A", "B", None, "D"],
            "frequency": [1, 4, 3, 2],
            "score": [0.5, float("nan"), 2.5, None],
            "kind": ["tag", "tag", "user", "user"],
        }
    )
    edges = pl.DataFrame({"source": ["a", "b", "b"], "target": ["b", "c", "d"], "weight": [9, 1, 2]})
    nodes.write_parquet(tmp_path / "nodes")
    edges.write_parquet(tmp_path / "edges")
    made = _with_result(ctx, admin, tmp_path, Kind.GRAPH, nodes=tmp_path / "nodes", edges=tmp_path / "edges")
    monkeypatch.setattr(network, "MOST_NODES", 3)
    piece = network.piece_of(ctx, made)
    assert [node[0] for node in piece["nodes"]] == ["b", "c", "d"]
    assert piece["edges"] == [[0, 2, 2.0], [0, 1, 1.0]]
    known = {one["name"]: one["values"] for one in piece["attributes"]}
    assert known == {
        "links": [3, 1, 1],
        "frequency": [4, 3, 2],
        "score": [None, 2.5, None],
        "kind": ["tag", "user", "user"],
    }
    assert "3 largest of 4 nodes and the 2 strongest of 3 links" in piece["note"]
    assert "Nodes" in ada.get(f"/datasets/{made.key}").text


def test_a_result_that_is_a_page_has_no_rights_here(
    ada: FlaskClient, ctx: Context, admin: User, tmp_path: Path
) -> None:
    (tmp_path / "page").write_text("<script>top.location = 'https://evil.example'</script>")
    made = _with_result(ctx, admin, tmp_path, Kind.PAGE, page=tmp_path / "page")
    page = ada.get(f"/datasets/{made.key}").text
    assert '<iframe class="frame" sandbox="allow-scripts"' in page
    assert "evil.example" not in page
    framed = ada.get(f"/datasets/{made.key}/frame")
    assert framed.status_code == 200, framed.text
    policy = framed.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'")
    assert "allow-same-origin" not in policy


def test_an_archive_lists_its_files(ada: FlaskClient, ctx: Context, admin: User, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "archive", "w") as archive:
        archive.writestr("one.txt", "1" * 1500)
    made = _with_result(ctx, admin, tmp_path, Kind.FILES, archive=tmp_path / "archive")
    page = ada.get(f"/datasets/{made.key}").text
    assert ">one.txt</a>" in page
    assert "1.5 kB" in page


def test_a_chart_whose_file_is_gone_says_so(ada: FlaskClient, ctx: Context, admin: User) -> None:
    posts = finished_posts(ctx, admin)
    assert posts.result is not None
    ctx.files.delete(posts.result.files["table"].name)
    page = ada.get(f"/datasets/{posts.key}")
    assert page.status_code == 200
    assert "The file of this result is gone from storage." in page.text


def test_the_log_and_the_origin_are_shown(ada: FlaskClient, ctx: Context, admin: User, workers: Any) -> None:
    posts = finished_posts(ctx, admin)
    child, _ = runs.run_processor(ctx, admin, posts.key, "count-posts", {})
    wait_for_end(ctx, child.key)
    assert "count-posts" in ada.get(f"/datasets/{child.key}/provenance").text
    piece = ada.piece(f"/datasets/{child.key}/log", "result").text
    assert 'aria-label="Log, times in UTC"' in piece or "Nothing has been written to the log." in piece
    assert "<html" not in piece


def test_spreadsheets_get_no_formulas(ada: FlaskClient, ctx: Context, admin: User, tmp_path: Path) -> None:
    made = store_table(ctx, admin, tmp_path, pl.DataFrame({"id": ["1"], "body": ["=1+1"]}), label="posts.csv")
    link = re.search(r'href="([^"]+)" download>CSV for spreadsheets', ada.get(f"/datasets/{made.key}").text)
    assert link
    assert ada.get(html.unescape(link[1])).data.splitlines()[1] == b"1,'=1+1"
