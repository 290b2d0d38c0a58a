"""Static files: their address holds a hash of their content, so browsers keep them for a year."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, url_for

YEAR = 365 * 24 * 3600
"""Seconds for which browsers keep a file whose address changes with its content."""


@lru_cache(maxsize=256)
def fingerprint(path: Path, modified: int) -> str:
    """The hash of a file's content; `modified` makes a changed file a new question."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def init_assets(app: Flask) -> None:
    """Give templates `asset(name)`, and answers to such addresses a long life."""
    folder = Path(str(app.static_folder))

    def asset(name: str) -> str:
        path = folder / name
        try:
            version = fingerprint(path, path.stat().st_mtime_ns)
        except OSError:
            return url_for("static", filename=name)
        return url_for("static", filename=name, v=version)

    def keep(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code == 200 and "v" in request.args:
            response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
        return response

    globals_: dict[str, Any] = app.jinja_env.globals
    globals_["asset"] = asset
    app.after_request(keep)
