"""The table `error_reports`: errors of pages and of the API, by the number that was shown with them."""

from __future__ import annotations

from app.storage.database import Row, Session


def insert(db: Session, number: str, place: str, owner: str, text: str) -> None:
    """Keep an error."""
    db.run(
        "INSERT INTO error_reports (id, place, owner, text) VALUES (%(number)s, %(place)s, %(owner)s, %(text)s)"
        " ON CONFLICT DO NOTHING",
        number=number,
        place=place,
        owner=owner,
        text=text,
    )


def latest(db: Session, words: str = "", limit: int = 100) -> list[Row]:
    """Errors, the latest first: those that hold the words anywhere."""
    return db.many(
        "SELECT id, at, place, owner, text FROM error_reports WHERE %(words)s = ''"
        " OR strpos(lower(concat_ws(' ', id, place, owner, text)), lower(%(words)s)) > 0"
        " ORDER BY at DESC LIMIT %(limit)s",
        words=words,
        limit=limit,
    )
