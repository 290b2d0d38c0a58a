"""Another 4CAT: captures with all made from them, as a package or from their addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.domain.texts import say
from app.plugins import (
    Brought,
    Database,
    DataSource,
    FamilyRun,
    InvalidInput,
    Number,
    Secret,
    SourceFile,
    Text,
    settings_of,
)

_NETWORKS = r"\s*(?:[0-9A-Fa-f:.]+(?:/[0-9]{1,3})?(?:[\s,]+|\Z))*"


class Import4CAT(DataSource):
    """Take datasets over from another 4CAT, with everything that was made from them: a package, or their addresses."""

    id = "import_4cat"
    title = "Another 4CAT"
    kind = "import"

    @dataclass(frozen=True)
    class Options:
        """Which datasets; none of this is needed for a file."""

        addresses: str = Text(
            "Addresses of the datasets",
            long=True,
            help="One a line, as the browser shows them there. Each becomes a dataset of its own here.",
        )
        token: str = Secret(
            "API token",
            help="Of yours at that installation. It is used for this import and then forgotten.",
        )

    @dataclass(frozen=True)
    class Settings:
        """What may be brought in."""

        networks: str = Text(
            "Private networks to fetch from",
            pattern=_NETWORKS,
            help="Addresses or networks with commas between them, such as 10.1.0.0/16; else only public addresses are.",
        )
        most_mb: float = Number(
            "Largest dataset in MB", 20_000, minimum=1, maximum=10_000_000, help="With all made from it, unpacked."
        )

    @classmethod
    def check(cls, options: Any, settings: Mapping[str, Any], database: Database) -> None:
        """Refuse addresses that are none of a dataset, and addresses without a token."""
        from datasources.import_4cat._addresses import addresses_in

        if addresses_in(options.addresses) and not options.token:
            raise InvalidInput({"token": [say("Give an API token of yours at the other installation.")]})

    @classmethod
    def needs_file(cls, options: Any) -> bool:
        """Whether no address is given."""
        return not options.addresses.strip()

    @classmethod
    def each(cls, options: Any) -> Sequence[Any]:
        """One for each address."""
        from datasources.import_4cat._addresses import addresses_in

        found = addresses_in(options.addresses)
        return [replace(options, addresses=address.url) for address in found] or (options,)

    @classmethod
    def wanted_key(cls, options: Any, path: Path | None) -> str | None:
        """The key that the capture has elsewhere."""
        from datasources.import_4cat import _opening
        from datasources.import_4cat._addresses import addresses_in

        if path is None:
            return addresses_in(options.addresses)[0].key
        return _opening.key_in(path)

    def bring(self, file: SourceFile | None, options: Any, run: FamilyRun) -> Iterator[Brought]:
        """Yield the capture and all made from it.

        :raises InvalidInput: when something is missing or damaged, naming it
        :raises SourceError: when the other installation does not answer as it should
        """
        from datasources.import_4cat import _opening

        settings = settings_of(self.id, self.Settings, run.settings)
        if file is not None:
            yield from _opening.bring_file(file.path, settings, run)
        else:
            yield from _opening.bring_address(options, settings, run)

    def preview(self, path: Path, filename: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """What is in a package: where it comes from, and its datasets.

        :raises InvalidInput: when it is none, or damaged
        """
        from datasources.import_4cat import _opening

        return _opening.preview(path)
