"""The commands that look after an installation: migrate, user create, token create and doctor."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.cli.arguments import Commands, add_command, add_group
from app.domain.errors import InvalidInput
from app.local.installation import local_environment, servers_for_command
from app.settings import read_environment

if TYPE_CHECKING:
    from app.services.context import Context


def add_commands(commands: Commands) -> None:
    """Declare them."""
    add_command(
        commands,
        "doctor",
        run_doctor,
        "Check every part of the installation and say how to mend what is wrong.",
        "doctor",
    )
    add_command(commands, "migrate", run_migrate, "Bring the database up to date with this version.", "migrate")

    user = add_command(
        add_group(commands, "user", "Look after users."),
        "create",
        create_user,
        "Make a user. Without --password it is asked for.",
        "user create ann --admin\nuser create bob --password 'a long sentence'",
    )
    user.add_argument("name", metavar="NAME", help="the name to sign in with")
    user.add_argument("--admin", action="store_true", help="make an administrator")
    user.add_argument("--password", metavar="P", help="the password, of at least eight characters")

    token = add_command(
        add_group(commands, "token", "Look after API tokens."),
        "create",
        create_token,
        "Make an API token for a user and print it, and nothing else. It cannot be seen again.",
        "token create ann\ntoken create ann --read-only --label notebook > token.txt",
    )
    token.add_argument("name", metavar="NAME", help="the user it speaks for")
    token.add_argument("--label", default="command line", help="a name to recognise it by")
    token.add_argument("--read-only", action="store_true", help="a token that can change nothing")
    token.add_argument("--days", type=int, default=365, metavar="N", help="for how long it is valid (normally: 365)")


def run_migrate(asked: argparse.Namespace) -> int:
    """Apply the migrations that are missing. With DATABASE_URL set, nothing else is needed."""
    from app.storage.migrate import migrate

    url = read_environment().get("DATABASE_URL", "").strip()
    with contextlib.ExitStack() as opened:
        if not url:
            url = opened.enter_context(servers_for_command(local_environment(asked.data))).database_url
        applied = migrate(url)
    print(f"Applied {', '.join(applied)}." if applied else "The database is up to date.")
    return 0


def create_user(asked: argparse.Namespace) -> int:
    """Make a user."""
    from app.services import user

    password = asked.password if asked.password is not None else _ask_password()
    with _context(asked) as ctx:
        made = user.create_user(ctx, asked.name, password, is_admin=asked.admin)
    print(f"{made.name} can sign in now{', as an administrator' if made.is_admin else ''}.")
    return 0


def create_token(asked: argparse.Namespace) -> int:
    """Make a token and print it."""
    from app.services import token, user

    with _context(asked) as ctx:
        owner = user.find_user(ctx, asked.name)
        _, secret = token.create_token(ctx, owner, asked.label, read_only=asked.read_only, days=asked.days)
    print(secret)
    return 0


def run_doctor(asked: argparse.Namespace) -> int:
    """Print what was found, one line each; the exit status is 1 when something does not work."""
    from app.local.doctor import examine

    failed = False
    for finding in examine(asked.data):
        failed = failed or finding.level == "FAIL"
        advice = f" — {finding.advice}" if finding.advice else ""
        print(f"{finding.level:<4}  {finding.name:<12}  {finding.fact}{advice}", flush=True)
    return int(failed)


@contextlib.contextmanager
def _context(asked: argparse.Namespace) -> Iterator[Context]:
    """The installation, opened, with its database up to date."""
    from app.local.opening import open_installation

    with open_installation(local_environment(asked.data)) as ctx:
        yield ctx


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise InvalidInput({"--password": ["Give a password: there is no terminal to ask for it."]})
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        raise InvalidInput({"password": ["The two passwords differ. Try again."]})
    return first
