"""The table `idempotency_keys`: what has been asked under a key of the caller's, and how it was answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg2.extras import Json

from app.storage.database import Session


@dataclass(frozen=True)
class Kept:
    """What is known of a key. `status` is None while the first request with it is at work."""

    target: str
    body_hash: str | None
    status: int | None
    headers: dict[str, str] | None
    body: str | None


def claim(db: Session, user_id: int, key: str, target: str, *, attempt: str, seed: str, seconds: float) -> str | None:
    """Take a key that is new, older than a day, or was held too long by a request that died.

    Gives back its seed, which in the last case is the one that it had; None when another request has the key.
    """
    row = db.find(
        "INSERT INTO idempotency_keys AS kept (user_id, key, target, seed, attempt, held_until)"
        " VALUES (%(user_id)s, %(key)s, %(target)s, %(seed)s, %(attempt)s, now() + make_interval(secs => %(seconds)s))"
        " ON CONFLICT (user_id, key) DO UPDATE SET target = excluded.target, attempt = excluded.attempt,"
        " held_until = excluded.held_until, status = NULL, body_hash = NULL, headers = NULL, body = NULL,"
        " seed = CASE WHEN kept.created < now() - interval '1 day' THEN excluded.seed ELSE kept.seed END,"
        " created = CASE WHEN kept.created < now() - interval '1 day' THEN now() ELSE kept.created END"
        " WHERE kept.created < now() - interval '1 day' OR (kept.status IS NULL AND kept.held_until < now())"
        " RETURNING seed",
        user_id=user_id,
        key=key,
        target=target,
        attempt=attempt,
        seed=seed,
        seconds=seconds,
    )
    return row["seed"] if row else None


def find(db: Session, user_id: int, key: str) -> Kept | None:
    """What is known of a key, or None."""
    row = db.find(
        "SELECT target, body_hash, status, headers, body FROM idempotency_keys"
        " WHERE user_id = %(user_id)s AND key = %(key)s",
        user_id=user_id,
        key=key,
    )
    return Kept(**row) if row else None


def hold(db: Session, user_id: int, key: str, attempt: str, seconds: float) -> None:
    """Keep others from taking it over for so long; with 0 seconds let them."""
    db.run(
        "UPDATE idempotency_keys SET held_until = now() + make_interval(secs => %(seconds)s)"
        " WHERE user_id = %(user_id)s AND key = %(key)s AND attempt = %(attempt)s AND status IS NULL",
        user_id=user_id,
        key=key,
        attempt=attempt,
        seconds=seconds,
    )


def answer(
    db: Session,
    user_id: int,
    key: str,
    attempt: str,
    *,
    body_hash: str,
    status: int,
    headers: dict[str, Any],
    body: str,
) -> None:
    """Keep the answer, unless another request has taken the key over."""
    db.run(
        "UPDATE idempotency_keys SET body_hash = %(body_hash)s, status = %(status)s, headers = %(headers)s,"
        " body = %(body)s WHERE user_id = %(user_id)s AND key = %(key)s AND attempt = %(attempt)s AND status IS NULL",
        user_id=user_id,
        key=key,
        attempt=attempt,
        body_hash=body_hash,
        status=status,
        headers=Json(headers),
        body=body,
    )


def forget(db: Session, user_id: int, key: str, attempt: str) -> None:
    """Let the key be used anew: what was asked for was refused."""
    db.run(
        "DELETE FROM idempotency_keys"
        " WHERE user_id = %(user_id)s AND key = %(key)s AND attempt = %(attempt)s AND status IS NULL",
        user_id=user_id,
        key=key,
        attempt=attempt,
    )
