"""Give networks a layout, and write them for other programs as GEXF and GraphML."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from io import TextIOBase
from random import Random
from typing import IO, TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from app.services.palette import palette

if TYPE_CHECKING:
    import igraph
    import polars as pl

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PLACED = ("x", "y")
_REST = "#787878"
_OWN_NODE, _OWN_EDGE = ("id", "label", "x", "y"), ("source", "target")


def lay_out(nodes: pl.DataFrame, edges: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The nodes with a position each, `x` and `y`; as they are when they have one. The same for the same seed.

    Each connected part is drawn by the method of Fruchterman and Reingold; the parts are then set side by side, the
    largest first. The work grows with the number of nodes and links, and the rounds shrink with it, so 50,000 nodes
    take seconds. Nodes of communities start near each other.
    """
    import polars as pl

    if set(_PLACED) <= set(nodes.columns) or nodes.is_empty():
        return nodes
    network = _network(nodes, edges, seed)
    places = _pack([(part, _part(network.induced_subgraph(part))) for part in _parts(network)])
    x, y = ([place[axis] for place in places] for axis in (0, 1))
    return nodes.with_columns(pl.Series("x", x, dtype=pl.Float64), pl.Series("y", y, dtype=pl.Float64))


def write_gexf(
    nodes: pl.DataFrame,
    edges: pl.DataFrame,
    directed: bool,
    stream: IO[bytes] | TextIOBase,
    colours: Sequence[str] = (),
) -> None:
    """Write a network as GEXF 1.3, for Gephi: typed attributes, positions, sizes, and communities in `colours`."""
    write, colours = _writer(stream), colours or palette()
    kind = "directed" if directed else "undirected"
    write('<?xml version="1.0" encoding="UTF-8"?>\n')
    write('<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">\n')
    write(f'<graph defaultedgetype="{kind}" mode="static">\n')
    node_types, edge_types = _types(nodes, _OWN_NODE), _types(edges, (*_OWN_EDGE, "weight"))
    for of, types in (("node", node_types), ("edge", edge_types)):
        if types:
            titles = (
                f'<attribute id="{n}" title={_quoted(name)} type="{t}"/>' for n, (name, t) in enumerate(types.items())
            )
            write(f'<attributes class="{of}">{"".join(titles)}</attributes>\n')
    write("<nodes>\n")
    largest = _largest(nodes)
    for node in nodes.iter_rows(named=True):
        write(f"<node id={_quoted(node['id'])} label={_quoted(node.get('label', node['id']))}>")
        write(_gexf_values(node, node_types) + _gexf_look(node, largest, colours) + "</node>\n")
    write("</nodes>\n<edges>\n")
    for number, edge in enumerate(edges.iter_rows(named=True)):
        ends = f"source={_quoted(edge['source'])} target={_quoted(edge['target'])}"
        weight = f" weight={_quoted(edge['weight'])}" if edge.get("weight") is not None else ""
        write(f'<edge id="{number}" {ends}{weight}>{_gexf_values(edge, edge_types)}</edge>\n')
    write("</edges>\n</graph>\n</gexf>\n")


def write_graphml(nodes: pl.DataFrame, edges: pl.DataFrame, directed: bool, stream: IO[bytes] | TextIOBase) -> None:
    """Write a network as GraphML, with typed attributes."""
    write = _writer(stream)
    write('<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
    node_types, edge_types = _types(nodes, ("id",)), _types(edges, _OWN_EDGE)
    for of, types in (("node", node_types), ("edge", edge_types)):
        for number, (name, type_) in enumerate(types.items()):
            write(f'<key id="{of[0]}{number}" for="{of}" attr.name={_quoted(name)} attr.type="{type_}"/>\n')
    write(f'<graph id="G" edgedefault="{"directed" if directed else "undirected"}">\n')
    for node in nodes.iter_rows(named=True):
        write(f"<node id={_quoted(node['id'])}>{_graphml_values(node, node_types, 'n')}</node>\n")
    for edge in edges.iter_rows(named=True):
        ends = f"source={_quoted(edge['source'])} target={_quoted(edge['target'])}"
        write(f"<edge {ends}>{_graphml_values(edge, edge_types, 'e')}</edge>\n")
    write("</graph>\n</graphml>\n")


def _network(nodes: pl.DataFrame, edges: pl.DataFrame, seed: int) -> igraph.Graph:
    """The network as igraph has it, without loops; links whose ends are no nodes are left out."""
    import igraph
    import polars as pl

    place = {name: number for number, name in enumerate(nodes["id"].to_list())}
    weight = edges["weight"].cast(pl.Float64).to_list() if "weight" in edges.columns else [1.0] * edges.height
    links, weights = [], []
    for source, target, strength in zip(edges["source"].to_list(), edges["target"].to_list(), weight, strict=True):
        if source != target and source in place and target in place:
            links.append((place[source], place[target]))
            weights.append(1 + math.log(max(strength or 0, 1)))
    igraph.set_random_number_generator(Random(seed))  # noqa: S311 (not for secrets)
    network = igraph.Graph(n=len(place), edges=links)
    network.es["weight"] = weights
    return network


def _parts(network: igraph.Graph) -> list[list[int]]:
    """The connected parts, largest first, each as the numbers of its nodes."""
    return sorted((list(part) for part in network.connected_components()), key=lambda part: (-len(part), part[0]))


def _part(network: igraph.Graph) -> list[tuple[float, float]]:
    """Places for the nodes of one connected part, around the middle, with about one unit of room for each node."""
    size = network.vcount()
    if size == 1:
        return [(0.0, 0.0)]
    if size == 2:
        return [(-0.5, 0.0), (0.5, 0.0)]
    rounds = max(60, min(500, 3_000_000 // (size + network.ecount())))
    start = _start(network) if size > 500 else network.layout_circle().coords
    spread = math.sqrt(size)
    layout = network.layout_fruchterman_reingold(
        weights="weight", niter=rounds, seed=start, start_temp=spread / 4, grid=size > 1000
    )
    across = [sum(axis) / size for axis in zip(*layout.coords, strict=True)]
    centred = [(x - across[0], y - across[1]) for x, y in layout.coords]
    reach = max(math.hypot(x, y) for x, y in centred) or 1.0
    return [(x / reach * spread, y / reach * spread) for x, y in centred]


def _start(network: igraph.Graph) -> list[tuple[float, float]]:
    """A first place for each node of a large network: within a disc for its community, the discs laid out as nodes."""
    membership = network.community_leiden("modularity", weights="weight", n_iterations=1).membership
    coarse = network.copy()
    coarse.contract_vertices(membership)
    coarse.simplify(combine_edges="sum")
    middles = coarse.layout_fruchterman_reingold(
        weights="weight", niter=300, seed=coarse.layout_circle().coords, grid=coarse.vcount() > 1000
    ).coords
    reach = max(math.hypot(x, y) for x, y in middles) or 1.0
    scale = math.sqrt(network.vcount()) / reach
    seen = [0] * len(middles)
    places = []
    for community in membership:
        seen[community] += 1
        away, turn = 0.5 * math.sqrt(seen[community]), 2.399963 * seen[community]
        x, y = middles[community]
        places.append((x * scale + away * math.cos(turn), y * scale + away * math.sin(turn)))
    return places


def _pack(parts: list[tuple[list[int], list[tuple[float, float]]]]) -> list[tuple[float, float]]:
    """Set the parts side by side: the largest in the middle of the left, the others in columns to its right."""
    places: list[tuple[float, float]] = [(0.0, 0.0)] * sum(len(part) for part, _ in parts)
    left, top, wide, height = 0.0, 0.0, 0.0, 0.0
    for part, drawn in parts:
        reach = max(math.hypot(x, y) for x, y in drawn) + 0.8
        height = height or 2 * reach
        if top and top + 2 * reach > max(height, 12.0):
            left, top, wide = left + wide, 0.0, 0.0
        for node, (x, y) in zip(part, drawn, strict=True):
            places[node] = (left + reach + x, top + reach + y)
        top, wide = top + 2 * reach, max(wide, 2 * reach)
    return places


def _writer(stream: IO[bytes] | TextIOBase) -> Any:
    """A function that writes text to a stream of bytes or of text."""
    if isinstance(stream, TextIOBase):
        return stream.write
    return lambda text: stream.write(text.encode())


def _types(table: pl.DataFrame, besides: tuple[str, ...]) -> dict[str, str]:
    """The columns that become attributes, with their type in GEXF and GraphML."""
    types = {}
    for name, dtype in table.schema.items():
        if name in besides:
            continue
        if dtype.is_integer():
            types[name] = "long"
        elif dtype.is_numeric():
            types[name] = "double"
        else:
            types[name] = "boolean" if str(dtype) == "Boolean" else "string"
    return types


def _text(value: Any) -> str:
    """A value as XML text: without signs that XML forbids."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(_text(member) for member in value)
    return _NOT_XML.sub("", str(value))


def _quoted(value: Any) -> str:
    return quoteattr(_text(value if value is not None else ""))


def _given(row: dict[str, Any], types: dict[str, str]) -> Iterator[tuple[int, Any]]:
    for number, name in enumerate(types):
        if row[name] is not None:
            yield number, row[name]


def _gexf_values(row: dict[str, Any], types: dict[str, str]) -> str:
    values = "".join(f'<attvalue for="{number}" value={_quoted(value)}/>' for number, value in _given(row, types))
    return f"<attvalues>{values}</attvalues>" if values else ""


def _graphml_values(row: dict[str, Any], types: dict[str, str], prefix: str) -> str:
    return "".join(
        f'<data key="{prefix}{number}">{escape(_text(value))}</data>' for number, value in _given(row, types)
    )


def _largest(nodes: pl.DataFrame) -> float:
    """The highest frequency, which gets the largest dot."""
    if "frequency" not in nodes.columns or not nodes.schema["frequency"].is_numeric():
        return 0.0
    return float(nodes["frequency"].max() or 0)  # type: ignore[arg-type]


def _gexf_look(node: dict[str, Any], largest: float, colours: Sequence[str]) -> str:
    """Where a node stands, and by its community and frequency, its colour and size."""
    look = ""
    if node.get("x") is not None and node.get("y") is not None:
        # Upwards as on the page; a unit is widened to leave room for the dots.
        look += f'<viz:position x="{node["x"] * 20:.3f}" y="{node["y"] * 20:.3f}" z="0.0"/>'
    if isinstance(node.get("community"), int):
        colour = colours[node["community"] - 1] if 0 < node["community"] <= len(colours) else _REST
        red, green, blue = bytes.fromhex(colour[1:])
        look += f'<viz:color r="{red}" g="{green}" b="{blue}"/>'
    if largest and node.get("frequency") is not None:
        look += f'<viz:size value="{4 + 20 * math.sqrt(max(node["frequency"], 0) / largest):.2f}"/>'
    return look
