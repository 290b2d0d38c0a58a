"""All texts of the pages, for translators: `python -m app.local.catalogue > app/translations/messages.pot`.

They come from what is marked in templates, scripts and code, from the docstrings that errors say, and from what
settings, options and plug-ins declare.
"""

from __future__ import annotations

import inspect
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from app.domain import errors
from app.domain.capture_rules import SOURCE_RULES
from app.domain.errors import FourcatError
from app.domain.right import GIVEN_RULES
from app.domain.setting import EXTENSION, LIMIT_RULES, WORKER_RULES
from app.domain.setting_groups import SITE_GROUPS
from app.plugins.datasource import DataSource
from app.plugins.options import OptionsClass, specs
from app.plugins.registry import Registry
from app.web.language import SCRIPT_TEXTS
from app.web.sources import paragraphs

ROOT = Path(__file__).parents[2]
CODE = ("app/api", "app/domain", "app/plugins", "app/queue", "app/runner", "app/services", "app/storage", "app/web")
PLUGINS = ("datasources", "processors", "workers")
_MARKS = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None, "say_many": (1, 2)}
_METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
_OPTIONS = {"**/templates/**.html": {"newstyle_gettext": "true", "silent": "false"}}

Found = tuple[str | tuple[str, ...], str]
"""A message, with its plural if it has one, and where it is."""


def collect() -> Catalog:
    """The catalogue of everything that can be translated, in a fixed order."""
    catalogue = Catalog(project="4CAT", version=None, charset="utf-8", fuzzy=False)
    for message, place in sorted([*_marked(), *_declared()], key=str):
        catalogue.add(message, locations=[(place, 0)])
    return catalogue


def as_template(catalogue: Catalog) -> str:
    """The catalogue as a file, without dates and numbers of lines, so that two who change texts can merge theirs."""
    written = io.BytesIO()
    write_po(written, catalogue, width=110, omit_header=True, sort_output=True, include_lineno=False)
    return _HEADER + written.getvalue().decode()


_HEADER = """\
# What the pages of 4CAT say. Written by: make texts
msgid ""
msgstr ""
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def _marked() -> Iterator[Found]:
    for folder in (*CODE, *PLUGINS):
        for name, _, message, _, _ in extract_from_dir(
            ROOT / folder, _METHODS, _OPTIONS, _MARKS, directory_filter=_is_ours
        ):
            yield message, f"{folder}/{name}"
    scripts = [("**.js", "javascript")]
    for name, _, message, _, _ in extract_from_dir(
        ROOT / "app/web/static", scripts, {}, SCRIPT_TEXTS, directory_filter=_is_ours
    ):
        yield message, f"app/web/static/{name}"


def _is_ours(folder: str | Path) -> bool:
    return Path(folder).name not in ("vendor", "__pycache__")


def _declared() -> Iterator[Found]:
    """What nobody marks, since it is declared where it counts."""
    for _, error in inspect.getmembers(errors, inspect.isclass):
        if issubclass(error, FourcatError):
            yield (error.__doc__ or "").strip(), "app/domain/errors.py"
    groups = (GIVEN_RULES, LIMIT_RULES, WORKER_RULES, SOURCE_RULES, *SITE_GROUPS.values())
    for rule in (*(rule for rules in groups for rule in dict[str, Any](rules).values()), EXTENSION):
        texts = (rule.label, rule.help, *getattr(rule, "choices", {}).values())
        yield from ((text, "app/domain/setting.py") for text in texts)
    registry = Registry.discover()
    found: dict[str, Any] = {**registry.processors, **registry.datasources, **registry.workers}
    for plugin in found.values():
        yield from ((text, _place(plugin)) for text in _texts_of(plugin) if text.strip())


def _place(plugin: type[Any]) -> str:
    return Path(inspect.getfile(plugin)).relative_to(ROOT).as_posix()


def _texts_of(plugin: Any) -> Iterator[str]:
    yield plugin.description()
    for name in ("title", "category"):
        yield getattr(plugin, name, "")
    yield from (meaning for _, meaning in getattr(plugin, "query_guide", ()))
    if issubclass(plugin, DataSource):
        yield from (text for _, text in paragraphs((plugin.folder() / "DESCRIPTION.md").read_text()))
    for name in ("Options", "Settings"):
        yield from _texts_of_options(getattr(plugin, name, None))


def _texts_of_options(options: OptionsClass | None) -> Iterator[str]:
    for spec in specs(options).values() if options else ():
        yield from (spec.label, spec.help, *(spec.choices or {}).values())


if __name__ == "__main__":
    sys.stdout.write(as_template(collect()))
