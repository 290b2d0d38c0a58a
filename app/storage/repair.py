"""The table `repairs`: what the reconciler has mended, kept for some weeks for operators."""

from __future__ import annotations

from app.storage.database import Row, Session


def add(
    db: Session,
    kind: str,
    text: str,
    *,
    type_: str | None = None,
    job: int | None = None,
    dataset: str | None = None,
    host: str | None = None,
) -> None:
    """Record one repair: a word for its kind, and a sentence that says what was wrong and what was done."""
    db.run(
        "INSERT INTO repairs (kind, type, job, dataset, host, text)"
        " VALUES (%(kind)s, %(type)s, %(job)s, %(dataset)s, %(host)s, %(text)s)",
        kind=kind,
        type=type_,
        job=job,
        dataset=dataset,
        host=host,
        text=text[:2_000].replace("\0", ""),
    )


def latest(db: Session, limit: int = 50, *, before: int | None = None) -> list[Row]:
    """The last repairs (`before` this one), the latest first; `label` is that of the dataset if it is still there."""
    return db.many(
        "SELECT r.id, r.at, r.kind, r.type, r.job, r.dataset, d.label, r.host, r.text"
        " FROM (SELECT * FROM repairs WHERE %(before)s IS NULL OR id < %(before)s ORDER BY id DESC LIMIT %(limit)s) r"
        " LEFT JOIN datasets d ON d.key = r.dataset ORDER BY r.id DESC",
        before=before,
        limit=limit,
    )


def counts(db: Session, hours: float) -> dict[str, int]:
    """How many repairs of each kind there were in these last hours."""
    rows = db.many(
        "SELECT kind, count(*) AS count FROM repairs WHERE at > now() - make_interval(secs => %(seconds)s)"
        " GROUP BY kind ORDER BY kind",
        seconds=hours * 3600,
    )
    return {row["kind"]: row["count"] for row in rows}
