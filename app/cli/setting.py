"""The commands for what is set while the tool runs: setting list, get, set and unset."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.cli.arguments import Commands, add_command, add_group
from app.local.installation import local_environment

if TYPE_CHECKING:
    from app.domain.user import User
    from app.services.context import Context

_WIDTH = 60


def add_commands(commands: Commands) -> None:
    """Declare them."""
    group = add_group(commands, "setting", "Change what is set while the tool runs.")
    listing = add_command(
        group,
        "list",
        list_settings,
        "List the settings, what counts for each, and where that comes from.",
        "setting list\nsetting list max_workers",
    )
    listing.add_argument("part", nargs="?", default="", metavar="PART", help="only those whose name holds this")
    get = add_command(
        group,
        "get",
        get_setting,
        "Print what counts for one setting.",
        "setting get workers.wordcloud.max_workers",
    )
    change = add_command(
        group,
        "set",
        set_setting,
        "Set one setting, for all machines and without a restart.",
        "setting set workers.wordcloud.max_workers 4\nsetting set limits.stored_mb 50000\n"
        "setting set fourchan.boards pol,g:300",
    )
    unset = add_command(
        group, "unset", unset_setting, "Let the default of a setting count again.", "setting unset limits.open_jobs"
    )
    for command in (get, change, unset):
        command.add_argument("name", metavar="NAME", help="the name, such as limits.open_jobs")
    change.add_argument("value", metavar="VALUE", help="a number, yes or no, or a text, as it takes")


def list_settings(asked: argparse.Namespace) -> int:
    """Print a line for each setting."""
    from app.services.site_setting import list_site_settings

    with _working(asked) as (ctx, actor):
        found = [setting for setting in list_site_settings(ctx, actor) if asked.part in setting.name]
    width = max((len(setting.name) for setting in found), default=0)
    for setting in found:
        where = f"set; the default is {_short(setting.default)}" if setting.is_set else f"default: {setting.origin}"
        ignored = f"; {setting.ignored!r} is stored, but will not do" if setting.ignored is not None else ""
        print(f"{setting.name:<{width}}  {_short(setting.value):>8} {setting.unit:<7}  {where}{ignored}")
    return 0


def get_setting(asked: argparse.Namespace) -> int:
    """Print the value alone."""
    from app.services.site_setting import get_site_setting

    with _working(asked) as (ctx, actor):
        print(_said(get_site_setting(ctx, actor, asked.name).value))
    return 0


def set_setting(asked: argparse.Namespace) -> int:
    """Set it."""
    from app.services.site_setting import set_site_setting

    with _working(asked) as (ctx, actor):
        done = set_site_setting(ctx, actor, asked.name, asked.value)
    print(f"{done.name} is {_short(done.value)} now. The default is {_short(done.default)} ({done.origin}).")
    return 0


def unset_setting(asked: argparse.Namespace) -> int:
    """Forget what has been set."""
    from app.services.site_setting import unset_site_setting

    with _working(asked) as (ctx, actor):
        done = unset_site_setting(ctx, actor, asked.name)
    print(f"{done.name} is {_short(done.value)}, the default ({done.origin}).")
    return 0


def _short(value: object) -> str:
    """A value on one line: of a long text how it begins."""
    said = _said(value)
    first = said.strip().partition("\n")[0]
    return said if said == first and len(said) <= _WIDTH else f"{first[:_WIDTH]}…"


def _said(value: object) -> str:
    """A value as it would be typed."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value) or '""'


@contextlib.contextmanager
def _working(asked: argparse.Namespace) -> Iterator[tuple[Context, User]]:
    """The installation, opened, and the administrator for whom the command acts."""
    from app.local.opening import open_installation
    from app.services.user import find_operator

    with open_installation(local_environment(asked.data)) as ctx:
        yield ctx, find_operator(ctx)
