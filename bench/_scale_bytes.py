"""How many bytes things take: rows of the database, and posts in storage."""

from __future__ import annotations

from pathlib import Path

from app.domain.user import User
from app.services.context import Context
from app.services.dataset import create_capture
from app.services.upload import save_upload
from bench._installation import managers, wait_for_end
from bench._posts import posts_csv

_COPY = {
    "datasets": "INSERT INTO datasets OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(d, jsonb_build_object("
    "'key', md5(n::text), 'id', 1000000 + n))).* FROM datasets d, generate_series(1, %(copies)s) n"
    " WHERE d.key = %(one)s",
    "dataset_logs": "INSERT INTO dataset_logs (dataset, line) SELECT %(one)s, 'A line of usual length, say this one.'"
    " FROM generate_series(1, %(copies)s)",
    "jobs": "INSERT INTO jobs (type, remote_id, owner, dataset, turn)"
    " SELECT 'tick', md5(n::text), n::text, %(one)s, n FROM generate_series(1, %(copies)s) n",
}


def bytes_of_rows(ctx: Context, copies: int) -> dict[str, float]:
    """Bytes that a finished dataset, a line of its log and a waiting job take in the database, indexes included."""
    found = {}
    one = ctx.database.one("SELECT key FROM datasets WHERE parent IS NOT NULL AND status = 'finished' LIMIT 1")["key"]
    for table, statement in _COPY.items():
        size = f"SELECT pg_total_relation_size('{table}') AS bytes"
        before = ctx.database.one(size)["bytes"]
        ctx.database.run(statement, one=one, copies=copies)
        found[table] = (ctx.database.one(size)["bytes"] - before) / copies
    ctx.database.run("TRUNCATE jobs, queue_turns")
    ctx.database.run("DELETE FROM dataset_logs")
    ctx.database.run("DELETE FROM datasets WHERE id > 1000000")
    return found


def bytes_of_posts(ctx: Context, environ: dict[str, str], user: User, folder: Path, rows: int) -> dict[str, float]:
    """Bytes a post of an uploaded file, of what is kept of it, and of the table made of it."""
    path = folder / "posts.csv"
    posts_csv(rows, path)
    with path.open("rb") as stream:
        upload = save_upload(ctx, user, "posts.csv", stream)
    with managers(ctx, environ):
        result = wait_for_end(ctx, create_capture(ctx, user, "upload", {}, upload_id=upload.id).key).result
    if result is None:
        raise RuntimeError("the posts were not imported")
    kept = {f"stored: {role}": file.size / rows for role, file in result.files.items()}
    return {"the CSV as uploaded": path.stat().st_size / rows, **kept}
