"""An installation on this machine: its environment, and its servers for as long as one command needs them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from app.local.folder import open_folder, read_secrets
from app.local.procfile import ROOT
from app.local.servers import EmbeddedServers, find_servers
from app.settings import Settings, read_environment

_LATER = {"DATABASE_URL": "postgresql://later/x", "REDIS_URL": "redis://later"}


def local_environment(data_dir: Path | None = None, port: int | None = None) -> dict[str, str]:
    """The environment of this installation's processes, without the addresses of servers still to be started.

    What the operator has set stands. The rest is filled in: the data folder is the one given, or `data` beside the
    tool, and the two keys are those kept in it.

    :raises SettingsError: naming the variable that is wrong
    """
    environment = read_environment(ROOT)
    if data_dir is not None:
        environment["DATA_DIR"] = str(data_dir.absolute())
    folder = Path(environment.get("DATA_DIR", "").strip() or "data")
    folder = (ROOT / folder).absolute()
    environment["DATA_DIR"] = str(folder)
    if port is not None:
        environment["PORT"] = str(port)
    secrets = read_secrets(open_folder(folder))
    for name, value in (("SECRET_KEY", secrets.secret_key), ("PSEUDONYM_KEY", secrets.pseudonym_key)):
        if not environment.get(name, "").strip():
            environment[name] = value
    settings = planned_settings(environment)
    environment["HOST"], environment["PORT"] = settings.host, str(settings.port)
    return environment


def planned_settings(environment: dict[str, str]) -> Settings:
    """The settings before the servers run: whatever depends on their addresses must not be used yet."""
    missing = {name: value for name, value in _LATER.items() if not environment.get(name, "").strip()}
    return Settings.from_env({**environment, **missing})


def make_servers(environment: dict[str, str]) -> EmbeddedServers:
    """The servers that this installation has to run itself: those whose address is not set."""
    urls = (environment.get(name, "").strip() or None for name in _LATER)
    return EmbeddedServers(Path(environment["DATA_DIR"]), *urls)


@contextlib.contextmanager
def servers_for_command(environment: dict[str, str]) -> Iterator[Settings]:
    """Reach the servers of an installation that runs, or run them while the block lasts; gives the settings."""
    if all(environment.get(name, "").strip() for name in _LATER):
        yield Settings.from_env(environment)
        return
    found = find_servers(Path(environment["DATA_DIR"]))
    if found is not None:
        yield Settings.from_env(with_addresses(environment, found))
        return
    servers = make_servers(environment)
    try:
        yield Settings.from_env(with_addresses(environment, servers.start()))
    finally:
        servers.stop()


def with_addresses(environment: dict[str, str], addresses: tuple[str, str]) -> dict[str, str]:
    """The environment with the addresses of database and Redis, where the operator has not set them."""
    found = dict(zip(_LATER, addresses, strict=True))
    return {**environment, **{name: environment.get(name, "").strip() or url for name, url in found.items()}}
