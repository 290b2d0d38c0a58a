"""Settings: what is read, what is refused, and that the page about them is true."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from app.domain.errors import SettingsError
from app.settings import Settings, describe_settings, variable_of

ROOT = Path(__file__).parents[2]
NEEDED = {
    "DATABASE_URL": "postgres://user:word@localhost:5432/name",
    "REDIS_URL": "rediss://:word@localhost:6380/0",
    "SECRET_KEY": "a-secret-of-some-length",
    "PSEUDONYM_KEY": "another-secret-of-some-length",
}


def test_defaults(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_env(NEEDED)
    assert settings.data_dir == tmp_path / "data"
    assert settings.storage_url == (tmp_path / "data" / "storage").as_uri()
    assert (settings.host, settings.port) == ("127.0.0.1", 5000)
    assert settings.redis_tls_verify is False
    assert settings.worker_queues == ()
    assert settings.engine_threads >= 1


@pytest.mark.parametrize("variable", sorted(NEEDED))
def test_what_has_no_default_must_be_set(variable):
    given = {name: value for name, value in NEEDED.items() if name != variable}
    with pytest.raises(SettingsError, match=f"{variable} is not set") as caught:
        Settings.from_env(given)
    assert caught.value.variable == variable


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PORT", "70000", "whole number from 1 to 65535"),
        ("PORT", "5000.5", "whole number"),
        ("WEB_THREADS", "0", "from 1 to 64"),
        ("HEARTBEAT_SECONDS", "soon", "Write a number from 0.1 to 600"),
        ("HEARTBEAT_SECONDS", "nan", "Write a number"),
        ("DEAD_AFTER_SECONDS", "3", "at least twice HEARTBEAT_SECONDS"),
        ("WORKERS_ALWAYS_ON", "maybe", "yes or no"),
        ("LOG_LEVEL", "LOUD", "one of DEBUG"),
        ("RATE_LIMIT", "many", "600 per minute"),
        ("RATE_LIMIT_SIGN_IN", "10 per minute; often", "10 per minute; 100 per hour"),
        ("QUEUE_PREFIX", "a b", "letters, digits"),
        ("SCRAPE_PROXIES", "proxy.example:3128", "begin with http:// or https://"),
        ("SCRAPE_PROXIES", "http://one.example:3128, http://", "A host must follow"),
        ("SITE_NAME", "two\nlines", "on one line"),
        ("DATABASE_URL", "mysql://localhost/x", "begin with postgresql://"),
        ("DATABASE_URL", "postgres://localhost:word/x", "port must be a number"),
        ("REDIS_URL", "redis://", "A host must follow"),
        ("REDIS_URL", "localhost:6379", "begin with redis://"),
        ("STORAGE_URL", "s3://", "A host must follow"),
        ("STORAGE_URL", "file://srv/4cat", "three slashes"),
        ("STORAGE_URL", "/srv/4cat", "has no scheme"),
    ],
)
def test_a_wrong_value_names_its_variable_and_what_is_expected(variable, value, expected):
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({**NEEDED, variable: value})
    assert caught.value.message.startswith(variable)
    assert expected in caught.value.message


@pytest.mark.parametrize("variable", ["SECRET_KEY", "PSEUDONYM_KEY"])
def test_a_short_secret_is_refused_without_being_shown(variable):
    with pytest.raises(SettingsError, match="at least 16") as caught:
        Settings.from_env({**NEEDED, variable: "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_values_are_read():
    given = {
        **NEEDED,
        "WORKER_QUEUES": "wordcloud, histogram,,wordcloud",
        "WORKERS_ALWAYS_ON": "Yes",
        "REDIS_URL": "unix:///run/redis.sock",
        "STORAGE_URL": "s3://bucket/some/prefix?endpoint=http://localhost:9000&region=eu",
        "LOG_LEVEL": "debug",
        "SHUTDOWN_SECONDS": "0.5",
    }
    settings = Settings.from_env(given)
    assert settings.worker_queues == ("wordcloud", "histogram")
    assert settings.workers_always_on is True
    assert settings.redis_url == "unix:///run/redis.sock"
    assert settings.storage_url == given["STORAGE_URL"]
    assert settings.log_level == "DEBUG"
    assert settings.shutdown_seconds == 0.5


def test_an_empty_variable_is_as_good_as_none():
    assert Settings.from_env({**NEEDED, "PORT": " "}).port == 5000


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PORT", "5001")
    monkeypatch.delenv("SITE_NAME", raising=False)
    Path(".env").write_text('PORT=5002\nSITE_NAME="Our lab"\n')
    settings = Settings.from_env()
    assert (settings.port, settings.site_name) == (5001, "Our lab")


def test_secrets_are_not_part_of_what_is_printed():
    shown = repr(Settings.from_env(NEEDED))
    assert not [value for value in NEEDED.values() if value in shown]


def test_every_field_is_documented():
    assert not [field.name for field in fields(Settings) if not field.metadata["help"].endswith(".")]
    assert variable_of("port") == "PORT"


def test_the_page_about_settings_is_up_to_date():
    assert (ROOT / "docs" / "settings.md").read_text() == describe_settings()
