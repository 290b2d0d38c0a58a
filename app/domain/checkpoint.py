"""A checkpoint: what broken off attempts of a capture or an import have brought home, as it is kept with the job.

`state` is the source's own word for where to go on. `parts` are what is in storage, in order: each maps roles (`table`,
`raw`, `quarantine`) to stored files. Beside them stand `records`, `rows` and `quarantined` (how many there are so far)
and what has been said to the user (`warnings`, `message`). An empty mapping means that there is nothing to go on from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def checkpoint_files(checkpoint: Mapping[str, Any] | None) -> list[str]:
    """The names in storage of all files that a checkpoint refers to."""
    return [file["name"] for part in (checkpoint or {}).get("parts", ()) for file in part.values()]
