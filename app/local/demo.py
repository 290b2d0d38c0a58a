"""The demonstration: a dataset of real posts and a tree of analyses, made as a user would make them.

Run as a program of its own beside a tool that runs: `python -m app.local.demo DATA_DIR URL stay|exit [FILE]`.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from app.domain.dataset import Dataset, Status
from app.domain.errors import Conflict, FourcatError
from app.domain.user import User
from app.local.capture import capture_file
from app.local.demo_corpus import obtain_corpus
from app.local.demo_tree import Plant, look, plan
from app.local.installation import local_environment
from app.local.opening import open_installation
from app.local.progress import Board, depths_of, wait_for
from app.services.context import Context
from app.services.dataset import lineage
from app.services.run import run_processor
from app.services.user import create_user, set_password

NAME = "demo"
_CORPUS_LABEL = "Tweets of the 2016 US election"


def main(arguments: Sequence[str]) -> int:
    """Do the demonstration; the exit status is 0 only if every dataset was finished."""
    data_dir, url, end, *files = arguments
    try:
        with open_installation(local_environment(Path(data_dir))) as ctx:
            return demonstrate(ctx, Path(files[0]) if files else None, url, stays=end == "stay")
    except FourcatError as error:
        return say_failure(error)
    except KeyboardInterrupt:
        return 130


def demonstrate(ctx: Context, file: Path | None, url: str, *, stays: bool) -> int:
    """Make the dataset, run the tree on it, and say how it went."""
    actor, password = make_user(ctx)
    if file is None:
        print("Fetching a corpus of tweets ...", flush=True)
        made = capture_file(ctx, actor, obtain_corpus(ctx.settings.data_dir), {}, label=_CORPUS_LABEL)
    else:
        made = capture_file(ctx, actor, file, {})
    family = grow(ctx, actor, made, lambda table: plan(look(table)))
    if stays:
        print(f"\nLook at it at {url}/datasets/{made.key}")
        print(f"Sign in as {NAME} with the password {password}")
        print("Ctrl-C stops 4CAT.")
    return say_result(family)


def grow(ctx: Context, actor: User, made: Dataset, choose: Callable[[Path], Sequence[Plant]]) -> list[Dataset]:
    """Wait for a dataset, run the analyses that are chosen by its table, and print how each has ended; all of them."""
    board = Board()
    captured = wait_for(ctx, actor, made.key, [made.key], board)[0]
    if captured.status is Status.FINISHED:
        for plant in choose(_table_of(ctx, captured)):
            _sow(ctx, actor, captured.key, plant)
    keys = _in_tree_order(lineage(ctx, actor, made.key))
    family = wait_for(ctx, actor, made.key, keys, board)
    _print_table(family)
    return family


def say_result(family: Sequence[Dataset]) -> int:
    """Print the last line; the exit status is 0 only if every dataset was finished."""
    finished = sum(dataset.status is Status.FINISHED for dataset in family)
    print(f"demo: {finished} datasets finished, {len(family) - finished} failed", flush=True)
    return int(finished != len(family))


def say_failure(error: FourcatError) -> int:
    """Print why there is no dataset, and the last line; the exit status."""
    print(f"4cat: {error.message}", file=sys.stderr)
    print("demo: 0 datasets finished, 1 failed", flush=True)
    return 1


def make_user(ctx: Context) -> tuple[User, str]:
    """The administrator of the demonstration, with a new password."""
    password = secrets.token_urlsafe(9)
    try:
        return create_user(ctx, NAME, password, is_admin=True), password
    except Conflict:
        return set_password(ctx, NAME, password, is_admin=True), password


def _table_of(ctx: Context, dataset: Dataset) -> Path:
    if dataset.result is None:
        raise FourcatError(f"{dataset.label} is finished and has no result.")
    return ctx.files.local(dataset.result.files["table"])


def _sow(ctx: Context, actor: User, parent: str, plant: Plant) -> None:
    """Ask for an analysis and for those on its result, which wait for it."""
    made, _ = run_processor(ctx, actor, parent, plant.type, plant.options)
    for child in plant.then:
        _sow(ctx, actor, made.key, child)


def _in_tree_order(family: Sequence[Dataset]) -> list[str]:
    """The keys, each dataset followed by what was made from it."""

    def below(parent: str | None) -> list[str]:
        found = [dataset.key for dataset in family if dataset.parent == parent]
        return [key for child in found for key in (child, *below(child))]

    return below(None)


def _print_table(family: Sequence[Dataset]) -> None:
    depths = depths_of({dataset.key: dataset for dataset in family})
    print(f"\n{'dataset':<44} {'status':<10} {'rows':>9} {'seconds':>8}")
    for dataset in family:
        name = "  " * depths[dataset.key] + dataset.label
        rows = f"{dataset.rows:,}" if dataset.rows is not None else "-"
        seconds = f"{dataset.seconds:.1f}" if dataset.seconds is not None else "-"
        print(f"{name:<44.44} {dataset.status!s:<10} {rows:>9} {seconds:>8}")
    for dataset in family:
        if dataset.status is not Status.FINISHED:
            print(f"{dataset.label} is {dataset.status}: {dataset.message}")
        for warning in dataset.warnings:
            print(f"{dataset.label}: {warning}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
