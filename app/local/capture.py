"""Make a dataset of a file on this machine, with the options that fit it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.domain.dataset import Dataset
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import create_capture
from app.services.upload import preview_upload, save_upload


def capture_file(
    ctx: Context,
    actor: User,
    path: Path,
    options: Mapping[str, Any],
    *,
    label: str | None = None,
    pseudonymise: str = "none",
) -> Dataset:
    """Upload a file and ask for a dataset of it. Options that are not given are guessed from the file.

    :raises InvalidInput: naming what must be said about the file
    """
    with path.open("rb") as stream:
        upload = save_upload(ctx, actor, path.name, stream)
    given = {name.replace("-", "_"): value for name, value in options.items()}
    guess = preview_upload(ctx, actor, upload.id, given)["guess"]
    return create_capture(
        ctx, actor, "upload", {**guess, **given}, label=label, pseudonymise=pseudonymise, upload_id=upload.id
    )
