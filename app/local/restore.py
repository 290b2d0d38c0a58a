"""Put a backup into an installation that is empty: files, keys, and then the database in one transaction.

Until that transaction is committed there is nothing but files that nobody refers to, so a restore that was interrupted
can be repeated as if it had not been.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection

from app import __version__
from app.domain.errors import Conflict, FourcatError, SettingsError, Unavailable, UserError
from app.local import postgres_client
from app.local.backup_database import (
    count_rows,
    known_settings,
    require_empty,
    require_quiet,
    server_version,
    settle,
    statements_after,
    statements_before,
)
from app.local.backup_files import Say, put_files, verify_files
from app.local.backup_folder import DATABASE, KEYS, Manifest, read_entries, read_manifest
from app.local.folder import read_secrets, write_private
from app.local.installation import local_environment, servers_for_command
from app.local.instance import find_instance
from app.local.procfile import ROOT
from app.settings import Settings, read_environment
from app.storage.connection import connect
from app.storage.files import FileStore, open_files
from app.storage.migrate import list_migrations, migrate

_PLACES = ("datasets", "uploads")


@dataclass(frozen=True)
class Restored:
    """What was restored: rows by table, files and their bytes, the migrations applied afterwards, and notes."""

    manifest: Manifest
    tables: dict[str, int]
    files: int
    bytes: int
    migrated: list[str]
    notes: list[str]


def check_backup(source: Path, say: Say) -> Manifest:
    """Make sure that this version can restore a backup and that all of it is as it was made.

    :raises UserError: when it was made by a newer version, or is damaged, naming what is
    """
    manifest = read_manifest(source)
    _require_known(manifest)
    verify_files(source, manifest, say)
    return manifest


def restore_backup(source: Path, data_dir: Path | None, say: Say, *, replace: bool = False) -> Restored:
    """Restore a backup into an empty installation, or with `replace` over what its database holds now.

    :raises UserError: when the backup or the installation is not fit for it; nothing has been changed then
    :raises Unavailable: when a part of the installation fails; the restore can be repeated
    """
    manifest = check_backup(source, say)
    keys = json.loads((source / KEYS).read_text())
    notes = _check_keys(keys)
    environment = local_environment(data_dir)
    if find_instance(Path(environment["DATA_DIR"])) is not None:
        raise Conflict(f"4CAT runs in {environment['DATA_DIR']}. Stop it first: ./4cat stop")
    with servers_for_command(environment) as settings, _told():
        files = open_files(settings.storage_url, settings.data_dir)
        client = _prepare(settings, files, source, manifest, replace=replace)
        put = put_files(files, source, manifest, say)
        with _keys_in_place(settings.data_dir, keys):
            _restore_database(settings, client, source, manifest)
        try:
            migrated = migrate(settings.database_url)
        except FourcatError as error:
            advice = "The backup has been restored; run ./4cat migrate when that is mended."
            raise Unavailable(f"{error.message} {advice}") from error
        with _connected(settings) as opened:
            settle(opened)
            tables = count_rows(opened)
    return Restored(manifest, tables, put.count, put.bytes, migrated, notes)


def _restore_database(settings: Settings, client: postgres_client.Client, source: Path, manifest: Manifest) -> None:
    with _connected(settings) as opened:
        require_quiet(opened)
        known, after = known_settings(opened), statements_after(opened, manifest.missing)
    postgres_client.restore(
        client, settings.database_url, source / DATABASE, known=known, before=statements_before(), after=after
    )


def _prepare(
    settings: Settings, files: FileStore, source: Path, manifest: Manifest, *, replace: bool
) -> postgres_client.Client:
    """Look at everything that could stand in the way, before anything is changed."""
    with _connected(settings) as opened:
        major, version = server_version(opened)
        needed = max(major, int(manifest.pg_dump.split(".")[0]))
        client = postgres_client.find_client(
            needed, f"the backup was made by pg_dump {manifest.pg_dump} and the database is PostgreSQL {version}"
        )
        require_quiet(opened)
        require_empty(opened, replace=replace)
    if not replace:
        _require_no_others(files, source)
    return client


def _require_no_others(files: FileStore, source: Path) -> None:
    """Make sure that storage holds nothing but what an interrupted restore of this backup has put there."""
    there = {found.name for prefix in _PLACES for found in files.find(prefix)}
    if there:
        there -= {entry.name for entry in read_entries(source)}
    if there:
        raise Conflict(
            f"Storage is not empty: it holds {len(there):,} files that are not of this backup, such as {min(there)}. "
            "Restore into an empty one (--data DIR, STORAGE_URL), or say --replace: files that nothing refers to any "
            "more are then deleted within hours."
        )


def _require_known(manifest: Manifest) -> None:
    ours = {migration.name: migration.checksum for migration in list_migrations()}
    unknown = [name for name, checksum in manifest.migrations.items() if ours.get(name) != checksum]
    if unknown or _numbers(manifest.version) > _numbers(__version__):
        why = f", whose database has {', '.join(unknown)}" if unknown else ""
        raise UserError(
            f"This backup was made by 4CAT {manifest.version}{why}, and this is 4CAT {__version__}, which goes up to "
            f"{max(ours)}. Restore it with 4CAT {manifest.version} or newer."
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _check_keys(keys: dict[str, str]) -> list[str]:
    """What to know about the keys in the environment, which cannot be changed from here.

    :raises SettingsError: when the key of pseudonyms is another one there
    """
    given = read_environment(ROOT)
    if given.get("PSEUDONYM_KEY", "").strip() not in ("", keys["PSEUDONYM_KEY"]):
        raise SettingsError(
            "PSEUDONYM_KEY",
            "is not the key of this backup, so that the same author would get another code",
            f"Set it to the one in the backup's {KEYS}.",
        )
    if given.get("SECRET_KEY", "").strip() not in ("", keys["SECRET_KEY"]):
        return ["SECRET_KEY is another one than the backup's, so everybody has to sign in again."]
    return []


@contextlib.contextmanager
def _keys_in_place(data_dir: Path, keys: dict[str, str]) -> Iterator[None]:
    """Put the backup's keys into the data folder; the former ones are back when the block fails."""
    former = read_secrets(data_dir)
    new = replace(former, secret_key=keys["SECRET_KEY"], pseudonym_key=keys["PSEUDONYM_KEY"])
    write_private(data_dir / "secrets.json", asdict(new))
    try:
        yield
    except BaseException:
        write_private(data_dir / "secrets.json", asdict(former))
        raise


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Say in a sentence what disk or database had to object to."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"Storage could not be read or written: {error.strerror or error}.") from error
    except psycopg2.Error as error:
        raise Unavailable(f"The database refuses: {str(error).strip()}") from error


@contextlib.contextmanager
def _connected(settings: Settings) -> Iterator[connection]:
    with contextlib.closing(connect(settings.database_url, name="restore")) as opened:
        yield opened
