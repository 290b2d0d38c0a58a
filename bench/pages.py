"""How long the server takes for each page, in the web process, with many datasets: against a page that says nothing.

    python -m bench.pages [--datasets 10000] [--rounds 40] [--check]

There are three people: one who owns half of the datasets, one with whom a fifth of those is shared, half of it by a
tag, and an administrator. Every third capture has two analyses; one has a hundred, another has a million posts. Each
page is asked for through the whole application (session, rules, database, template), in turns, and its median counts.
The empty page is the one that robots read: what every request costs before a page does anything. With `--check` the
status is 1 when a median is over 100 ms.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

from flask.testing import FlaskClient

from app.domain.dataset import Dataset
from app.domain.share import Role
from app.domain.user import User
from app.factory import create_app
from app.services.context import Context
from app.services.dataset import create_capture
from app.services.run import run_processor
from app.services.share import share_dataset
from app.services.upload import save_upload
from app.services.user import create_user
from app.services.user_tag import assign_tag
from bench._installation import managers, servers, wait_for_end
from bench._posts import posts_csv
from extras.screenshots import CONTROL_PAGES

LIMIT = 0.1
PASSWORD = "for a benchmark"
EMPTY = "/robots.txt"


def fill(ctx: Context, count: int, owner: User, other: User) -> None:
    """Many captures and analyses of them, as rows without files, shared with somebody by name and by tag."""
    ctx.database.run(
        "INSERT INTO datasets (key, type, datasource, top, acts_as, label, owner_id, is_private, status, message, rows,"
        " kind, parameters, columns, created, started, ended) SELECT md5('c' || n), 'upload', 'upload', md5('c' || n),"
        " 'items', 'Posts about ' || (ARRAY['coffee', 'tea', 'water', 'milk'])[n %% 4 + 1] || ' ' || n,"
        " CASE WHEN n %% 2 = 0 THEN %(owner)s ELSE %(other)s END, n %% 3 > 0, 'finished', 'Items captured.', n * 7,"
        " 'table', jsonb_build_object('body', 'text', 'query', md5(n::text)),"
        " (SELECT jsonb_agg('column_' || c) FROM generate_series(1, 20) c), now() - n * interval '1 minute',"
        " now(), now()"
        " FROM generate_series(1, %(count)s) n",
        count=count,
        owner=owner.id,
        other=other.id,
    )
    ctx.database.run(
        "INSERT INTO datasets (key, type, datasource, parent, top, acts_as, label, owner_id, status, message, rows,"
        " kind, parameters) SELECT md5(key || part), 'count-posts', 'upload', key, key, 'count-posts',"
        " 'Count posts over time', owner_id, 'finished', 'Rows made.', part, 'table', '{\"timeframe\": \"month\"}' FROM"
        " (SELECT key, owner_id FROM datasets WHERE parent IS NULL AND rows %% 3 = 0) c, generate_series(1, 2) part"
    )
    for kind, rest in (("user_id", 0), ("tag", 5)):
        ctx.database.run(
            f"INSERT INTO dataset_shares (dataset, {kind}, role) SELECT key, %(whom)s, 'viewer' FROM datasets"
            " WHERE parent IS NULL AND owner_id = %(owner)s AND (rows / 7) %% 10 = %(rest)s",
            whom=other.id if kind == "user_id" else "course-7",
            owner=owner.id,
            rest=rest,
        )
    ctx.database.run("INSERT INTO favourites SELECT %(owner)s, key FROM datasets WHERE rows %% 50 = 0", owner=owner.id)
    ctx.database.run("INSERT INTO dataset_tags SELECT key, 'batch ' || rows %% 40 FROM datasets WHERE parent IS NULL")
    ctx.database.run("ANALYZE")


def capture(ctx: Context, owner: User, rows: int) -> Dataset:
    """A real dataset of posts, made by the workers."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "posts.csv"
        posts_csv(rows, path)
        with path.open("rb") as stream:
            upload = save_upload(ctx, owner, f"{rows}.csv", stream)
        return wait_for_end(ctx, create_capture(ctx, owner, "upload", {}, upload_id=upload.id).key)


def with_children(ctx: Context, owner: User, capture_: Dataset, count: int) -> None:
    """Many analyses of one dataset: one real, the others rows like it."""
    first, _ = run_processor(ctx, owner, capture_.key, "count-posts", {"timeframe": "month"})
    wait_for_end(ctx, first.key)
    ctx.database.run(
        "INSERT INTO datasets (key, type, datasource, parent, top, acts_as, label, owner_id, status, message, rows,"
        " kind, result, parameters, columns, provenance, started, ended) SELECT md5(key || n), type, datasource,"
        " parent, top, acts_as, label || ' ' || n, owner_id, status, message, rows, kind, result, parameters, columns,"
        " provenance, started, ended FROM datasets, generate_series(2, %(count)s) n WHERE key = %(key)s",
        key=first.key,
        count=count,
    )


def sign_in(ctx: Context, name: str) -> FlaskClient:
    """A browser of somebody."""
    client = create_app(ctx.settings, ctx).test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)
    assert token, "no form to sign in"
    answer = client.post("/login", data={"csrf_token": token[1], "name": name, "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    return client


def pages(million: str, many: str) -> list[tuple[str, str, str]]:
    """What is asked for: who, the page in words, its address."""
    return [
        ("owner", "datasets: mine", "/datasets"),
        ("owner", "datasets: mine, by name, far down", "/datasets?order=name&cursor=3000"),
        ("owner", "datasets: favourites", "/datasets?whose=favourites"),
        ("owner", "datasets: with a tag", "/datasets?tag=batch+7"),
        ("owner", "datasets: words that few have", "/datasets?q=coffee+column_7+1204"),
        ("owner", "datasets: words that none has", "/datasets?q=chocolate"),
        ("viewer", "datasets: shared with me", "/datasets?whose=shared"),
        ("viewer", "datasets: all I may see", "/datasets?whose=all"),
        ("admin", "datasets: all, words in analyses", "/datasets?whose=all&q=count+over"),
        ("owner", "dataset with 100 children", f"/datasets/{many}"),
        ("owner", "its sharing", f"/datasets/{many}/share"),
        ("owner", "its provenance", f"/datasets/{many}/provenance"),
        ("owner", "its palette of analyses", f"/datasets/{many}/analyses"),
        ("owner", "form of an analysis", f"/datasets/{many}/analyses/tokenise-posts"),
        ("owner", "dataset of the largest table", f"/datasets/{million}"),
        ("owner", "its rows, in the middle", f"/datasets/{million}/rows?offset=400000"),
        ("owner", "its posts", f"/datasets/{million}/explore"),
        ("owner", "its posts, with a word, by likes", f"/datasets/{million}/explore?find=tea&sort=-likes"),
        ("owner", "its posts, far down", f"/datasets/{million}/explore?offset=900000"),
        ("owner", "its annotations", f"/datasets/{million}/annotations"),
        ("owner", "new dataset", "/create"),
        ("owner", "form of a search", "/create/fourchan"),
        ("owner", "data sources", "/datasources"),
        ("owner", "account", "/account"),
        ("owner", "about this site", "/about"),
        ("admin", "control panel", "/control"),
        *(("admin", f"control panel: {name}", f"/control/{name}") for name in CONTROL_PAGES),
    ]


def measure(clients: dict[str, FlaskClient], wanted: list[tuple[str, str, str]], rounds: int) -> dict[str, list[float]]:
    """The seconds that each page took, asked for in turns."""
    times: dict[str, list[float]] = {address: [] for _, _, address in [("", "", EMPTY), *wanted]}
    for number in range(rounds + 2):
        for who, _, address in [("owner", "", EMPTY), *wanted]:
            headers = {"HX-Request": "true"} if "/rows?" in address else {}
            started = time.perf_counter()
            answer = clients[who].get(address, headers=headers)
            answer.get_data()
            taken = time.perf_counter() - started
            if answer.status_code != 200:
                raise RuntimeError(f"{address} answers {answer.status_code}")
            if number >= 2:  # the first ones fill caches
                times[address].append(taken)
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--datasets", type=int, default=10_000)
    parser.add_argument("--posts", type=int, default=1_000_000, help="rows of the largest table")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--check", action="store_true", help="end with 1 when a median is over 100 ms")
    given = parser.parse_args()
    with servers() as (ctx, environ):
        people = {"owner": "ann", "viewer": "bob", "admin": "root"}
        users = {who: create_user(ctx, name, PASSWORD, is_admin=who == "admin") for who, name in people.items()}
        assign_tag(ctx, users["admin"], people["viewer"], "course-7")
        with managers(ctx, environ):
            large, many = capture(ctx, users["owner"], given.posts), capture(ctx, users["owner"], 1000)
            with_children(ctx, users["owner"], many, 100)
        share_dataset(ctx, users["owner"], many.key, Role.OWNER, user="bob")
        fill(ctx, given.datasets, users["owner"], users["viewer"])
        wanted = pages(large.key, many.key)
        clients = {who: sign_in(ctx, name) for who, name in people.items()}
        times = measure(clients, wanted, given.rounds)
    return report(wanted, times, given.datasets, check=given.check)


def report(wanted: list[tuple[str, str, str]], times: dict[str, list[float]], count: int, *, check: bool) -> int:
    """Print the table; the status to end with."""
    empty = statistics.median(times[EMPTY])
    print(f"\nServer time in ms, {count:,} captures. The empty page: {empty * 1000:.1f} ms at the median.\n")
    print("| page | median | 95 % | times the empty page |\n|---|---:|---:|---:|")
    slow = []
    for who, title, address in wanted:
        found = sorted(times[address])
        median = statistics.median(found)
        worst = found[min(round(len(found) * 0.95), len(found) - 1)]
        print(f"| {title} ({who}) | {median * 1000:.1f} | {worst * 1000:.1f} | {median / empty:.0f} |", flush=True)
        if median > LIMIT:
            slow.append(title)
    print(f"\nOver {LIMIT * 1000:.0f} ms: {', '.join(slow) or 'none'}.")
    return 1 if check and slow else 0


if __name__ == "__main__":
    sys.exit(main())
