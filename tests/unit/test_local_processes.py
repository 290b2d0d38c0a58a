"""The supervisor: starts, passes on, starts again, and leaves nothing behind."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.domain.errors import FourcatError
from app.local.processes import Supervisor, process_environment
from app.local.procfile import ROOT, read_procfile

PARENT = """
import sys
from app.local.processes import Supervisor
import os
commands = dict(part.split("=", 1) for part in sys.argv[2:])
supervisor = Supervisor(commands, os.environ, grace=float(sys.argv[1]), say=lambda line: print(line, flush=True))
status = supervisor.release()
if status:
    sys.exit(status)
print("released", flush=True)
supervisor.run()
"""


def supervise(grace: float, **commands: str) -> subprocess.Popen:
    parts = [f"{name}={command}" for name, command in commands.items()]
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, str(grace), *parts],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_until(process: subprocess.Popen, wanted: str) -> list[str]:
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if wanted in line:
            return lines
        if len(lines) > 50 or "in 4 s" in line:
            process.kill()
            break
    raise AssertionError(f"{wanted!r} was never said, but {lines}")


def python(code: str) -> str:
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"


def wait_gone(numbers: list[int]) -> None:
    deadline = time.monotonic() + 10
    while any(map(_is_there, numbers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not list(filter(_is_there, numbers))


def _is_there(number: int) -> bool:
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_release_line_comes_first_and_output_carries_names():
    process = supervise(5, release="echo made ready", web="sh -c 'echo serving; sleep 60'")
    lines = read_until(process, "serving")
    process.terminate()
    process.communicate()
    assert lines == ["release | made ready", "released", "web     | serving"]
    assert process.returncode == 0


def test_a_failed_release_stops_the_start():
    process = supervise(5, release="sh -c 'echo no database; exit 7'", web="echo serving")
    said, _ = process.communicate()
    assert process.returncode == 7
    assert said == "release | no database\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_in_order(number):
    process = supervise(10, one="sh -c 'echo up; exec sleep 60'", two="sleep 60")
    read_until(process, "up")
    below = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    process.send_signal(number)
    process.communicate(timeout=10)
    assert process.returncode == 0
    assert len(below) == 2
    wait_gone(below)


def test_a_process_that_dies_is_started_again_ever_more_slowly():
    process = supervise(5, worker="sh -c 'echo hello; exit 3'")
    lines = read_until(process, "in 2 s")
    process.terminate()
    process.communicate()
    assert lines.count("worker | hello") == 2
    assert "worker ended with status 3; it is started again in 1 s." in lines


def test_what_does_not_end_is_killed_with_all_it_started():
    stubborn = (
        "import os,signal,subprocess,time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "c=subprocess.Popen(['sleep','61'], start_new_session=True); print('child', c.pid, flush=True); time.sleep(60)"
    )
    process = supervise(0.5, worker=python(stubborn))
    line = read_until(process, "child")[-1]
    below = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    assert int(line.split()[-1]) in below
    before = time.monotonic()
    process.terminate()
    said, _ = process.communicate()
    assert "Some processes do not end and are killed." in said
    assert time.monotonic() - before < 5
    wait_gone(below)


def test_a_second_ctrl_c_ends_the_patience():
    process = supervise(
        60,
        worker=python(
            "import signal,time; signal.signal(15, lambda *a: print('wait', flush=True)); "
            "print('up', flush=True); [time.sleep(1) for _ in range(60)]"
        ),
    )
    read_until(process, "up")
    process.send_signal(signal.SIGINT)
    read_until(process, "wait")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's end")
def test_processes_die_with_a_killed_supervisor():
    process = supervise(10, one="sh -c 'echo up; exec sleep 60'", two="sleep 60")
    read_until(process, "up")
    below = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    process.kill()
    process.communicate()
    assert len(below) == 2
    wait_gone(below)


def test_lines_without_an_end_and_odd_bytes_are_passed_on():
    said: list[str] = []
    line = "printf 'one\\ntwo \\377'"
    status = Supervisor({"release": line}, os.environ, grace=1, say=said.append).release()
    assert status == 0
    assert said == ["release | one", "release | two �"]


def test_programs_of_this_installation_come_first():
    path = process_environment({"PATH": "/elsewhere"})["PATH"]
    assert path == f"{Path(sys.executable).parent}{os.pathsep}/elsewhere"


def test_the_procfile_of_this_tool():
    commands = read_procfile()
    assert list(commands) == ["release", "web", "worker", "scheduler"]


@pytest.mark.parametrize(("text", "problem"), [("web gunicorn\n", "Line 1"), ("a: b\n# c\n\na: c\n", "Line 4.*second")])
def test_a_wrong_procfile_names_its_line(tmp_path, text, problem):
    (tmp_path / "Procfile").write_text(text)
    with pytest.raises(FourcatError, match=problem):
        read_procfile(tmp_path / "Procfile")
