"""The commands that make datasets: dataset import and dataset run."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.arguments import Commands, add_command, add_group, option
from app.domain.errors import UserError
from app.local.installation import local_environment
from app.local.instance import find_instance, start_instance, stop_instance

if TYPE_CHECKING:
    from app.domain.dataset import Dataset
    from app.domain.user import User
    from app.services.context import Context


def add_commands(commands: Commands) -> None:
    """Declare them."""
    group = add_group(commands, "dataset", "Make datasets.")
    bring = add_command(
        group,
        "import",
        import_file,
        "Make a dataset of a file of posts. What is not said about its columns is guessed.",
        "dataset import posts.csv\n"
        "dataset import posts.csv --label 'My posts' body=text timestamp=created_at author=user",
    )
    bring.add_argument("file", type=Path, metavar="FILE", help="a CSV, TSV, XLSX, JSON or NDJSON file")
    bring.add_argument("--label", help="what to call the dataset (normally: the file's name)")
    bring.add_argument(
        "--pseudonymise",
        default="none",
        choices=("none", "pseudonymise", "anonymise"),
        help="whether the names of authors are kept, replaced by codes, or removed",
    )
    _add_shared(bring)

    run = add_command(
        group,
        "run",
        run_analysis,
        "Run an analysis on a dataset.",
        "dataset run 7a5c01d2b96e4f83a1c0f5d2e8b7a694 count-posts timeframe=week",
    )
    run.add_argument("key", metavar="KEY", help="the dataset's key, the last part of its page's address")
    run.add_argument("type", metavar="TYPE", help="the analysis, such as count-posts")
    _add_shared(run)


def _add_shared(command: argparse.ArgumentParser) -> None:
    command.add_argument("options", nargs="*", type=option, metavar="option=value", help="an option and its value")
    command.add_argument("--user", metavar="NAME", help="for whom (normally: the first administrator)")
    command.add_argument("--no-wait", action="store_true", help="print the key and do not wait for the result")


def import_file(asked: argparse.Namespace) -> int:
    """Upload a file and make a dataset of it."""
    if not asked.file.is_file():
        raise UserError(f"There is no file {asked.file}.")
    with _working(asked) as (ctx, actor):
        from app.local.capture import capture_file

        made = capture_file(
            ctx, actor, asked.file, dict(asked.options), label=asked.label, pseudonymise=asked.pseudonymise
        )
        return _finish(ctx, actor, made, asked)


def run_analysis(asked: argparse.Namespace) -> int:
    """Run an analysis on a dataset."""
    with _working(asked) as (ctx, actor):
        from app.services.run import run_processor

        made, is_new = run_processor(ctx, actor, asked.key, asked.type, dict(asked.options))
        if not is_new:
            print("This analysis has been made already; here it is.", file=sys.stderr)
        return _finish(ctx, actor, made, asked)


def _finish(ctx: Context, actor: User, made: Dataset, asked: argparse.Namespace) -> int:
    """Wait for the result if that is wanted; the key goes to stdout, all else to stderr."""
    from app.local.progress import Board, wait_for

    last: Any = made
    if not asked.no_wait:
        last = wait_for(ctx, actor, made.top, [made.key], Board(sys.stderr))[0]
        rows = f", {last.rows:,} rows" if last.rows is not None else ""
        print(f"{last.label}: {last.status}{rows}. {last.message}", file=sys.stderr)
        for warning in last.warnings:
            print(f"  note: {warning}", file=sys.stderr)
    print(made.key)
    return int(not asked.no_wait and last.status != "finished")


@contextlib.contextmanager
def _working(asked: argparse.Namespace) -> Iterator[tuple[Context, User]]:
    """The installation with somebody to act for, and with workers, when the result is waited for and none run."""
    environment = local_environment(asked.data)
    folder = Path(environment["DATA_DIR"])
    needs_workers = not asked.no_wait and find_instance(folder) is None and _is_embedded(environment)
    if needs_workers:
        start_instance(folder, None, bound=True, parts=("worker", "scheduler"))
    try:
        from app.local.opening import open_installation
        from app.services.user import find_operator

        with open_installation(environment) as ctx:
            yield ctx, find_operator(ctx, asked.user)
    finally:
        if needs_workers:
            stop_instance(folder)


def _is_embedded(environment: dict[str, str]) -> bool:
    return not (environment.get("DATABASE_URL", "").strip() and environment.get("REDIS_URL", "").strip())
