"""A file that a user has sent and that no dataset has been made of yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.dataset import StoredFile


@dataclass(frozen=True)
class Upload:
    """An uploaded file, kept until a dataset is made of it or a day has passed."""

    id: str
    owner_id: int
    filename: str
    file: StoredFile
    created: datetime
