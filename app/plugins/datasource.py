"""The base of every data source: how posts of one platform are captured or imported, and mapped to items."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from app.plugins.accepts import Needs
from app.plugins.context import CaptureRun, Database, SourceFile
from app.plugins.family import Brought, FamilyRun
from app.plugins.options import NoOptions, OptionsClass
from app.plugins.overview import Activity, Overview
from app.plugins.processor import Described

if TYPE_CHECKING:
    import pyarrow as pa

ITEM_COLUMNS = ("id", "thread_id", "timestamp", "author", "body", "subject")
"""The columns every table of items begins with. `timestamp` is in UTC, to the microsecond; the others are text."""


class DataSource(ABC, Described):
    """One platform or way in. The folder's name is the `id`, the queue's type, the table prefix and part of the URL.

    A capture implements `collect` and `to_item`; a file format implements `import_file` and `preview`; a source whose
    posts are kept in the installation's database implements `search`; one that brings in captures of another
    installation with all made from them implements `bring` and `preview`.
    `kind` groups sources in the query window: capture, search, import or tool. `columns` are the columns that `to_item`
    gives besides the item columns, with their Python types (`str int float bool list datetime`); `personal_columns` are
    patterns of names of columns and raw keys that hold names of people. `Settings` is a dataclass like `Options`: what
    an administrator sets for the source, read by `source_settings`. `domains` are the names by which a browser
    extension says of which platform the posts are that it sends.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    kind: ClassVar[str] = "capture"
    domains: ClassVar[Sequence[str]] = ()
    needs: ClassVar[Needs] = Needs()
    max_workers: ClassVar[int] = 2
    max_attempts: ClassVar[int] = 3
    memory_mb: ClassVar[int | None] = None
    minutes: ClassVar[int | None] = None
    personal_columns: ClassVar[Sequence[str]] = ("author*", "user*")
    columns: ClassVar[Mapping[str, type]] = {}
    Options: ClassVar[OptionsClass] = NoOptions
    Settings: ClassVar[OptionsClass] = NoOptions

    def collect(self, options: Any, run: CaptureRun) -> Iterator[Mapping[str, Any]]:
        """Yield raw records, one at a time, as the platform gives them."""
        raise TypeError(f"{type(self).__name__} does not collect")

    @staticmethod
    def to_item(raw: Mapping[str, Any]) -> dict[str, Any]:
        """Map one raw record to an item: pure, and a missing value is None.

        :raises KeyError, ValueError, TypeError: when it cannot be mapped; the record is then quarantined
        """
        raise TypeError("this data source maps no records")

    def search(self, options: Any, run: CaptureRun) -> Iterator[pa.RecordBatch]:
        """Yield items that are kept in `run.database` as Arrow record batches, with the schema of `columns`."""
        raise TypeError(f"{type(self).__name__} searches nothing")

    @classmethod
    def check(cls, options: Any, settings: Mapping[str, Any], database: Database) -> None:
        """Refuse a request that cannot be, when it is made and not only when it is worked on; quickly.

        `options` have been found valid one by one; `settings` are those of the site, by name.

        :raises InvalidInput: naming the options that will not do
        """

    @classmethod
    def estimate(cls, options: Any, database: Database) -> int | None:
        """Reckon quickly how many items a request will find; None when that cannot be told."""
        return None

    @classmethod
    def kept_values(cls, database: Database) -> Mapping[str, Mapping[str, int]]:
        """What can be named in text options because posts of it are kept here, quickly: by option, how many of each.

        0 says that they have not been counted yet.
        """
        return {}

    @classmethod
    def overview(cls, settings: Mapping[str, Any], database: Database) -> Overview | None:
        """Say what is kept here of this source, quickly; None for one that keeps nothing."""
        return None

    @classmethod
    def activity(cls, database: Database) -> Activity | None:
        """Say how many posts are kept here of which time, quickly; None for a source that keeps nothing."""
        return None

    def import_file(self, file: SourceFile, options: Any, run: CaptureRun) -> Iterator[pa.RecordBatch]:
        """Yield the items of an uploaded file as Arrow record batches, all with the same schema."""
        raise TypeError(f"{type(self).__name__} imports no files")

    def bring(self, file: SourceFile | None, options: Any, run: FamilyRun) -> Iterator[Brought]:
        """Yield a capture and all made from it, parents before children: of an uploaded file, or what options name."""
        raise TypeError(f"{type(self).__name__} brings in no families")

    @classmethod
    def each(cls, options: Any) -> Sequence[Any]:
        """The options of each dataset that these stand for; most stand for one."""
        return (options,)

    @classmethod
    def needs_file(cls, options: Any) -> bool:
        """Whether a request with these options is about an uploaded file."""
        return cls.imports()

    @classmethod
    def wanted_key(cls, options: Any, path: Path | None) -> str | None:
        """The key that a dataset is to have if it is free; None for a new one. `path` is an uploaded file."""
        return None

    def preview(self, path: Path, filename: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Say what was detected in a file, its first rows and a guess at the options, without importing it."""
        raise TypeError(f"{type(self).__name__} imports no files")

    @classmethod
    def folder(cls) -> Path:
        """The folder of the data source."""
        import inspect

        return Path(inspect.getfile(cls)).parent

    @classmethod
    def explain(cls, items: Sequence[Mapping[str, Any]], database: Database) -> list[dict[str, Any]]:
        """What the template `explorer.html` shows of some items besides their columns, for each of them.

        `image` of such a mapping, the name of a file in storage below `images/`, may be shown to those who may see the
        dataset. Columns may be missing, since filters take some away; names of people come from the items alone, for
        those may have been replaced there.
        """
        return [{} for _ in items]

    @classmethod
    def brought(cls, name: str) -> Path | None:
        """A file that the source brings, such as `static/form.js`: its own, or that of a class that it is made from.

        What lies elsewhere, whatever leads there, is not found.
        """
        place, _, file = name.partition("/")
        for base in cls.__mro__:
            if issubclass(base, DataSource) and base is not DataSource:
                folder = (base.folder() / place).resolve()
                path = (folder / file).resolve()
                if path.is_file() and path.parent == folder:
                    return path
        return None

    @classmethod
    def estimates(cls) -> bool:
        """Whether it can reckon how much a request will find."""
        return getattr(cls.estimate, "__func__", None) is not getattr(DataSource.estimate, "__func__", None)

    @classmethod
    def item_columns(cls) -> tuple[str, ...]:
        """The columns that every table of items begins with."""
        return ITEM_COLUMNS

    @classmethod
    def imports(cls) -> bool:
        """Whether it makes datasets of uploaded files."""
        return cls.import_file is not DataSource.import_file or cls.brings()

    @classmethod
    def brings(cls) -> bool:
        """Whether it brings in captures of other installations: as uploaded files, or as its options say."""
        return cls.bring is not DataSource.bring

    @classmethod
    def maps_files(cls) -> bool:
        """Whether it maps the records of a file one by one, so that a kept file can be mapped again."""
        return cls.imports() and cls.to_item is not DataSource.to_item

    @classmethod
    def searches(cls) -> bool:
        """Whether it makes datasets of what is kept in the database."""
        return cls.search is not DataSource.search
