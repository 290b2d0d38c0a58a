"""The commands that run the tool: up, start, stop, restart, status, demo and test."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

from app.cli.arguments import Commands, add_command, add_port
from app.domain.errors import UserError
from app.local.frontend import ensure_frontend
from app.local.identity import die_with_parent
from app.local.installation import local_environment
from app.local.instance import answers, ending_on_signals, find_instance, run_instance, start_instance, stop_instance
from app.local.processes import process_environment
from app.local.procfile import ROOT


def add_commands(commands: Commands) -> None:
    """Declare them."""
    demo = add_command(
        commands,
        "demo",
        run_demo,
        "Capture real posts, run a tree of analyses on them and serve it all in your browser.",
        "demo\ndemo posts.csv --port 8080\ndemo --exit\ndemo --imageboard",
    )
    demo.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="a CSV, TSV, NDJSON or XLSX of posts (normally: 6,444 tweets)",
    )
    demo.add_argument(
        "--imageboard",
        action="store_true",
        help="instead: run an imageboard on this machine, scrape it, search in its posts",
    )
    demo.add_argument("--exit", action="store_true", help="stop everything when the analyses are done")
    add_port(demo)

    add_command(
        commands,
        "test",
        lambda asked: run_tests([]),
        "Run the tests. Whatever follows is passed on to pytest.",
        "test\ntest tests/unit -x\ntest -k wordcloud",
    )

    up = add_command(commands, "up", run_up, "Run the tool here until Ctrl-C.", "up\nup --port 8080 --data /srv/4cat")
    up.add_argument("--only", action="append", default=[], metavar="PROCESS", help=argparse.SUPPRESS)
    add_port(up)

    start = add_command(commands, "start", run_start, "Run the tool in the background.", "start\nstart --port 8080")
    add_port(start)
    add_command(commands, "stop", run_stop, "Stop the tool that runs in the background.", "stop")
    restart = add_command(commands, "restart", run_restart, "Stop the tool and start it again.", "restart")
    add_port(restart)
    add_command(commands, "status", run_status, "Say whether the tool runs, and where.", "status")


def run_up(asked: argparse.Namespace) -> int:
    """Run the tool in the foreground."""
    return run_instance(asked.data, asked.port, lambda line: print(line, flush=True), tuple(asked.only))


def run_start(asked: argparse.Namespace) -> int:
    """Run the tool in the background."""
    instance = start_instance(asked.data, asked.port)
    print(f"4CAT runs at {instance.url} (process {instance.process.pid}). Stop it with ./4cat stop.")
    return 0


def run_stop(asked: argparse.Namespace) -> int:
    """Stop the tool."""
    print("4CAT has stopped." if stop_instance(_folder(asked)) else "4CAT was not running.")
    return 0


def run_restart(asked: argparse.Namespace) -> int:
    """Stop the tool if it runs, and start it at the port it had."""
    found = find_instance(_folder(asked))
    if asked.port is None and found is not None and found.url:
        asked.port = int(found.url.rsplit(":", 1)[1])
    stop_instance(_folder(asked))
    return run_start(asked)


def run_status(asked: argparse.Namespace) -> int:
    """Say whether the tool runs; the exit status is 3 when it does not, as with other services."""
    found = find_instance(_folder(asked))
    if found is None:
        print("4CAT is not running.")
        return 3
    since = datetime.fromtimestamp(found.process.create_time()).astimezone()
    print(f"4CAT runs at {found.url} (process {found.process.pid}) since {since:%Y-%m-%d %H:%M}.")
    if found.url and not answers(found.url):
        print("Its web server does not answer. ./4cat doctor may tell why.")
        return 1
    return 0


def run_demo(asked: argparse.Namespace) -> int:
    """Start the tool unless it runs, let another process do the demonstration, and stay while it is looked at.

    The demonstration needs libraries that this process, which may stay for hours, had better not load.
    """
    if asked.file is not None and not asked.file.is_file():
        raise UserError(f"There is no file {asked.file}.")
    if asked.file is not None and asked.imageboard:
        raise UserError("Give a file or --imageboard, not both.")
    folder = _folder(asked)
    with ending_on_signals():
        instance = find_instance(folder)
        is_ours = instance is None
        if instance is None:
            print("Starting 4CAT ...", flush=True)
            instance = start_instance(folder, asked.port, bound=True)
        module = "app.local.demo_imageboard" if asked.imageboard else "app.local.demo"
        command = [sys.executable, "-m", module, str(folder), instance.url, "exit" if asked.exit else "stay"]
        command += [str(asked.file.absolute())] if asked.file else []
        try:
            status = _run_beside(command)
            if is_ours and not asked.exit:
                while instance.process.is_running():
                    time.sleep(1)
        finally:
            if is_ours:
                stop_instance(folder)
    return status


def _run_beside(command: list[str]) -> int:
    """Run a program; its exit status. When this one is ended, so is the other, and may put things in order first."""
    parent = os.getpid()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        preexec_fn=lambda: die_with_parent(signal.SIGTERM, parent),  # noqa: PLW1509 - one thread
    )
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def run_tests(arguments: list[str]) -> int:
    """Run pytest over the tests, with these arguments; without any, over all tests in several processes."""
    if not arguments:
        processes = str(min((os.cpu_count() or 1) + 1, 4))  # one more than can compute, for many tests wait
        arguments = ["-n", processes, "--dist", "loadfile", "--no-loadscope-reorder"]
    given = [str(Path(part).absolute()) if Path(part).exists() else part for part in arguments]
    environment = process_environment(dict(os.environ))
    ensure_frontend()
    return subprocess.run([sys.executable, "-m", "pytest", *given], cwd=ROOT, env=environment, check=False).returncode


def _folder(asked: argparse.Namespace) -> Path:
    return Path(local_environment(asked.data)["DATA_DIR"])
