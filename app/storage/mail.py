"""The table `mails`: what has not been sent yet."""

from __future__ import annotations

from app.storage.database import Row, Session


def insert(db: Session, recipient: str, subject: str, body: str) -> int:
    """Add a mail; its number."""
    row = db.one(
        "INSERT INTO mails (recipient, subject, body) VALUES (%(recipient)s, %(subject)s, %(body)s) RETURNING id",
        recipient=recipient,
        subject=subject,
        body=body,
    )
    return int(row["id"])


def find(db: Session, mail_id: int) -> Row | None:
    """A mail, or None when it has been sent."""
    return db.find("SELECT id, recipient, subject, body, created FROM mails WHERE id = %(mail_id)s", mail_id=mail_id)


def delete(db: Session, mail_id: int) -> None:
    """Forget a mail that has been sent, with the link that may stand in it."""
    db.run("DELETE FROM mails WHERE id = %(mail_id)s", mail_id=mail_id)
