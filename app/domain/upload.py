"""Files that users have sent or are sending, and that no dataset has been made of yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.dataset import StoredFile


@dataclass(frozen=True)
class Upload:
    """An uploaded file, kept until a dataset is made of it or a day has passed."""

    id: str
    owner_id: int
    filename: str
    file: StoredFile
    created: datetime


@dataclass(frozen=True)
class UnfinishedUpload:
    """A file of `length` bytes of which `received` have come in so far. It is given up a day after the last of them."""

    id: str
    owner_id: int
    filename: str
    length: int
    received: int
    parts: tuple[StoredFile, ...]
    touched: datetime

    @property
    def expires(self) -> datetime:
        """When it is given up if nothing more comes."""
        return self.touched + timedelta(days=1)
