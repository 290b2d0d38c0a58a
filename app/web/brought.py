"""What data sources bring to pages of their own: scripts and styles in `static/`, pieces in `templates/`.

A file is looked for in the folder of the source, then in those of the classes that it is made from.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response, url_for
from jinja2 import BaseLoader, ChoiceLoader, Environment, TemplateNotFound

from app.domain.errors import NotFound
from app.domain.texts import say
from app.installation import installation
from app.plugins.datasource import DataSource
from app.plugins.registry import Registry
from app.services.context import Context
from app.web.assets import YEAR, fingerprint

pages = Blueprint("brought", __name__)

_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)+")
_TEMPLATE = re.compile(r"sources/([a-z0-9_-]+)/([a-z_]+\.html)")


@pages.get("/sources/<source_id>/static/<name>")
def static_file(source_id: str, name: str) -> Response:
    """A script, style or picture of a data source; its address holds a hash of its content, so browsers keep it."""
    source = installation().registry.datasource(source_id)
    path = source.brought(f"static/{name}") if _NAME.fullmatch(name) else None
    if path is None or path.suffix not in _TYPES:
        raise NotFound(say("{source} brings no file {name}.", source=source.title, name=name))
    response = Response(path.read_bytes(), mimetype=_TYPES[path.suffix])
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    return response


def _address(source: type[DataSource], name: str) -> str | None:
    """Where a static file of a source is; None when it brings none of this name."""
    path = source.brought(f"static/{name}")
    if path is None:
        return None
    version = fingerprint(path, path.stat().st_mtime_ns)
    return url_for("brought.static_file", source_id=source.id, name=name, v=version)


class _Loader(BaseLoader):
    """Finds templates such as `sources/fourchan/explorer.html`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """The text of a template, where it is, and whether it is still the same."""
        found = _TEMPLATE.fullmatch(template)
        source = self._registry.datasources.get(found[1]) if found else None
        path = source.brought(f"templates/{found[2]}") if found and source else None
        if path is None:
            raise TemplateNotFound(template)
        modified = path.stat().st_mtime_ns
        return path.read_text(), str(path), lambda: path.is_file() and path.stat().st_mtime_ns == modified

    def list_templates(self) -> list[str]:
        """Those that there are."""
        return sorted(
            f"sources/{id_}/{name}"
            for id_, source in self._registry.datasources.items()
            for name in ("form.html", "explorer.html")
            if source.brought(f"templates/{name}")
        )


def init_brought(app: Flask, ctx: Context) -> None:
    """Let templates include what data sources bring, and give them `brought(source, name)`, the address of a file."""
    app.jinja_env.loader = ChoiceLoader([app.jinja_env.loader, _Loader(ctx.registry)])  # type: ignore[list-item]
    globals_: dict[str, Any] = app.jinja_env.globals
    globals_["brought"] = _address
