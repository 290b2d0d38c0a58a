"""Import dumps of 4chan's archives, and export posts: `python extras/import_4chan.py --help`."""

from __future__ import annotations

import argparse
import contextlib
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psycopg2

from app.domain.errors import FourcatError
from app.local.installation import local_environment, servers_for_command
from app.storage.migrate import migrate
from datasources._imageboard.store.indexes import make_search_indexes
from extras.fourchan_dumps.export import Selection, export_posts
from extras.fourchan_dumps.importing import Wanted, import_dump, summary
from extras.fourchan_dumps.opening import UNREADABLE, board_of
from extras.fourchan_dumps.record import DumpError

_ABOUT = """Import a dump of a 4chan archive (4plebs, archived.moe) into the posts of the data source fourchan.

  python extras/import_4chan.py pol.csv.tar.gz
  python extras/import_4chan.py dump.csv --board g
  python extras/import_4chan.py ck.db --board ck --table ck
  python extras/import_4chan.py export --board g --from 2020-01-01 --to 2020-02-01 --format ndjson g.ndjson
  python extras/import_4chan.py indexes

A dump is CSV (also packed: .gz, .bz2, .xz, and a .tar of these) or SQLite. An import that was broken off goes on
where it was when it is started again with the same file. Ghost posts, which were written on the archive only, are left
out, and so are posts that are there already. What cannot be read is counted and listed with its line and the reason.

`export` writes posts to a file; `indexes` makes search indexes that an import has left missing. The posts are those of
DATABASE_URL, or else of the installation in the data folder (DATA_DIR or --data).
docs/import_4chan.md has more."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments ask for; the exit status: 0 done, 1 went wrong, 2 not understood, 130 stopped."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given:
        print(_ABOUT, file=sys.stderr)
        return 2
    command = given[0] if given[0] in _COMMANDS else "import"
    parser, act = _COMMANDS[command]
    asked = parser().parse_args(given[1:] if given[0] == command else given)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return act(asked)
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130
    except (FourcatError, *UNREADABLE) as error:
        print(f"\n{error}", file=sys.stderr)
    except psycopg2.Error as error:
        print(f"\nThe database: {str(error).strip()} The same command goes on from here.", file=sys.stderr)
    return 1


@contextlib.contextmanager
def _database(asked: argparse.Namespace) -> Iterator[str]:
    """The address of the installation's database, with its tables; its server runs at least as long as the block."""
    with servers_for_command(local_environment(asked.data)) as settings:
        migrate(settings.database_url)
        yield settings.database_url


def _import(asked: argparse.Namespace) -> int:
    path: Path = asked.file
    if not path.is_file():
        raise DumpError(f"There is no file {path}.")
    board = asked.board or board_of(path)
    if board is None:
        raise DumpError("The file's name does not tell the board. Say it: --board pol")
    if not re.fullmatch(r"[a-z0-9]{1,12}", board):
        raise DumpError(f"A board is letters and digits, such as pol, not {board}.")
    faults = asked.unreadable or _beside(path)
    wanted = Wanted(path, board, asked.new_york_times, asked.table, asked.again, asked.indexes, faults)
    print(f"Importing {path.name} into /{board}/.", file=sys.stderr)
    with _database(asked) as url:
        progress = import_dump(url, wanted, _say, _show())
    if progress is None:
        return 0
    print(f"\nDone: {summary(progress.counts)}.", file=sys.stderr)
    if progress.counts["unreadable"]:
        print(f"What could not be read is listed in {faults}.", file=sys.stderr)
    return 0


def _beside(path: Path) -> Path:
    """Where to list what cannot be read: beside the dump, or here when that folder cannot be written to."""
    name = f"{path.name}.unreadable.txt"
    beside = path.with_name(name)
    try:
        with beside.open("a"):
            pass
        if not beside.stat().st_size:
            beside.unlink()
    except OSError:
        return Path(name)
    return beside


def _export(asked: argparse.Namespace) -> int:
    selection = Selection("fourchan", asked.board, asked.since, asked.until)
    with _database(asked) as url:
        if str(asked.file) == "-":
            done = export_posts(url, selection, asked.format, sys.stdout, lambda _: None)
        else:
            with asked.file.open("w", encoding="utf-8", newline="") as out:
                done = export_posts(url, selection, asked.format, out, _show())
    print(f"\nDone: {done:,} posts.", file=sys.stderr)
    return 0


def _indexes(asked: argparse.Namespace) -> int:
    with _database(asked) as url:
        make_search_indexes(url, _say)
    return 0


def _say(line: str) -> None:
    print(f"\n{line}" if sys.stderr.isatty() else line, file=sys.stderr, flush=True)


def _show() -> Callable[[str], None]:
    """Shows progress: on a terminal one line that is written over, elsewhere nothing but the last."""
    if not sys.stderr.isatty():
        return lambda _: None
    return lambda line: print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


def _import_parser() -> argparse.ArgumentParser:
    parser = _parser("import_4chan.py", _ABOUT)
    parser.add_argument("file", type=Path, help="the dump")
    parser.add_argument("--board", help="the board (normally: what the file's name says)")
    parser.add_argument("--table", help="the table of a SQLite dump (normally: the one that has its columns)")
    parser.add_argument(
        "--new-york-times",
        action="store_true",
        help="correct times that are the time of day in New York written as if it were UTC, as some archives kept them:"
        " compare one post with its date on the archive's page; 4 or 5 hours too early means yes",
    )
    parser.add_argument(
        "--indexes",
        choices=("auto", "keep", "rebuild", "later"),
        default="auto",
        help="keep the search indexes up with each post, or take them away and rebuild them at the end, which is faster"
        " for large dumps (normally: whichever is likely to be faster); or later, once for several dumps, by the"
        " command indexes",
    )
    parser.add_argument("--again", action="store_true", help="read the file from its beginning once more")
    parser.add_argument("--unreadable", type=Path, help="where to list what cannot be read (normally: beside the file)")
    return parser


def _export_parser() -> argparse.ArgumentParser:
    parser = _parser("import_4chan.py export", "Write the posts of a board to a file; - is the standard output.")
    parser.add_argument("file", type=Path, help="the file to write")
    parser.add_argument("--board", required=True)
    parser.add_argument("--from", dest="since", type=date.fromisoformat, metavar="YYYY-MM-DD", help="first day (UTC)")
    parser.add_argument(
        "--to", dest="until", type=date.fromisoformat, metavar="YYYY-MM-DD", help="the day before which it ends"
    )
    parser.add_argument("--format", choices=("ndjson", "csv"), default="ndjson")
    return parser


def _indexes_parser() -> argparse.ArgumentParser:
    return _parser("import_4chan.py indexes", "Make the search indexes that are missing.")


def _parser(program: str, about: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        program, description=about, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--data", type=Path, help="the data folder of the installation")
    return parser


_COMMANDS: dict[str, tuple[Callable[[], argparse.ArgumentParser], Callable[[argparse.Namespace], int]]] = {
    "import": (_import_parser, _import),
    "export": (_export_parser, _export),
    "indexes": (_indexes_parser, _indexes),
}

if __name__ == "__main__":
    sys.exit(main())
