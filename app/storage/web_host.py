"""The table `web_hosts`: turns at asking a host, one after the other for the whole installation."""

from __future__ import annotations

from app.storage.database import Session


def take_turn(db: Session, host: str, pace: float) -> float:
    """Take the next free moment for a request to a host, `pace` seconds after the last; how many seconds off it is."""
    row = db.one(
        "INSERT INTO web_hosts AS w (host, free_at, asked)"
        " VALUES (%(host)s, clock_timestamp() + make_interval(secs => %(pace)s), 1)"
        " ON CONFLICT (host) DO UPDATE SET asked = w.asked + 1,"
        " free_at = greatest(w.free_at, clock_timestamp()) + make_interval(secs => %(pace)s)"
        " RETURNING extract(epoch FROM free_at - clock_timestamp())::float - %(pace)s AS wait",
        host=host,
        pace=pace,
    )
    return max(float(row["wait"]), 0.0)


def back_off(db: Session, host: str, least: float, most: float) -> float:
    """Leave a host that has refused alone: for `least` seconds, twice as long each time in a row, `most` at most.

    How long, in seconds.
    """
    row = db.one(
        "UPDATE web_hosts SET refused = refused + 1, free_at = greatest(free_at, clock_timestamp() + make_interval("
        "secs => least(%(least)s * power(2, least(refused, 20)), %(most)s))) WHERE host = %(host)s"
        " RETURNING extract(epoch FROM free_at - clock_timestamp())::float AS rest",
        host=host,
        least=least,
        most=most,
    )
    return max(float(row["rest"]), 0.0)


def answered(db: Session, host: str) -> None:
    """A host that had refused has answered."""
    db.run("UPDATE web_hosts SET refused = 0 WHERE host = %(host)s AND refused > 0", host=host)
