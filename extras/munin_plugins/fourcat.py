#!/usr/bin/env python3
"""A plugin for munin: shows how busy a 4CAT is, as its API says. The name by which it is called says what it shows.

It needs Python 3.9 and nothing else. Settings, in munin's plugin-conf.d:

    [4cat_*]
    env.url http://127.0.0.1:5000
    env.token 4cat-...               # not needed on the machine itself, unless through a proxy
    env.total_warning 500:20000      # for any field, warning or critical; "none" takes one away

#%# family=auto
#%# capabilities=autoconf
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

_TIMEOUT = 10
_URL = "http://127.0.0.1:5000"

Line = tuple[str, str, Any]


class Graph(NamedTuple):
    """What a plugin shows: its lines are a field, a label and a value, which is None when it is not known."""

    title: str
    unit: str
    about: str
    lines: Callable[[dict[str, Any]], list[Line]]
    limits: Mapping[str, str] = MappingProxyType({})


class NoAnswer(Exception):
    """The API gave no statistics; the text says why and what to do."""


def _of_posts(key: str) -> Callable[[dict[str, Any]], list[Line]]:
    def lines(found: dict[str, Any]) -> list[Line]:
        each = [(source["source"], source["source"], source[key]) for source in found["posts"]]
        return [*each, ("total", "all sources", sum(value for _, _, value in each))]

    return lines


def _of_datasets(key: str) -> Callable[[dict[str, Any]], list[Line]]:
    return lambda found: [("queries", "datasets", found["datasets"][key])]


def _job_ages(found: dict[str, Any]) -> list[Line]:
    jobs = found["jobs"]
    return [("overall", "overall", jobs["oldest"]), *_by_type(jobs["types"], "oldest")]


def _job_counts(found: dict[str, Any]) -> list[Line]:
    return [*_by_type(found["jobs"]["types"], "jobs"), ("total", "all types", found["jobs"]["total"])]


def _worker_counts(found: dict[str, Any]) -> list[Line]:
    workers = found["workers"]
    if workers is None:  # Redis, which knows them, is away; the types are those of the jobs
        return [*((kind["type"], kind["type"], None) for kind in found["jobs"]["types"]), ("total", "all types", None)]
    return [*_by_type(workers["types"], "workers"), ("total", "all types", workers["total"])]


def _by_type(types: list[dict[str, Any]], key: str) -> list[Line]:
    return [(kind["type"], kind["type"], kind[key]) for kind in types]


GRAPHS = {
    "4cat_scraped_hour": Graph(
        "Posts scraped in the last hour",
        "posts",
        "Posts made in the last hour that are stored.",
        _of_posts("scraped"),
        {"total.warning": "500:20000", "total.critical": "250:30000"},
    ),
    "4cat_deleted_hour": Graph(
        "Posts deleted in the last hour",
        "posts",
        "Posts made in the last hour that have been deleted on their board since.",
        _of_posts("deleted"),
    ),
    "4cat_job_age": Graph(
        "Age of the oldest job",
        "seconds",
        "How long the oldest job that could start has waited, overall and by type.",
        _job_ages,
        {"overall.warning": ":800", "overall.critical": ":1800"},
    ),
    "4cat_job_all": Graph(
        "Jobs by type",
        "jobs",
        "Jobs that wait or run.",
        _job_counts,
        {"total.warning": "100:15000", "total.critical": "50:20000"},
    ),
    "4cat_queries_hour": Graph(
        "Datasets created in the last hour",
        "datasets",
        "Datasets and analyses that were made in the last hour.",
        _of_datasets("hour"),
        {"queries.warning": "1250", "queries.critical": "2500"},
    ),
    "4cat_queries_day": Graph(
        "Datasets created in the last day",
        "datasets",
        "Datasets and analyses that were made in the last 24 hours.",
        _of_datasets("day"),
    ),
    "4cat_workers": Graph(
        "Workers by type",
        "workers",
        "Worker processes. They start when there is work and end when there has been none for a while.",
        _worker_counts,
        {"total.critical": "3:50"},
    ),
}


def main(program: str, arguments: list[str]) -> int:
    """Answer munin: values, or what `config` or `autoconf` ask for."""
    graph = GRAPHS.get(Path(program).name.replace("-", "_"))
    if graph is None:
        print(f"Call this by one of these names, through a link: {', '.join(GRAPHS)}", file=sys.stderr)
        return 2
    wish = arguments[0] if arguments else ""
    if wish == "suggest":  # there is one of each, so nothing to choose from
        return 0
    try:
        settings = dict(os.environ)
        found = _ask(settings.get("url", _URL), settings.get("token", ""))
    except NoAnswer as error:
        if wish == "autoconf":
            print(f"no ({error})")
            return 0
        print(error, file=sys.stderr)
        return 1
    if wish == "autoconf":
        print("yes")
    else:
        print("\n".join(_configuration(graph, found) if wish == "config" else _values(graph, found)))
    return 0


def _ask(url: str, token: str) -> dict[str, Any]:
    """The statistics of the installation at this address. :raises NoAnswer: when they cannot be had"""
    address = f"{url.rstrip('/')}/api/statistics"
    if not address.startswith(("http://", "https://")):
        raise NoAnswer(f"env.url must begin with http:// or https://, not be {url}")
    headers = {"Accept": "application/json", "User-Agent": "4cat-munin"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(address, headers=headers), timeout=_TIMEOUT) as answer:  # noqa: S310
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        hint = "; set env.token to a token of 4CAT" if error.code == 401 else ""
        raise NoAnswer(f"{address} answers {error.code}{hint}") from error
    except (OSError, ValueError) as error:
        raise NoAnswer(f"{address} does not answer: {error}") from error
    if not isinstance(found, dict) or "jobs" not in found:
        raise NoAnswer(f"{address} is not a 4CAT")
    return found


def _configuration(graph: Graph, found: dict[str, Any]) -> list[str]:
    written = [
        f"graph_title 4CAT: {graph.title}",
        "graph_category 4cat",
        f"graph_vlabel {graph.unit}",
        f"graph_info {graph.about}",
        "graph_args --base 1000 --lower-limit 0",
        "graph_scale no",
    ]
    for name, label, _ in graph.lines(found):
        field = _field(name)
        written += [f"{field}.label {label}", f"{field}.type GAUGE", f"{field}.min 0"]
        for kind in ("warning", "critical"):
            limit = os.environ.get(f"{field}_{kind}", graph.limits.get(f"{field}.{kind}", ""))
            if limit.strip() not in ("", "none"):
                written.append(f"{field}.{kind} {limit.strip()}")
    return written


def _values(graph: Graph, found: dict[str, Any]) -> list[str]:
    return [f"{_field(name)}.value {'U' if value is None else value}" for name, _, value in graph.lines(found)]


def _field(name: str) -> str:
    """A name as munin allows it for a field."""
    return re.sub(r"^(?=\d)|[^A-Za-z0-9_]", "_", name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[0], sys.argv[1:]))
