"""A stand-in for 4CAT 1.56: datasets in the shape that it stores them in, its export as ZIP, its API for exports."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.neighbour import Environ

TOKEN = "an-api-key-of-1.56"
VERSION = "1.56"
GEXF = """<?xml version='1.0' encoding='utf-8'?>
<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">
  <graph defaultedgetype="undirected" mode="static" name="">
    <attributes class="node" mode="static"><attribute id="0" title="frequency" type="long" /></attributes>
    <nodes><node id="tea" label="tea"><attvalues><attvalue for="0" value="3" /></attvalues></node>
      <node id="milk" label="milk"><attvalues><attvalue for="0" value="1" /></attvalues></node></nodes>
    <edges><edge source="tea" target="milk" id="0" weight="2" /></edges>
  </graph>
</gexf>
"""
POSTS = (
    "id,thread_id,timestamp,body,subject,author,country_name,unix_timestamp\r\n"
    '1,1,2023-05-01 10:00:00,"tea, with milk",Hello,Anonymous,Netherlands,1682935200\r\n'
    '2,1,2023-05-02 11:00:00,"two\nlines",,Anonymous,Germany,1683025200\r\n'
)


def archive(**members: str) -> bytes:
    """A ZIP as processors of 4CAT make it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        packed.writestr(".metadata.json", "{}")
        for name, content in members.items():
            packed.writestr(name.replace("_", "."), content)
    return made.getvalue()


@dataclass
class Older:
    """An installation with datasets."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def add(
        self, type_: str, suffix: str, content: bytes, *, parent: str = "", rows: int = 2, **parameters: Any
    ) -> str:
        """Add a finished dataset; its key."""
        number = len(self.rows)
        key = hashlib.md5(f"{type_} {number}".encode(), usedforsecurity=False).hexdigest()
        self.rows[key] = {
            "id": number,
            "key": key,
            "type": type_,
            "key_parent": parent,
            "creator": "ann@example.org",
            "query": str(parameters.get("query", "")),
            "job": "7",
            "parameters": json.dumps(parameters),
            "result_file": f"some-posts-{key}.{suffix}",
            "timestamp": 1_682_935_200 + number,
            "timestamp_finished": 1_682_935_260 + number,
            "status": f"{rows} items done",
            "status_type": "finished" if rows else "empty",
            "num_rows": rows,
            "progress": 1.0,
            "is_finished": True,
            "is_private": True,
            "software_version": "0a1b2c3d",
            "software_file": f"processors/{type_}.py",
            "software_source": "https://github.com/digitalmethodsinitiative/4cat",
            "annotation_fields": "{}",
        }
        self.files[key] = content
        return key

    def metadata(self, key: str) -> dict[str, Any]:
        """What is told of a dataset."""
        return {**self.rows[key], "current_4CAT_version": VERSION}

    def log(self, key: str) -> str:
        """Its log."""
        return f"2023-05-01 10:00:01: Started {self.rows[key]['type']}\n2023-05-01 10:00:02: Done\n"

    def export(self) -> bytes:
        """All of it as the processor export-datasets packs it."""
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
            for key, row in self.rows.items():
                packed.writestr(f"{key}_metadata.json", json.dumps(self.metadata(key)))
                if row["num_rows"]:
                    packed.writestr(row["result_file"], self.files[key])
                packed.writestr(row["result_file"].rpartition(".")[0] + ".log", self.log(key))
            packed.writestr("export.log", "Exported\n")
        return made.getvalue()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer as the API does."""
        parts = environ["PATH_INFO"].strip("/").split("/")
        self.asked.append(environ["PATH_INFO"])
        status, content = "404 Not Found", b'{"error": "Dataset does not exist"}'
        if environ.get("HTTP_AUTHENTICATION") != TOKEN:
            status, content = "403 Forbidden", b'{"error": "no"}'
        elif parts[:2] == ["api", "export-packed-dataset"] and parts[2] in self.rows:
            status, content = "200 OK", self._part(parts[2], parts[3])
        start_response(status, [("Content-Length", str(len(content)))])
        return [content]

    def _part(self, key: str, part: str) -> bytes:
        if part == "data":
            return self.files[key]
        if part == "log":
            return self.log(key).encode()
        below = [child for child, row in self.rows.items() if row["key_parent"] == key and row["is_finished"]]
        return json.dumps(self.metadata(key) if part == "metadata" else below).encode()


def imageboard_posts() -> tuple[Older, str]:
    """A capture of posts with results of every sort below it; its key."""
    older = Older()
    query = {"board": "tea", "body_match": "tea", "datasource": "fourchan", "api_key": "do not tell"}
    top = older.add("fourchan-search", "csv", POSTS.encode(), **query)
    counts = older.add("count-posts", "csv", b"date,item,value\n2023-05,activity,2\n", parent=top, timeframe="month")
    older.add("histogram", "svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", parent=counts, rows=1)
    older.add("preset-cotag-network", "gexf", GEXF.encode(), parent=top)
    older.add("tokenise-posts", "zip", archive(overall_json="[]", stats_csv="a\n1\n"), parent=top)
    older.add("render-page", "html", b"<p>tea</p>", parent=top, rows=1)
    older.add("stringify-posts", "txt", b"tea with milk", parent=top, rows=1)
    older.add("broken-network", "gexf", b"<gexf", parent=top, rows=1)
    older.add("nothing-found", "csv", b"", parent=top, rows=0)
    return older, top
