"""How commands are declared: the arguments that several of them share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

Commands = Any
"""What argparse gives for the set of commands; it has no public name."""


def add_command(
    commands: Commands, name: str, do: Callable[[argparse.Namespace], int], about: str, examples: str = ""
) -> argparse.ArgumentParser:
    """Declare a command: what it does in one sentence, and examples, one a line."""
    epilog = "examples:\n" + "\n".join(f"  ./4cat {line.strip()}" for line in examples.strip().splitlines())
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=about[:1].lower() + about[1:].rstrip("."),
        description=about,
        epilog=epilog if examples else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--data", type=Path, metavar="DIR", help="the data folder (normally: data, beside 4cat)")
    command.set_defaults(do=do)
    return command


def add_group(commands: Commands, name: str, about: str) -> Commands:
    """Declare a word that several commands begin with, such as `user` in `user create`."""
    group = commands.add_parser(name, help=about[:1].lower() + about[1:].rstrip("."), description=about)
    return group.add_subparsers(title="commands", metavar="COMMAND", required=True)


def add_port(command: argparse.ArgumentParser) -> None:
    """Let a command be told the port."""
    command.add_argument("--port", type=_port, metavar="N", help="the port of the web server (normally: 5000)")


def option(text: str) -> tuple[str, str]:
    """Read `name=value`."""
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not an option. Write name=value, such as top=20.")
    return name.strip(), value


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port. Give a number from 1 to 65535.")
    return int(text)
