"""An installed Python package with plug-ins: found by its entry point, listed, run, and switched off."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.dataset import Status
from app.domain.errors import NotCompatible
from app.domain.user import User
from app.plugins.extensions import Extension, installed_extensions
from app.services.context import Context, open_context
from app.services.dataset import create_capture
from app.services.items import page
from app.services.plugin_list import list_plugins
from app.services.run import run_processor
from app.services.site_setting import set_site_setting
from app.settings import Settings
from app.storage.migrate import migrate
from tests.conftest import ROOT, Starter, wait_for_end, wait_for_manager

METADATA = {
    "METADATA": "Metadata-Version: 2.1\nName: Weather_Reports\nVersion: 1.4.2\n",
    "entry_points.txt": "[fourcat.plugins]\nweather = weather_reports\n",
}
MODULES = {
    "__init__.py": '"""Plug-ins."""\n',
    "weather/__init__.py": '''
"""A data source."""

from app.plugins import DataSource


class Weather(DataSource):
    """Makes three reports."""

    id = "weather"
    title = "Weather reports"

    def collect(self, options, run):
        yield from ({"n": n} for n in range(3))

    @staticmethod
    def to_item(raw):
        body = f"rain {raw['n']}"
        return {"id": str(raw["n"]), "thread_id": "1", "timestamp": None, "author": "a", "body": body, "subject": ""}
''',
    "weather/database.sql": "CREATE TABLE IF NOT EXISTS weather_stations (name text PRIMARY KEY);\n",
    "loud_weather.py": '''
"""A processor."""

import polars as pl

from app.plugins import Accepts, Processor, Table


class LoudWeather(Processor):
    """Writes the reports in capitals."""

    type = "loud-weather"
    title = "Loud weather"
    category = "Text"
    accepts = Accepts(items=True)
    returns = Table(body=str)

    def process(self, source, options, run):
        return source.lazy().select(body=pl.col("body").str.to_uppercase())
''',
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which the package is installed, as installers leave it, on the path."""
    for folder, files in (("weather_reports-1.4.2.dist-info", METADATA), ("weather_reports", MODULES)):
        for name, text in files.items():
            file = tmp_path / folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.fixture
def extended(package: Path, ctx: Context, settings: Settings) -> Iterator[Context]:
    """The installation as a process opens it that finds the package."""
    opened = open_context(settings)
    yield opened
    opened.close()


def test_what_a_package_brings_is_found_run_and_switched_off(
    extended: Context, package: Path, admin: User, settings: Settings, start: Starter
) -> None:
    assert installed_extensions() == (Extension("weather-reports", "1.4.2", "weather_reports"),)
    migrate(settings.database_url)
    assert extended.database.one("SELECT count(*) AS found FROM weather_stations")["found"] == 0
    listed = {one.type: one for one in list_plugins(extended, admin)}
    assert {listed[type_].origin for type_ in ("weather", "loud-weather")} == {"weather-reports 1.4.2"}

    wait_for_manager(extended, start("-m", "app.runner", PYTHONPATH=os.pathsep.join((str(ROOT), str(package)))))
    posts = wait_for_end(extended, create_capture(extended, admin, "weather", {}).key)
    made, _ = run_processor(extended, admin, posts.key, "loud-weather", {})
    assert wait_for_end(extended, made.key).status is Status.FINISHED
    assert [row["body"] for row in page(extended, admin, made.key).rows] == ["RAIN 0", "RAIN 1", "RAIN 2"]

    set_site_setting(extended, admin, "extensions.weather-reports", False)
    assert "switched off" in str({one.type: one for one in list_plugins(extended, admin)}["weather"].reason)
    with pytest.raises(NotCompatible, match="switched off"):
        create_capture(extended, admin, "weather", {})
