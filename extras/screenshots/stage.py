"""The installation that is shown: two datasets of the demonstration, three people, annotations, and what they share."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.domain.dataset import Dataset, Kind, Result, Status
from app.domain.errors import FourcatError
from app.domain.share import Role
from app.domain.user import User
from app.local.capture import capture_file
from app.local.installation import local_environment
from app.local.opening import open_installation
from app.local.progress import Board, wait_for
from app.services.access_request import request_access
from app.services.annotation import create_field, save_item
from app.services.bulk import do_to_all
from app.services.context import Context
from app.services.dataset import lineage
from app.services.items import page
from app.services.notification import send
from app.services.run import run_processor
from app.services.share import share_dataset
from app.services.site_setting import change_site_settings
from app.services.user import create_user, set_password
from app.services.user_tag import assign_tag
from app.storage import dataset as datasets

ADMINISTRATOR = "demo"
CODERS = ("ann", "bob")
PASSWORD = "a picture of a password"  # noqa: S105 - of an installation that lasts for minutes
_TEXTS = {
    "texts.about": "This site is for staff and students of **Example University**.\n\n## Who may use it\n\n"
    "- everybody with an account of the university;\n- guests, for the time of a project.\n\n"
    "> Datasets go after 180 days, unless you keep them.",
    "texts.news": "**28 November 2026** Posts of Threads can be imported.\n\n**2 November 2026** The archive of boards"
    " goes back to 2016 now.",
    "texts.contact": "the Media Lab, lab@university.example",
    "pages.data-policy": "# Data policy\n\nWe keep as little as we can, for as long as a project needs it.\n\n"
    "## What is stored\n\n1. posts that you have captured or uploaded;\n2. what you have made of them.\n\n"
    "## Names of authors\n\nReplace them by codes when you make a dataset, unless your question is about persons.",
}
_STANCES = ("for", "against", "neither")
_CODED = 24


@dataclass(frozen=True)
class Stage:
    """The keys of what is shown: captures, and results by the type of their analysis."""

    posts: str
    board: str
    results: dict[str, str]


def fill(data: Path) -> Stage:
    """Run both demonstrations beside an installation that runs in `data`, and let people work on them."""
    for more in ((), ("--imageboard",)):
        subprocess.run([sys.executable, "-m", "app.cli", "demo", "--exit", "--data", str(data), *more], check=True)
    with open_installation(local_environment(data)) as ctx:
        return _people(ctx)


def _people(ctx: Context) -> Stage:
    admin = set_password(ctx, ADMINISTRATOR, PASSWORD)
    captures = [made for made in _finished(ctx) if made.parent is None]
    posts = next(made for made in captures if made.datasource == "upload")
    board = next(made for made in captures if made.datasource != "upload")
    ann, bob = (assign_tag(ctx, admin, create_user(ctx, name, PASSWORD).name, "newsroom") for name in CODERS)
    share_dataset(ctx, admin, posts.key, Role.OWNER, user="ann")
    share_dataset(ctx, admin, posts.key, Role.VIEWER, tag="newsroom")
    do_to_all(ctx, admin, [posts.key], "favourite")
    do_to_all(ctx, admin, [posts.key, board.key], "tag", tags=["election"])
    _annotate(ctx, admin, posts, (ann, bob))
    network = _network(ctx, admin, posts)
    change_site_settings(ctx, admin, {"accounts.requests": True, **_TEXTS})
    request_access(ctx, "Cleo", "cleo@university.example", "Media Studies", "A thesis on memes of the 2016 election.")
    send(ctx, admin, "The archive is read anew on Friday from 18:00 to 20:00. Searches wait until then.", user="bob")
    family = [*lineage(ctx, admin, board.key), *lineage(ctx, admin, posts.key), network]
    return Stage(posts.key, board.key, {made.type: made.key for made in family if made.status is Status.FINISHED})


def _network(ctx: Context, admin: User, posts: Dataset) -> Dataset:
    """A network of the hashtags in the texts of posts, which their table does not have in a column of their own."""
    import polars as pl

    table = pl.read_parquet(ctx.files.local(_result(posts).files["table"]))
    tags = pl.col("body").str.extract_all(r"#\w+").list.join(",").str.replace_all("#", "")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hashtags.csv"
        table.select("id", "timestamp", "author", "body", tags.alias("hashtags")).write_csv(path)
        made = capture_file(ctx, admin, path, {}, label="The same tweets, with their hashtags")
    network, _ = run_processor(ctx, admin, made.key, "cotag-network", {"column": "hashtags", "min_weight": 2})
    return wait_for(ctx, admin, made.key, [network.key], Board())[0]


def _result(dataset: Dataset) -> Result:
    if dataset.result is None:
        raise FourcatError(f"{dataset.label} has no result.")
    return dataset.result


def _finished(ctx: Context) -> list[Dataset]:
    rows = ctx.database.many("SELECT key FROM datasets WHERE kind = %(kind)s ORDER BY id", kind=str(Kind.TABLE))
    return [found for row in rows if (found := datasets.get(ctx.database, row["key"])).status is Status.FINISHED]


def _annotate(ctx: Context, admin: User, posts: Dataset, coders: tuple[User, User]) -> None:
    """Two coders who agree on five of six posts."""
    asked = {"help": "", "is_blind": False, "is_open": True}
    stance = create_field(ctx, admin, posts.key, name="stance", kind="choice", choices=_STANCES, **asked)
    irony = create_field(ctx, admin, posts.key, name="ironic", kind="checkbox", choices=(), **asked)
    found = page(ctx, admin, posts.key, limit=_CODED)
    for number, item in enumerate(found.rows):
        for coder in coders:
            differs = coder is coders[1] and number % 6 == 0
            values = {stance.id: _STANCES[(number + differs) % len(_STANCES)]}
            if number % 4 == 0:
                values[irony.id] = "yes"
            save_item(ctx, coder, posts.key, str(item["id"]), values)
