"""Networks as GEXF: nodes and links with their attributes, read piece by piece."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

Row = dict[str, Any]
_NUMBERS = {"integer": int, "int": int, "long": int, "float": float, "double": float}
_OWN = ("id", "label", "source", "target", "weight", "x", "y")


def read_gexf(path: Path) -> tuple[list[Row], list[Row], bool]:
    """Nodes (`id`, `label`, attributes), links (`source`, `target`, `weight`, attributes), whether directed.

    Places are not taken over: the network is laid out here.

    :raises ValueError: when it is no GEXF, or brings a document type, which could name other files
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = reader.begin, reader.end
    parser.StartDoctypeDeclHandler = _refuse
    try:
        with path.open("rb") as opened:
            parser.ParseFile(opened)
    except expat.ExpatError as error:
        raise ValueError(f"it is no XML: {error}") from None
    if not reader.is_graph:
        raise ValueError("it is no GEXF")
    known = {node["id"] for node in reader.nodes}
    missing = {edge[end] for edge in reader.edges for end in ("source", "target")} - known
    reader.nodes.extend({"id": id_, "label": id_} for id_ in sorted(missing))
    return reader.nodes, reader.edges, reader.is_directed


def _refuse(*_: Any) -> NoReturn:
    raise ValueError("it brings a document type")


class _Reader:
    """What has been read so far."""

    def __init__(self) -> None:
        self.nodes: list[Row] = []
        self.edges: list[Row] = []
        self.is_directed = self.is_graph = False
        self._names: dict[str, dict[str, tuple[str, str]]] = {}
        self._about = "node"
        self._row: Row = {}

    def begin(self, name: str, given: dict[str, str]) -> None:
        """Take in an element."""
        tag = name.rpartition(" ")[2]
        if tag == "graph":
            self.is_graph, self.is_directed = True, given.get("defaultedgetype") == "directed"
        elif tag == "attributes":
            self._about = given.get("class", "node")
        elif tag == "attribute":
            id_ = given.get("id", "")
            self._names.setdefault(self._about, {})[id_] = (given.get("title") or id_, given.get("type", "string"))
        elif tag == "node":
            self._about, id_ = "node", given.get("id", "")
            self._row = {"id": id_, "label": given.get("label") or id_}
        elif tag == "edge":
            self._about = "edge"
            weight = float(given.get("weight") or 1)
            self._row = {"source": given.get("source", ""), "target": given.get("target", ""), "weight": weight}
        elif tag == "attvalue":
            self._take_value(given.get("for", ""), given.get("value", ""))

    def _take_value(self, id_: str, text: str) -> None:
        name, type_ = self._names.get(self._about, {}).get(id_, (id_, "string"))
        number = _NUMBERS.get(type_)
        self._row[f"{name}_" if name in _OWN else name] = number(float(text)) if number and text else text

    def end(self, name: str) -> None:
        """Keep a node or link that is complete."""
        tag = name.rpartition(" ")[2]
        if tag in ("node", "edge"):
            (self.nodes if tag == "node" else self.edges).append(self._row)
            self._row = {}
