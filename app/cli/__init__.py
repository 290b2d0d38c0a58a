"""The command line: `./4cat COMMAND`, or `python -m app.cli COMMAND`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from app.cli import backup, data, manage, run, setting
from app.cli.arguments import option
from app.domain.errors import FourcatError, InvalidInput

_EPILOG = """\
examples:
  ./4cat demo                     see it work: real posts, a tree of analyses, in your browser
  ./4cat up                       run the tool here; Ctrl-C stops it
  ./4cat start                    run it in the background; ./4cat stop ends it
  ./4cat user create ann --admin  make an administrator
  ./4cat doctor                   find out what is wrong

Everything is kept in the folder data beside this program; --data DIR names another one.
./4cat COMMAND --help explains a command. docs/settings.md lists the settings.
"""


def make_parser() -> argparse.ArgumentParser:
    """The parser with every command."""
    parser = argparse.ArgumentParser(
        prog="4cat",
        description="4CAT captures posts from online platforms and analyses them.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    run.add_commands(commands)
    manage.add_commands(commands)
    data.add_commands(commands)
    setting.add_commands(commands)
    backup.add_commands(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given[:1] == ["test"] and given[1:] not in (["--help"], ["-h"]):
            return run.run_tests(given[1:])
        asked = _parse(make_parser(), given)
        return int(asked.do(asked))
    except InvalidInput as error:
        for field, texts in error.fields.items():
            print(f"4cat: {field}: {' '.join(texts)}", file=sys.stderr)
        return 2
    except FourcatError as error:
        print(f"4cat: {error.message}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parse(parser: argparse.ArgumentParser, given: Sequence[str]) -> argparse.Namespace:
    """Read the command line; `option=value` may also stand after arguments that begin with two hyphens."""
    asked, rest = parser.parse_known_args(given)
    if rest and (not hasattr(asked, "options") or any(part.startswith("-") or "=" not in part for part in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    for part in rest:
        asked.options.append(option(part))
    return asked
