"""The table `datasets` as administrators look through it: captures of everybody."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from app.storage.database import Row, Session


@dataclass(frozen=True)
class Wanted:
    """Which captures: part of the label, part of the owner's name, the data source, the status, dates as YYYY-MM-DD.

    `words` may also be what a key in its family begins with, at least eight digits of it.
    """

    words: str = ""
    owner: str = ""
    source: str = ""
    status: str = ""
    after: str | None = None
    before: str | None = None


def find(db: Session, wanted: Wanted, limit: int) -> tuple[list[Row], int]:
    """Those that fit, the newest first, each with the owner's name and the bytes of its family; and how many fit."""
    fits = (
        " FROM datasets d JOIN users u ON u.id = d.owner_id WHERE d.parent IS NULL AND d.deleted IS NULL"
        " AND (%(words)s = '' OR strpos(lower(d.label), lower(%(words)s)) > 0"
        " OR %(words)s ~* '^[0-9a-f]{8,}$' AND d.key IN (SELECT top FROM datasets"
        " WHERE key BETWEEN lower(%(words)s) AND lower(%(words)s) || 'g' AND deleted IS NULL))"
        " AND (%(owner)s = '' OR strpos(lower(u.name), lower(%(owner)s)) > 0)"
        " AND (%(source)s = '' OR d.datasource = %(source)s) AND (%(status)s = '' OR d.status = %(status)s)"
        " AND (%(after)s::date IS NULL OR d.created >= %(after)s::date)"
        " AND (%(before)s::date IS NULL OR d.created < %(before)s::date)"
    )
    values = {**asdict(wanted), "limit": limit}
    total = int(db.one(f"SELECT count(*) AS total{fits}", **values)["total"])
    return (
        db.many(
            "SELECT d.key, d.label, d.datasource, d.status, d.rows, d.is_private, d.created, u.name AS owner,"
            " (SELECT coalesce(sum(f.bytes), 0)::bigint FROM datasets f WHERE f.top = d.key) AS bytes"
            f"{fits} ORDER BY d.id DESC LIMIT %(limit)s",
            **values,
        ),
        total,
    )


def hand_over(db: Session, key: str, heir_id: int) -> None:
    """Let a capture, and what its owner has made from it, belong to another, and their jobs take that one's turns."""
    db.run(
        "WITH moved AS (UPDATE datasets d SET owner_id = %(heir)s FROM datasets t WHERE t.key = %(key)s"
        " AND d.top = t.key AND d.owner_id = t.owner_id RETURNING d.key)"
        " UPDATE jobs SET owner = %(owner)s WHERE dataset IN (SELECT key FROM moved)",
        key=key,
        heir=heir_id,
        owner=str(heir_id),
    )
