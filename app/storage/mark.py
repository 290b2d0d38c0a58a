"""The tables `favourites` and `dataset_tags`: what people mark captures with."""

from __future__ import annotations

from collections.abc import Iterable

from app.storage.database import Session, Transaction


def favourites_of(db: Session, user_id: int, keys: Iterable[str]) -> set[str]:
    """Which of these datasets somebody has marked as a favourite."""
    rows = db.many(
        "SELECT dataset FROM favourites WHERE user_id = %(user_id)s AND dataset = ANY(%(keys)s)",
        user_id=user_id,
        keys=list(keys),
    )
    return {row["dataset"] for row in rows}


def set_favourite(db: Session, user_id: int, key: str, *, is_favourite: bool) -> None:
    """Mark a dataset as somebody's favourite, or not."""
    sql = (
        "INSERT INTO favourites (user_id, dataset) VALUES (%(user_id)s, %(key)s) ON CONFLICT DO NOTHING"
        if is_favourite
        else "DELETE FROM favourites WHERE user_id = %(user_id)s AND dataset = %(key)s"
    )
    db.run(sql, user_id=user_id, key=key)


def tags_of(db: Session, keys: Iterable[str]) -> dict[str, list[str]]:
    """The tags of each of these datasets, by alphabet."""
    found: dict[str, list[str]] = {key: [] for key in keys}
    rows = db.many("SELECT dataset, tag FROM dataset_tags WHERE dataset = ANY(%(keys)s) ORDER BY tag", keys=list(found))
    for row in rows:
        found[row["dataset"]].append(row["tag"])
    return found


def set_tags(tx: Transaction, key: str, tags: Iterable[str]) -> None:
    """Give a dataset these tags and no others."""
    tx.run("DELETE FROM dataset_tags WHERE dataset = %(key)s", key=key)
    tx.run(
        "INSERT INTO dataset_tags (dataset, tag) SELECT %(key)s, unnest(%(tags)s::text[]) ON CONFLICT DO NOTHING",
        key=key,
        tags=list(tags),
    )


def known_tags(db: Session, user_id: int | None, named_as: list[str], most: int = 200) -> list[str]:
    """The first of the tags on datasets that somebody may see (None: on all), by alphabet.

    It goes from tag to tag, whatever the number of datasets that have them.
    """
    rows = db.many(
        "WITH RECURSIVE words AS ((SELECT tag FROM dataset_tags ORDER BY tag LIMIT 1) UNION ALL SELECT"
        " (SELECT tag FROM dataset_tags WHERE tag > words.tag ORDER BY tag LIMIT 1) FROM words WHERE tag IS NOT NULL)"
        " SELECT tag FROM words WHERE tag IS NOT NULL AND EXISTS (SELECT 1 FROM dataset_tags JOIN datasets"
        " ON key = dataset WHERE dataset_tags.tag = words.tag AND deleted IS NULL AND (%(user_id)s IS NULL"
        " OR owner_id = %(user_id)s OR NOT is_private"
        " OR key IN (SELECT dataset FROM dataset_shares WHERE who = ANY(%(named_as)s)))) ORDER BY tag LIMIT %(most)s",
        user_id=user_id,
        named_as=named_as,
        most=most,
    )
    return [row["tag"] for row in rows]
