"""Measure the text, network and chart analyses against the same work written straight for the engine.

    python bench/processors_text.py [ROWS] [NAME ...]

Each analysis and each script runs in a process of its own, so seconds and memory include nothing of another; seconds
are from the first call to the written result, without the start of Python. The script may know what the analysis has
to find out (which columns, which options), and gives the same result; whether it does is checked.
"""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import polars as pl

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# Name, module, options, and what it reads: the posts, or the result of another.
CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "tokenise": ("processors.text.tokenise_posts", {"docs_per": "month"}, "posts"),
    "tokenise-words": ("processors.text.tokenise_posts", {"tokenizer_type": "regular"}, "posts"),
    "vectorise": ("processors.text.vectorise_tokens", {}, "tokenise"),
    "top-vectors": ("processors.text.vector_ranker", {"top": 25}, "vectorise"),
    "word-cloud": ("processors.visual.wordcloud", {"max_words": 200}, "top-vectors"),
    "histogram": ("processors.visual.histogram", {}, "top-vectors"),
    "cotag-network": ("processors.networks.cotag_network", {}, "posts"),
}

WORD = r"[0-9_]*\p{L}\w*"
EMOJI = (
    r"\p{RI}{2}|(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\x{FE0F})[\p{Emoji_Modifier}\x{FE0F}]*"
    r"(?:\x{200D}\p{Extended_Pictographic}[\p{Emoji_Modifier}\x{FE0F}]*)*"
)
URL = r"(?:https?://|www\.)\S+|&(?:amp|lt|gt|quot|nbsp|#[0-9]+);"


def _raw_tokens(path: str, date: pl.Expr, pattern: str) -> pl.LazyFrame:
    import stopwordsiso

    stop = pl.Series(sorted(word.replace("’", "'") for word in stopwordsiso.stopwords("en")))
    clean = pl.col("body").str.to_lowercase().str.replace_all(URL, " ").str.replace_all("’", "'", literal=True)
    kept = pl.when(~pl.element().is_in(stop.implode())).then(pl.element())
    tokens = clean.str.extract_all(pattern).list.eval(kept).list.drop_nulls()
    table = pl.scan_parquet(path).select(item_id="id", date=date, tokens=tokens)
    return table.filter(pl.col("tokens").list.len() > 0)


def raw_tokenise(path: str, out: Path) -> None:
    month = pl.col("timestamp").dt.truncate("1mo").dt.strftime("%Y-%m")
    tags = rf"[\w.+-]+@[\w-]+\.[\w.-]*\w|@\w+|#{WORD}|{WORD}(?:['-]\w+)*|{EMOJI}"
    _raw_tokens(path, month, tags).sink_parquet(out)


def raw_tokenise_words(path: str, out: Path) -> None:
    _raw_tokens(path, pl.lit("all"), rf"{WORD}(?:['-]\w+)*").sink_parquet(out)


def raw_vectorise(path: str, out: Path) -> None:
    words = pl.scan_parquet(path).select("date", item="tokens").explode("item")
    counts = words.group_by("date", "item").agg(value=pl.len().cast(pl.Int64))
    counts.sort("date", "value", "item", descending=[False, True, False]).sink_parquet(out)


def raw_top_vectors(path: str, out: Path) -> None:
    ranked = pl.scan_parquet(path).sort("date", "value", "item", descending=[False, True, False])
    ranked.group_by("date", maintain_order=True).head(25).sink_parquet(out)


def raw_word_cloud(path: str, out: Path) -> None:
    from wordcloud import WordCloud

    totals = pl.scan_parquet(path).group_by("item").agg(pl.col("value").sum()).collect()
    cloud = WordCloud(width=960, height=560, random_state=1).generate_from_frequencies(dict(totals.iter_rows()))
    out.write_text(json.dumps([entry[0][0] for entry in cloud.layout_]))


def raw_histogram(path: str, out: Path) -> None:
    totals = pl.scan_parquet(path).group_by("date").agg(pl.col("value").sum()).sort("date").collect()
    spec = {"data": {"values": totals.to_dicts()}, "mark": "bar", "encoding": {"x": {"field": "date"}}}
    out.write_text(json.dumps(spec))


def raw_cotag_network(path: str, out: Path) -> None:
    import igraph

    split = pl.scan_parquet(path).select(tag=pl.col("hashtags").str.to_lowercase().str.split(",")).with_row_index("row")
    members = split.explode("tag").filter(pl.col("tag") != "").unique().collect(engine="streaming").lazy()
    pairs = members.join(members, on="row").filter(pl.col("tag") < pl.col("tag_right"))
    edges = pairs.group_by(source="tag", target="tag_right").agg(weight=pl.len()).collect(engine="streaming")
    igraph.set_random_number_generator(Random(1))
    network = igraph.Graph.TupleList(edges.iter_rows(), weights=True)
    network.community_multilevel(weights="weight")
    edges.sort("weight", "source", "target", descending=[True, False, False]).write_parquet(out)


RAW: dict[str, Callable[[str, Path], None]] = {
    "tokenise": raw_tokenise,
    "tokenise-words": raw_tokenise_words,
    "vectorise": raw_vectorise,
    "top-vectors": raw_top_vectors,
    "word-cloud": raw_word_cloud,
    "histogram": raw_histogram,
    "cotag-network": raw_cotag_network,
}


def ours(name: str, path: str, out: Path) -> None:
    """Run an analysis as the runner does: read Parquet lazily, write the result as a stream."""
    from app.plugins.registry import _plugins_in
    from app.plugins.results import Chart, Graph
    from app.plugins.testing import MemoryRun, MemorySource
    from app.plugins.validation import load

    module, chosen, _ = CASES[name]
    (processor,) = _plugins_in(importlib.import_module(module))
    source = MemorySource(pl.scan_parquet(path))
    options = load(processor.Options, chosen, source.columns)
    with tempfile.TemporaryDirectory() as folder:
        result = processor().process(source, options, MemoryRun(Path(folder)))
        if isinstance(result, Graph):
            result.edges.lazy().sink_parquet(out)
        elif isinstance(result, Chart):
            out.write_text(json.dumps(result.spec))
        else:
            result.sink_parquet(out, row_group_size=65_536)


def measured(who: str, name: str, path: Path, out: Path) -> tuple[float, int]:
    """Seconds and peak memory (MB) of one run in a fresh process."""
    command = [sys.executable, __file__, "--one", who, name, str(path), str(out)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, peak = done.stdout.split()
    return float(seconds), int(peak)


def run_one(who: str, name: str, path: str, out: str) -> None:
    began = time.perf_counter()
    if who == "ours":
        ours(name, path, Path(out))
    else:
        RAW[name](path, Path(out))
    seconds = time.perf_counter() - began
    # Not ru_maxrss, which a process inherits from the one that started it.
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    print(seconds, int(peak[1]) // 1024 if peak else 0)


def same(name: str, ours_at: Path, raw_at: Path) -> str:
    """Whether both gave the same; charts are only alike, so they are not compared."""
    if name in ("word-cloud", "histogram"):
        return "-"
    left, right = pl.scan_parquet(ours_at), pl.scan_parquet(raw_at)
    if name.startswith("tokenise"):
        hashed = pl.struct("item_id", "date", pl.col("tokens").list.join(" ")).hash(seed=1)
        sums = [table.select(hashed.sum(), rows=pl.len()).collect(engine="streaming") for table in (left, right)]
        return "yes" if sums[0].equals(sums[1]) else "NO"
    columns = left.collect_schema().names()
    equal = left.collect().equals(right.select(columns).cast(left.collect_schema()).collect())
    return "yes" if equal else "NO"


def main(rows: int, names: list[str]) -> None:
    from bench._posts import posts_parquet

    with tempfile.TemporaryDirectory() as folder:
        files = {"posts": Path(folder) / "posts.parquet"}
        posts_parquet(rows, files["posts"])
        print(f"{rows:,} posts\n{'analysis':16}{'ours s':>9}{'MB':>7}{'raw s':>9}{'MB':>7}{'ratio':>8}  same  target")
        for name, (_, _, reads) in CASES.items():
            files[name] = Path(folder) / f"{name}.ours"
            needed = not names or name in names
            own = measured("ours", name, files[reads], files[name])
            if not needed:
                continue
            other = Path(folder) / f"{name}.raw"
            raw = measured("raw", name, files[reads], other)
            met = "met" if own[0] <= 1.5 * raw[0] + 0.25 else "MISSED"
            figures = f"{own[0]:9.2f}{own[1]:7}{raw[0]:9.2f}{raw[1]:7}{own[0] / raw[0]:8.2f}"
            print(f"{name:16}{figures}  {same(name, files[name], other):4}  {met}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        run_one(*sys.argv[2:6])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, sys.argv[2:])
