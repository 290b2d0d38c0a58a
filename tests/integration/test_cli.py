"""The command line, as a person uses it: real processes, real servers, a folder of its own."""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.cli import make_parser
from app.local.leftovers import free_port
from app.local.procfile import ROOT

POSTS = 40


def run(*arguments: object, data: Path | None = None, **extra: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "app.cli", *map(str, arguments)]
    command += ["--data", str(data)] if data else []
    return subprocess.run(
        command, cwd=ROOT, env=environment(**extra), capture_output=True, text=True, timeout=200, check=False
    )


def environment(**extra: str) -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "TMPDIR")
    return {**{name: os.environ[name] for name in kept if name in os.environ}, "SHUTDOWN_SECONDS": "10", **extra}


def write_posts(path: Path) -> Path:
    lines = ["id,timestamp,author,body"]
    for number in range(POSTS):
        body = f"coffee number {number} at https://example.org/{number}"
        lines.append(f"{number},2024-0{1 + number % 6}-01 12:00:00,{'ann' if number % 3 else 'bob'},{body}")
    path.write_text("\n".join(lines) + "\n")
    return path


def processes_of(folder: Path) -> list[psutil.Process]:
    """Every process that was told of this data folder, by its command line or its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            told = process.environ().get("DATA_DIR") == str(folder) or str(folder) in process.cmdline()
            if told or Path(process.cwd()).is_relative_to(folder):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return [process for process in found if process.pid != os.getpid()]


def wait_gone(folder: Path, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while processes_of(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [" ".join(process.cmdline()) for process in processes_of(folder)] == []


def every_command(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield words
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield from every_command(command, (*words, name))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with an administrator, in which the tool runs."""
    data = tmp_path_factory.mktemp("cli") / "data"
    made = run("user", "create", "ann", "--admin", "--password", "a long word", data=data)
    assert made.returncode == 0, made.stderr
    started = run("start", "--port", free_port(), data=data)
    assert started.returncode == 0, started.stderr
    yield data
    run("stop", data=data)


@pytest.mark.parametrize("words", list(every_command(make_parser())), ids=lambda words: " ".join(words) or "4cat")
def test_help_of_every_command(words, capsys):
    with pytest.raises(SystemExit) as ended:
        make_parser().parse_args([*words, "--help"])
    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert said.startswith(f"usage: {' '.join(('4cat', *words))}")
    assert max(map(len, said.splitlines())) <= 120


def test_the_tool_runs_and_says_so(folder):
    status = run("status", data=folder)
    assert status.returncode == 0
    assert re.match(r"4CAT runs at http://localhost:\d+ \(process \d+\) since ", status.stdout)


def test_the_doctor_finds_everything_well(folder):
    found = run("doctor", data=folder)
    assert found.returncode == 0, found.stdout
    names = {line.split()[1] for line in found.stdout.splitlines()}
    assert names >= {"versions", "settings", "database", "clock", "redis", "storage", "workers", "queue", "web", "disk"}
    assert not [line for line in found.stdout.splitlines() if not re.match(r"(ok  |warn|FAIL)  \S", line)]


def test_a_second_start_is_refused(folder):
    again = run("start", data=folder)
    assert again.returncode == 1
    assert again.stderr == f"4cat: 4CAT already runs in {folder}.\n"


def test_a_token_is_printed_and_nothing_else(folder):
    made = run("token", "create", "ann", "--read-only", data=folder)
    assert re.fullmatch(r"4cat_\S{40,}\n", made.stdout)
    assert made.stderr == ""


def test_users_are_made_once(folder):
    again = run("user", "create", "ann", "--password", "a long word", data=folder)
    assert (again.returncode, again.stderr) == (1, "4cat: There is a user called ann already.\n")
    short = run("user", "create", "bob", "--password", "short", data=folder)
    assert short.returncode == 2
    assert "at least 8 characters" in short.stderr
    silent = run("user", "create", "bob", data=folder)
    assert silent.returncode == 2
    assert "--password" in silent.stderr


def test_settings_are_listed_changed_and_given_back(folder):
    name = "workers.wordcloud.max_workers"
    listed = run("setting", "list", "wordcloud", data=folder).stdout
    assert re.search(rf"{name} +2 jobs +default: declared by the type\n", listed)
    assert len(listed.splitlines()) == 3
    written = run("setting", "list", "pages.", data=folder).stdout.splitlines()
    assert [len(line) < 140 and line.split()[0] for line in written] == ["pages.data-policy", "pages.citing"]
    done = run("setting", "set", name, "5", data=folder)
    assert done.stdout == f"{name} is 5 now. The default is 2 (declared by the type).\n"
    assert run("setting", "get", name, data=folder).stdout == "5\n"
    assert "set; the default is 2" in run("setting", "list", name, data=folder).stdout
    assert run("setting", "unset", name, data=folder).stdout == f"{name} is 2, the default (declared by the type).\n"


def test_a_setting_that_is_wrong_is_named(folder):
    wrong = run("setting", "set", "limits.open_jobs", "many", data=folder)
    expected = "4cat: limits.open_jobs: “many” will not do. Write a whole number from 0 to 1,000,000.\n"
    assert (wrong.returncode, wrong.stderr) == (2, expected)
    missing = run("setting", "get", "limits.colours", data=folder)
    assert (missing.returncode, "no setting called limits.colours" in missing.stderr) == (1, True)


def test_import_a_file_and_run_an_analysis(folder, tmp_path):
    posts = write_posts(tmp_path / "posts.csv")
    made = run("dataset", "import", posts, "--label", "Some posts", "author=author", data=folder)
    assert made.returncode == 0, made.stderr
    assert f"Some posts: finished, {POSTS} rows." in made.stderr
    key = made.stdout.strip()
    counted = run("dataset", "run", key, "count-posts", "timeframe=month", data=folder)
    assert counted.returncode == 0, counted.stderr
    assert "finished, 6 rows." in counted.stderr
    again = run("dataset", "run", key, "count-posts", "timeframe=month", "--no-wait", data=folder)
    assert again.stdout == counted.stdout
    wrong = run("dataset", "run", key, "count-posts", "timeframe=fortnight", data=folder)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("4cat: timeframe: ")


def test_a_file_that_is_not_there(folder):
    missing = run("dataset", "import", "/nowhere.csv", data=folder)
    assert (missing.returncode, missing.stderr) == (1, "4cat: There is no file /nowhere.csv.\n")


def test_import_while_nothing_runs_brings_its_own_workers(tmp_path):
    data = tmp_path / "data"
    run("user", "create", "ann", "--admin", "--password", "a long word", data=data)
    made = run("dataset", "import", write_posts(tmp_path / "posts.csv"), data=data)
    assert made.returncode == 0, made.stderr
    wait_gone(data)
    assert run("status", data=data).returncode == 3


def test_no_administrator_no_dataset(tmp_path):
    refused = run("dataset", "import", write_posts(tmp_path / "posts.csv"), "--no-wait", data=tmp_path / "data")
    assert refused.returncode == 1
    assert "./4cat user create NAME --admin" in refused.stderr


def test_wrong_settings_name_their_variable(tmp_path):
    wrong = run("up", data=tmp_path / "data", WEB_THREADS="many")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("4cat: WEB_THREADS is 'many'.")


def test_a_port_in_use_is_refused(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = run("up", "--port", taken.getsockname()[1], data=tmp_path / "data")
    assert refused.returncode == 1
    assert "Give another port with --port" in refused.stderr
    wait_gone(tmp_path / "data")


def test_up_ends_with_ctrl_c_and_starts_again_after_kill(tmp_path):
    data = tmp_path / "data"
    command = [sys.executable, "-m", "app.cli", "up", "--port", str(free_port()), "--data", str(data)]
    for number in (signal.SIGKILL, signal.SIGINT):
        up = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)
        assert any("4CAT runs at" in line for line in up.stdout)
        up.send_signal(number)
        up.communicate(timeout=30)
        wait_gone(data)
    assert up.returncode == 0


EAGER = """
import os, signal, sys
from pathlib import Path
from app.local.instance import run_instance

def say(line):
    print(line, flush=True)
    if "4CAT runs at" in line:
        os.kill(os.getpid(), signal.SIGINT)

sys.exit(run_instance(Path(sys.argv[1]), int(sys.argv[2]), say))
"""


def test_ctrl_c_in_the_very_moment_of_the_start_is_no_failure(tmp_path):
    command = [sys.executable, "-c", EAGER, str(tmp_path / "data"), str(free_port())]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert "4CAT runs at" in done.stdout
    assert done.returncode == 0, done.stderr
    wait_gone(tmp_path / "data")


def test_restart_keeps_the_port(folder):
    before = run("status", data=folder).stdout
    restarted = run("restart", data=folder)
    assert restarted.returncode == 0, restarted.stderr
    after = run("status", data=folder).stdout
    assert re.search(r"http\S+", after).group() == re.search(r"http\S+", before).group()
    assert after != before


def test_the_demonstration_with_a_file(tmp_path):
    data = tmp_path / "data"
    posts = write_posts(tmp_path / "posts.csv")
    for _ in range(2):
        demo = run("demo", posts, "--exit", "--port", free_port(), data=data)
        assert demo.returncode == 0, demo.stdout + demo.stderr
        assert re.fullmatch(r"demo: \d\d datasets finished, 0 failed", demo.stdout.splitlines()[-1])
    wait_gone(data)
