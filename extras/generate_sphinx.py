"""Write the configuration of Sphinx for this installation: `python extras/generate_sphinx.py --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.domain.errors import FourcatError, InvalidInput
from app.local.installation import local_environment, servers_for_command
from app.services.context import Context, open_context
from app.storage.migrate import migrate
from datasources._imageboard.sphinx.configuration import (
    SphinxSource,
    all_sources,
    configuration,
    sphinx_sources,
    write_configuration,
)
from datasources._imageboard.sphinx.indexing import Indexer
from datasources._imageboard.sphinx.marks import PARTS

_ABOUT = """Write the configuration of Sphinx: one file, of this installation's settings and each source's sphinx.conf.

  python extras/generate_sphinx.py write                  # into the folder sphinx of the data folder
  python extras/generate_sphinx.py write --index          # and make the indexes, before searchd is started first
  python extras/generate_sphinx.py show --sources fourchan,lainchan
  searchd --nodetach --config data/sphinx/sphinx.conf     # then this serves them

The database is that of DATABASE_URL, or else of the installation in the data folder (DATA_DIR or --data). The sources
are those whose setting search_engine is sphinx; searchd listens at their sphinx_address:

  ./4cat setting set fourchan.search_engine sphinx
  ./4cat setting set fourchan.sphinx_address 127.0.0.1:9306

While 4CAT runs, its standing tasks index-board-posts and index-new-board-posts write the same file and make the
indexes; so this is needed only to look at the file, or to be quick. docs/imageboards.md has more."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments ask for; the exit status: 0 done, 1 went wrong, 2 not understood."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given:
        print(_ABOUT, file=sys.stderr)
        return 2
    asked = _parser().parse_args(given)
    try:
        with servers_for_command(local_environment(asked.data)) as settings:
            migrate(settings.database_url)
            ctx = open_context(settings)
            try:
                _act(ctx, asked)
            finally:
                ctx.close()
    except (FourcatError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _act(ctx: Context, asked: argparse.Namespace) -> None:
    sources = _chosen(ctx, asked)
    folder = (asked.folder or ctx.settings.data_dir / "sphinx").absolute()
    if asked.action == "show":
        print(configuration(sources, ctx.settings.database_url, folder), end="")
        return
    path = write_configuration(sources, ctx.settings.database_url, folder)
    print(f"Written: {path}, for {', '.join(source.id for source in sources)}.", file=sys.stderr)
    if asked.index:
        indexer = Indexer(ctx.database, ctx.settings.database_url, folder, lambda line: print(line, file=sys.stderr))
        for source in sources:
            for part in PARTS:
                if indexer.index(source, part, sources):
                    print(f"Indexed: {source.id}, {part}.", file=sys.stderr)


def _chosen(ctx: Context, asked: argparse.Namespace) -> list[SphinxSource]:
    """The sources that are named, or else those for which Sphinx is chosen."""
    settings = ctx.site_settings()
    found = {source.id: source for source in (all_sources if asked.sources else sphinx_sources)(settings)}
    wanted = asked.sources or list(found)
    unknown = [name for name in wanted if name not in found]
    if unknown:
        text = f"There is no imageboard called {unknown[0]}. There are: {', '.join(found)}."
        raise InvalidInput({"sources": [text]}, text)
    if not wanted:
        text = "Sphinx is chosen for no source. Choose it: ./4cat setting set fourchan.search_engine sphinx"
        raise InvalidInput({"sources": [text]}, text)
    return [replace(found[name], address=asked.listen or found[name].address) for name in wanted]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "generate_sphinx.py",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "action", choices=("write", "show"), help="write the file, or only show it (with the password!)"
    )
    parser.add_argument("--data", type=Path, help="the data folder of the installation")
    parser.add_argument(
        "--folder", type=Path, help="where file and indexes are kept (normally: sphinx in the data folder)"
    )
    parser.add_argument("--listen", metavar="HOST:PORT", help="where searchd listens (normally: what is set)")
    parser.add_argument("--sources", type=_names, metavar="NAMES", help="these sources, with commas between them")
    parser.add_argument("--index", action="store_true", help="make the indexes too")
    return parser


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


if __name__ == "__main__":
    sys.exit(main())
