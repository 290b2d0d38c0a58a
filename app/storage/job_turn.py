"""Whose turn it is: the table `queue_turns`, and the turns of the jobs that are ready.

Queues are fair by start-time fair queueing (Goyal, Vin and Cheng, 1996): a job that becomes ready is given a turn, one
more than its owner's last one and never less than the turn that is served now. The next job of a type is the one with
the smallest turn, found by an index however long the queue is; an owner's two hundredth job comes after everybody
else's first.
"""

from __future__ import annotations

from app.storage.database import Transaction

READY = "state = 'waiting' AND blocked_by IS NULL AND claim_after <= now()"
NEXT_TURN = (
    "greatest("
    "(SELECT max(turn) FROM queue_turns t WHERE t.type = {type}),"
    " (SELECT turn + 1 FROM queue_turns t WHERE t.type = {type} AND t.owner = {owner}),"
    " (SELECT max(o.turn) + 1 FROM jobs o WHERE o.type = {type} AND o.owner = {owner} AND o.state <> 'failed'"
    " AND o.blocked_by IS NULL), 0)"
)
"""The turn of a job that becomes ready, as SQL to be filled in with its type and its owner."""


def lock_type(tx: Transaction, type_: str) -> None:
    """Until this transaction ends, nobody else decides which job of this type starts."""
    tx.run("SELECT pg_advisory_xact_lock(hashtext('4cat dispatch'), hashtext(%(type)s))", type=type_)


def count_active(tx: Transaction, type_: str) -> int:
    """How many jobs of a type are rung or running."""
    row = tx.one(
        "SELECT count(*) AS active FROM jobs WHERE type = %(type)s AND state IN ('rung', 'running')", type=type_
    )
    return int(row["active"])


def ring_next(tx: Transaction, type_: str) -> tuple[int, int] | None:
    """Mark the next job of a type as rung: the one with the smallest turn. Its id and ring.

    Only under `lock_type`: that nobody else rings is what makes the turns right. One that somebody else is changing at
    this moment is passed over: should that one stand still, the others go on.
    """
    row = tx.find(
        "WITH next AS ("
        f"  SELECT id, owner, turn FROM jobs WHERE type = %(type)s AND {READY} ORDER BY turn, id LIMIT 1"
        "  FOR UPDATE SKIP LOCKED"
        "), served AS ("
        "  INSERT INTO queue_turns (type, owner, turn) SELECT %(type)s, owner, turn FROM next"
        "  ON CONFLICT (type, owner) DO UPDATE SET turn = greatest(queue_turns.turn, excluded.turn)"
        ")"
        " UPDATE jobs SET state = 'rung', rung = now(), rings = rings + 1 FROM next WHERE jobs.id = next.id"
        " RETURNING jobs.id, jobs.rings",
        type=type_,
    )
    return (row["id"], row["rings"]) if row else None


def unring(tx: Transaction, type_: str, count: int) -> None:
    """Let so many rung jobs of a type wait again, those whose turn is last; their doorbells then mean nothing."""
    tx.run(
        "UPDATE jobs SET state = 'waiting' WHERE state = 'rung' AND id IN ("
        " SELECT id FROM jobs WHERE type = %(type)s AND state = 'rung' ORDER BY turn DESC, id DESC LIMIT %(count)s"
        ")",
        type=type_,
        count=count,
    )


def ring_again(tx: Transaction, job_id: int) -> int | None:
    """Count one more ring of a rung job; its number, or None when it is not rung any more."""
    row = tx.find(
        "UPDATE jobs SET rung = now(), rings = rings + 1 WHERE id = %(job_id)s AND state = 'rung' RETURNING rings",
        job_id=job_id,
    )
    return int(row["rings"]) if row else None


def unblock(tx: Transaction, dataset: str) -> list[str]:
    """Let the jobs that waited for a dataset go, each owner's one behind the other; their types."""
    rows = tx.many(
        "UPDATE jobs SET blocked_by = NULL, claim_after = now(), turn = placed.turn FROM ("
        f"  SELECT j.id, {NEXT_TURN.format(type='j.type', owner='j.owner')}"
        "  + row_number() OVER (PARTITION BY j.type, j.owner ORDER BY j.id) - 1 AS turn"
        "  FROM jobs j WHERE j.blocked_by = %(dataset)s"
        ") placed WHERE jobs.id = placed.id AND jobs.blocked_by = %(dataset)s RETURNING jobs.type",
        dataset=dataset,
    )
    return sorted({row["type"] for row in rows})
