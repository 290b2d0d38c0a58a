"""What agreement is reckoned from: how often values were given, counted where they are stored."""

from __future__ import annotations

from collections import defaultdict

from app.domain.agreement import Tally
from app.storage.database import Session

_EACH_TWO = 'one.coder COLLATE "C" < other.coder COLLATE "C"'
_ONE_WITH_EACH = "one.coder = %(coder)s AND other.coder <> %(coder)s"


def tally(db: Session, field_id: int) -> Tally:
    """How often values were given in a field. The values are read once, however many coders there are."""
    row = db.one(
        "WITH given AS MATERIALIZED (SELECT item, value, count(*) AS n FROM annotation_values"
        "  WHERE field_id = %(field_id)s GROUP BY item, value),"
        " shared AS MATERIALIZED (SELECT item, sum(n)::bigint AS size, sum(n * n)::bigint AS squares FROM given"
        "  GROUP BY item HAVING sum(n) > 1),"
        " sized AS (SELECT size, count(*) AS items, sum(squares)::bigint AS squares FROM shared GROUP BY size),"
        " valued AS (SELECT sum(n)::bigint AS n FROM given JOIN shared USING (item) GROUP BY value)"
        " SELECT coalesce((SELECT json_agg(json_build_array(size, items, squares)) FROM sized), '[]') AS sizes,"
        " coalesce(sum(n), 0)::bigint AS values, coalesce(sum(n * n), 0)::bigint AS squares FROM valued",
        field_id=field_id,
    )
    return Tally([(size, items, squares) for size, items, squares in row["sizes"]], row["values"], row["squares"])


Together = dict[tuple[str, str], dict[tuple[str, str], int]]
"""For two coders: how often the first gave the one value where the second gave the other."""


def together(db: Session, field_id: int, coder: str | None) -> Together:
    """What one coder and each of the others gave to the same items in a field; without a coder, each two of them."""
    rows = db.many(
        "SELECT one.coder AS first, other.coder AS second, one.value AS given, other.value AS instead, count(*) AS n"
        " FROM annotation_values one JOIN annotation_values other USING (field_id, item)"
        f" WHERE field_id = %(field_id)s AND {_EACH_TWO if coder is None else _ONE_WITH_EACH} GROUP BY 1, 2, 3, 4",
        field_id=field_id,
        coder=coder,
    )
    found: Together = defaultdict(dict)
    for row in rows:
        found[row["first"], row["second"]][row["given"], row["instead"]] = row["n"]
    return found
