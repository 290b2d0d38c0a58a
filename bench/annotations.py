"""What many values of many coders cost: how far the coders agree, and in which state all of it is.

    python -m bench.annotations [--values 100000] [--coders 30] [--rounds 5] [--write docs/scale.md]

The plain way is what one would write first: read all values, compare each two coders over all items, and hash all of
it to see whether it has changed. Ours counts in the database and keeps the state by triggers; what these cost where
values are noted down is measured too, against the same without them. Each figure is the median of the rounds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

from app.domain.agreement import pair_of
from app.domain.user import User
from app.services.annotation_agreement import agreements
from app.services.annotation_view import state_of, view_of
from app.services.context import Context
from app.services.user import create_user
from app.storage import annotation as stored
from app.storage import dataset as datasets
from bench._installation import servers
from bench._tables import Report

KEY = "bench"
HASH = (
    "SELECT encode(sha256(convert_to(string_agg(concat_ws(E'\\x1f', item, coder, value), E'\\x1e'"
    " ORDER BY field_id, item, coder), 'UTF8')), 'hex') AS sha256 FROM annotation_values"
)


def fill(ctx: Context, owner: User, values: int, coders: int) -> int:
    """A dataset with one field, in which each of the coders has coded every item; the field."""
    ctx.database.run(
        "INSERT INTO datasets (key, type, datasource, top, acts_as, label, owner_id, status, kind, columns)"
        " VALUES (%(key)s, 'upload', 'upload', %(key)s, 'items', 'Posts', %(owner)s, 'finished', 'table', '[\"id\"]')",
        key=KEY,
        owner=owner.id,
    )
    with ctx.database.transaction() as tx:
        field = stored.insert_field(
            tx,
            KEY,
            KEY,
            {"name": "stance", "kind": "text", "choices": (), "help": "", "is_blind": False, "is_open": True},
        )
        tx.run(
            "INSERT INTO annotation_values (field_id, item, coder, value)"
            " SELECT %(field)s, item::text, 'coder ' || coder, (ARRAY['pro', 'con', 'neither', 'unclear'])"
            "[1 + CASE WHEN random() < 0.7 THEN item ELSE (random() * 3)::int END %% 4]"
            " FROM generate_series(1, %(items)s) item, generate_series(1, %(coders)s) coder",
            field=field,
            items=values // coders,
            coders=coders,
        )
    ctx.database.run("ANALYZE")
    assert field is not None
    return field


def plain_agreement(ctx: Context, field: int) -> int:
    """Each two coders over all items, as one would write it first; how many pairs."""
    units: dict[str, dict[str, str]] = defaultdict(dict)
    with ctx.database.transaction() as tx:
        for rows in stored.stream_codes(tx, [field], [], ""):
            for row in rows:
                units[row["item"]][row["coder"]] = row["value"]
    names = sorted({coder for unit in units.values() for coder in unit})
    pairs = [
        pair_of(one, two, Counter((unit[one], unit[two]) for unit in units.values() if one in unit and two in unit))
        for one, two in combinations(names, 2)
    ]
    return len(pairs)


def median(work: Callable[[], object], rounds: int) -> float:
    """Milliseconds that some work takes."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


def note_down(ctx: Context, field: int, item: str, count: int) -> None:
    """Note down so many values, each by itself, as coders do."""
    for number in range(count):
        with ctx.database.transaction() as tx:
            stored.save(tx, [(field, item, f"coder {1 + number % 30}", f"value {time.monotonic_ns()}", None)])


def main() -> None:
    """Measure, print, and write down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--values", type=int, default=100_000)
    parser.add_argument("--coders", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, metavar="DOCUMENT")
    given = parser.parse_args()
    with servers() as (ctx, _):
        owner = create_user(ctx, "owner", "for a benchmark", is_admin=True)
        field = fill(ctx, owner, given.values, given.coders)
        view = view_of(ctx.database, owner, datasets.get(ctx.database, KEY))
        rounds = given.rounds

        def compared() -> object:
            return agreements(ctx, owner, KEY, coder="coder 7")

        measured = [
            (
                "how far coders agree",
                median(lambda: plain_agreement(ctx, field), rounds),
                median(lambda: agreements(ctx, owner, KEY), rounds),
            ),
            (
                "the same, one coder beside each of the others",
                median(lambda: plain_agreement(ctx, field), rounds),
                median(compared, rounds),
            ),
            (
                "the state of all values",
                median(lambda: ctx.database.one(HASH), rounds),
                median(lambda: state_of(ctx.database, view), rounds),
            ),
        ]
        with_triggers = median(lambda: note_down(ctx, field, "1", 50), rounds) / 50
        ctx.database.run("ALTER TABLE annotation_values DISABLE TRIGGER USER")
        without = median(lambda: note_down(ctx, field, "1", 50), rounds) / 50
        measured.append(("noting down one value", without, with_triggers))
        heads = (f"{given.values:,} values by {given.coders} coders", "plain, ms", "ours, ms", "ours / plain")
        rows = [(what, plain, ours, f"{ours / plain:.3f}") for what, plain, ours in measured]
        Report(given.write).table("annotations", heads, rows)


if __name__ == "__main__":
    main()
