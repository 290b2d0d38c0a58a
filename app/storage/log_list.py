"""The table `dataset_logs` across all datasets."""

from __future__ import annotations

from app.storage.database import Row, Session

_LOOKED_AT = 50_000


def latest(db: Session, words: str, limit: int = 200) -> list[Row]:
    """The latest lines that hold the words, among the last 50,000; each with its dataset's label and owner."""
    return db.many(
        "SELECT l.at, l.line, l.dataset, d.label, u.name AS owner FROM (SELECT * FROM dataset_logs"
        " WHERE id > (SELECT coalesce(max(id), 0) FROM dataset_logs) - %(looked_at)s) l"
        " JOIN datasets d ON d.key = l.dataset JOIN users u ON u.id = d.owner_id WHERE %(words)s = ''"
        " OR strpos(lower(concat_ws(' ', l.line, d.label, u.name, d.key)), lower(%(words)s)) > 0"
        " ORDER BY l.id DESC LIMIT %(limit)s",
        words=words,
        limit=limit,
        looked_at=_LOOKED_AT,
    )
