"""The table `web_hosts`: turns at asking a host, one after the other for the whole installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.storage.database import Session

_KNOWN = "CASE WHEN {0} > clock_timestamp() + interval '2 hours' THEN clock_timestamp() ELSE {0} END"
"""A time of a host, as SQL. None is so far off: such a one was noted down before the clock was set back."""
_FREE = _KNOWN.format("free_at")
_RESTS = _KNOWN.format("rests_until")


@dataclass(frozen=True)
class Turn:
    """A turn at a host: when it is, and how many seconds off that is."""

    at: datetime
    wait: float


def take_turn(db: Session, host: str, pace: float, patience: float) -> Turn | None:
    """Take the next free moment for a request to a host, `pace` seconds after the last.

    None, with no turn taken, when that is more than `patience` seconds off: the host rests, or many wait for it.
    """
    row = db.find(
        "INSERT INTO web_hosts AS w (host, free_at, asked)"
        " VALUES (%(host)s, clock_timestamp() + make_interval(secs => %(pace)s), 1)"
        " ON CONFLICT (host) DO UPDATE SET asked = w.asked + 1,"
        f" free_at = greatest({_KNOWN.format('w.free_at')}, {_KNOWN.format('w.rests_until')}, clock_timestamp())"
        " + make_interval(secs => %(pace)s)"
        f" WHERE greatest({_KNOWN.format('w.free_at')}, {_KNOWN.format('w.rests_until')})"
        " <= clock_timestamp() + make_interval(secs => %(patience)s)"
        " RETURNING free_at - make_interval(secs => %(pace)s) AS at,"
        " extract(epoch FROM free_at - clock_timestamp())::float - %(pace)s AS wait",
        host=host,
        pace=pace,
        patience=patience,
    )
    return Turn(row["at"], max(float(row["wait"]), 0.0)) if row else None


def wait_for_turn(db: Session, host: str) -> float:
    """How many seconds off the next turn at a host is."""
    row = db.find(
        f"SELECT extract(epoch FROM greatest({_FREE}, {_RESTS}) - clock_timestamp())::float AS wait"
        " FROM web_hosts WHERE host = %(host)s",
        host=host,
    )
    return max(float(row["wait"]), 0.0) if row else 0.0


def is_resting(db: Session, host: str) -> bool:
    """Whether a host is left alone now."""
    row = db.find(f"SELECT {_RESTS} > clock_timestamp() AS rests FROM web_hosts WHERE host = %(host)s", host=host)
    return row is not None and bool(row["rests"])


def back_off(db: Session, host: str, turn: Turn, least: float, most: float) -> float:
    """Leave a host that has refused alone: for `least` seconds, twice as long each time in a row, `most` at most.

    Requests that were under way when its rest began do not make the rest longer than what it asks for itself. How long
    it rests from now on, in seconds.
    """
    row = db.one(
        "UPDATE web_hosts SET refused = refused + CASE WHEN rests_until <= %(at)s THEN 1 ELSE 0 END, rests_until ="
        f" greatest({_RESTS}, clock_timestamp() + make_interval(secs => least(%(least)s * power(2, CASE WHEN"
        " rests_until <= %(at)s THEN least(refused, 20) ELSE 0 END), %(most)s))) WHERE host = %(host)s"
        " RETURNING extract(epoch FROM rests_until - clock_timestamp())::float AS rest",
        host=host,
        at=turn.at,
        least=least,
        most=most,
    )
    return max(float(row["rest"]), 0.0)


def answered(db: Session, host: str) -> None:
    """A host that had refused has answered."""
    db.run("UPDATE web_hosts SET refused = 0 WHERE host = %(host)s AND refused > 0", host=host)
