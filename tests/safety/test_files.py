"""Files that come in and go out: their names lead nowhere, and nothing in them runs in our name."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import polars as pl
import pytest
from flask import Flask

from app.domain.dataset import Kind
from app.domain.user import User
from app.services.context import Context
from app.services.download import open_download
from app.storage import upload as uploads
from tests.results import store_bytes, store_graph, store_table
from tests.safety.roles import sign_in

SCRIPT = b"<script>alert(1)</script>"
NAMES = [
    "../../../../tmp/evil.csv", "..\\..\\evil.csv",
    "/etc/cron.d/evil.csv", "evil.csv\r\nSet-Cookie: a=b", 'a"; x="b.csv',
    "%2e%2e%2fevil.csv", "con.csv", "a" * 400 + ".csv", "évil\u202egpj.csv", "",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_uploads_and_labels_lead_nowhere_and_end_no_header(
    ctx: Context,
    user: User,
    app: Flask,
    tmp_path: Path,
    name: str,
) -> None:
    owner = sign_in(app, user)
    sent = {"file": (io.BytesIO(b"id,body\n1,tea\n"), name or "posts.csv"), "label": name}
    made = owner("POST", "/api/datasets/upload", data=sent)
    if "\r" in name:  # what follows is no name any more
        assert (made.status_code, list(made.json["errors"])) == (422, ["file"])
        return
    assert made.status_code == 202, made.text
    upload = uploads.find(ctx.database, ctx.database.one("SELECT work->>'upload' AS id FROM datasets")["id"])
    assert upload is not None
    stored = (ctx.settings.data_dir / "files" / upload.file.name).resolve()
    assert ctx.settings.data_dir.resolve() in stored.parents
    assert not Path("/tmp/evil.csv").exists()
    table = store_table(ctx, user, tmp_path, label=name or "x")
    answer = owner("GET", f"/api/datasets/{table.key}/download?format=csv")
    header = answer.headers["Content-Disposition"]
    assert header.startswith('attachment; filename="')
    assert not set("\r\n/\\") & set(header)
    assert "Set-Cookie" not in answer.headers
    assert header.count('"') == 2


PATHS = [
    "/static/../../settings.py", "/static/%2e%2e/%2e%2e/settings.py",
    "/static//etc/passwd", "/static/..%5c..%5cx",
    "/sources/fourchan/static/..%2f__init__.py", "/sources/..%2f..%2fapp/static/app.css",
    "/sources/fourchan/static/__init__.py",
    "/api/datasets/..%2f..%2fetc/download", "/datasets/%2e%2e%2f/files/x.png",
    "/api/datasets/KEY/download?format=../../etc/passwd", "/api/datasets/KEY/items?part=../table",
    "/datasets/KEY/files/../../../../etc/passwd.png", "/datasets/KEY/files/%2e%2e%2f%2e%2e%2fevil.png",
    "/datasets/KEY/files//etc/passwd.png", "/create/..%2fapp",
    "/create/upload/..%2f..%2fx", "/datasources/..%2fapp",
    "/api/datasources/..%2fapp", "/api/processors/..%2f..%2fx",
    "/api/settings/..%2fx", "/datasets/KEY/images/..%2fx",
]  # fmt: skip


def test_paths_lead_nowhere(ctx: Context, app: Flask, user: User, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../evil.png", b"evil")
        archive.writestr("a.png", b"good")
    kept = store_bytes(ctx, user, tmp_path, Kind.FILES, "archive", "files.zip", packed.getvalue())
    browser = sign_in(app, user)
    for path in PATHS:
        answer = browser("GET", path.replace("KEY", kept.key))
        allowed = {200} if path.endswith("%2e%2e%2fevil.png") else {303, 308, 400, 404, 409, 422}
        assert answer.status_code in allowed, (path, answer.text[:300])
        assert b"root:" not in answer.data
        assert b"SECRET_KEY" not in answer.data


def test_no_result_runs_in_our_name(ctx: Context, app: Flask, user: User, tmp_path: Path) -> None:
    """Every format of every kind of result: saved and not shown, or shown in a sandbox without rights."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("a.png", "b.svg", "c.html", "d.jpg"):
            archive.writestr(name, svg)
    browser = sign_in(app, user)
    page = store_bytes(ctx, user, tmp_path, Kind.PAGE, "page", "page.html", SCRIPT)
    files = store_bytes(ctx, user, tmp_path, Kind.FILES, "archive", "files.zip", packed.getvalue())
    table = store_table(ctx, user, tmp_path, pl.DataFrame({"body": [SCRIPT.decode()]}), label=SCRIPT.decode())
    graph = store_graph(ctx, user, tmp_path)
    for found in (page, files, table, graph):
        formats = browser("GET", f"/api/datasets/{found.key}").json["formats"]
        assert formats
        for name in formats:
            answer = browser("GET", f"/api/datasets/{found.key}/download?format={name}")
            assert answer.status_code == 200, name
            assert answer.headers["Content-Disposition"].startswith("attachment"), name
            assert answer.headers["Content-Security-Policy"].startswith("sandbox;"), name
            assert answer.headers["X-Content-Type-Options"] == "nosniff", name
            answer.close()
    frame = browser("GET", f"/datasets/{page.key}/frame")
    assert frame.headers["Content-Security-Policy"].startswith("sandbox allow-scripts; default-src 'none'")
    for name, status in (("a.png", 200), ("d.jpg", 200), ("b.svg", 404), ("c.html", 404)):
        picture = browser("GET", f"/datasets/{files.key}/files/{name}")
        assert picture.status_code == status, name
        assert picture.headers["X-Content-Type-Options"] == "nosniff"
        if status == 200:
            assert picture.mimetype.startswith("image/")
            assert "sandbox" in picture.headers["Content-Security-Policy"]
    for view in ("", "/table", "/log", "/provenance"):
        shown = browser("GET", f"/datasets/{table.key}{view}")
        assert SCRIPT not in shown.data
        assert "script-src 'self'" in shown.headers["Content-Security-Policy"]


FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"]


def test_formulas_are_text_in_spreadsheets(ctx: Context, user: User, tmp_path: Path) -> None:
    import openpyxl

    frame = pl.DataFrame({"=evil()": [*FORMULAS, "-5", "plain", None]})
    table = store_table(ctx, user, tmp_path, frame)

    def read(**options: bool) -> list[str]:
        content = b"".join(open_download(ctx, user, table.key, "csv", **options).chunks).decode()
        return [row[0] if row else "" for row in csv.reader(io.StringIO(content, newline=""))]

    assert read()[: len(FORMULAS) + 1] == ["=evil()", *FORMULAS]
    safe = read(excel_safe=True)
    assert safe[: len(FORMULAS) + 1] == ["'=evil()", *(f"'{text}" for text in FORMULAS)]
    assert safe[len(FORMULAS) + 1 :][:2] == ["-5", "plain"]
    book = openpyxl.load_workbook(io.BytesIO(b"".join(open_download(ctx, user, table.key, "xlsx").chunks)))
    cells = [cell for row in book.active.iter_rows() for cell in row if cell.value is not None]
    assert [cell for cell in cells if cell.data_type == "f"] == []
