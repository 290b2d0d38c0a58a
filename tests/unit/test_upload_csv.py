"""Delimited files: every delimiter, encoding and sort of damage."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.plugins import EmptyResult, InvalidInput
from datasources.upload import _csv
from datasources.upload._dialect import Wanted, detect
from tests.unit.upload_files import NOTHING, Imported, import_data, preview_data


def fifty(**changed: str) -> list[str]:
    """A header and fifty rows; `row_7="..."` replaces the seventh."""
    rows = [f"{number},user{number % 5},post number {number}" for number in range(1, 51)]
    for name, text in changed.items():
        rows[int(name.removeprefix("row_")) - 1] = text
    return ["id,author,body", *rows]


def import_lines(folder: Path, lines: list[str], **options: str) -> Imported:
    return import_data(folder, "\n".join(lines) + "\n", **options)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~"])
def test_delimiters_are_detected(tmp_path: Path, delimiter: str) -> None:
    data = "\n".join(line.replace(",", delimiter) for line in fifty())

    found = import_data(tmp_path, data)

    assert len(found.rows) == 50
    assert found.rows[6]["body"] == "post number 7"


def test_a_delimiter_can_be_any_character(tmp_path: Path) -> None:
    found = import_data(tmp_path, "id§body\n1§a,b\n2§c;d\n", delimiter="§")

    assert found.column("body") == ["a,b", "c;d"]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16 LE"),
        ("utf-16-be", "UTF-16 BE"),
        ("iso-8859-1", "Latin-1"),
        ("windows-1252", "Windows-1252"),
    ],
)
def test_encodings_are_detected_and_shown(tmp_path: Path, encoding: str, said: str) -> None:
    texts = [
        "Käse, “gut”" if encoding != "iso-8859-1" else "Käse, gut",
        "très bien",
        "žena" if "1252" in encoding else "ok",
    ]
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["id", "body"], *([str(n), text] for n, text in enumerate(texts))])
    data = out.getvalue().encode(encoding)

    assert import_data(tmp_path, data).column("body") == texts
    assert said in preview_data(tmp_path, data)["described"]


@pytest.mark.parametrize("place", ["start", "middle", "end"])
def test_an_unclosed_quote_swallows_nothing(tmp_path: Path, place: str) -> None:
    number = {"start": 1, "middle": 25, "end": 50}[place]
    lines = fifty(**{f"row_{number}": f'{number},user,"never closed'})

    found = import_lines(tmp_path, lines)

    assert len(found.rows) == 49
    assert [(line, raw) for line, _, raw in found.quarantined] == [(number + 1, f'{number},user,"never closed')]
    assert "not closed" in found.quarantined[0][1]


def test_an_unclosed_quote_ends_before_the_next_quoted_cell(tmp_path: Path) -> None:
    lines = fifty(row_10='10,user,"never closed', row_30='30,user,"said ""so"", twice"')

    found = import_lines(tmp_path, lines)

    assert len(found.rows) == 49
    assert found.rows[28]["body"] == 'said "so", twice'
    assert found.quarantined[0][0] == 11


def test_an_unclosed_quote_and_a_lone_one_later_do_not_make_a_cell(tmp_path: Path) -> None:
    lines = fifty(row_10='10,user,"never closed', row_40='40,user,a screen of 12"')

    found = import_lines(tmp_path, lines)

    assert len(found.rows) == 49
    assert found.rows[38]["body"] == 'a screen of 12"'
    assert found.quarantined[0][0] == 11
    assert "rows of its own" in found.quarantined[0][1]


def test_long_texts_over_many_lines_are_no_swallowed_rows(tmp_path: Path) -> None:
    poem = "\n".join(f"line {number}, with a comma, and another" for number in range(40))
    found = import_data(tmp_path, f'id,author,body\n1,ann,"{poem}"\n2,bob,short\n')

    assert found.column("body") == [poem, "short"]


def test_quotes_inside_plain_cells_are_kept(tmp_path: Path) -> None:
    found = import_data(tmp_path, 'id,body\n1,5" pipe\n2,a "b" c\n3,"quoted, cell"\n')

    assert found.column("body") == ['5" pipe', 'a "b" c', "quoted, cell"]


def test_backslashes_can_escape_quotes(tmp_path: Path) -> None:
    found = import_data(tmp_path, 'id,body\n1,"he said \\"no\\", twice"\n2,"x, \\\\ y"\n')

    assert found.column("body") == ['he said "no", twice', "x, \\ y"]


def test_a_table_that_never_quotes(tmp_path: Path) -> None:
    rows = [f'{number}\t"unbalanced {number}\tx' for number in range(20)]
    found = import_data(tmp_path, "id\tbody\tz\n" + "\n".join(rows), "posts.tsv")

    assert found.column("body") == [f'"unbalanced {number}' for number in range(20)]


def test_wrong_bytes_are_replaced_and_reported(tmp_path: Path) -> None:
    data = "id,body\n1,ünïcödé ünd möre ümläüts\n2,".encode() + b"bro\xffken\n3,ok\n"

    found = import_data(tmp_path, data)

    assert found.column("body") == ["ünïcödé ünd möre ümläüts", "bro�ken", "ok"]
    assert found.warnings == ["1 character was not valid UTF-8 and replaced by �: line 3."]


def test_letters_far_behind_the_sample_decide_for_another_encoding(tmp_path: Path) -> None:
    plain = "id,body\n" + "\n".join(f"{number},some plain text of a post" for number in range(60_000))
    data = plain.encode() + "\n60000,Käse für Jörg\n".encode("windows-1252")
    assert len(data) > 1 << 20

    found = import_data(tmp_path, data)

    assert found.rows[-1]["body"] == "Käse für Jörg"
    assert any("read as Windows-1252" in text for text in found.warnings)


def test_nul_characters_are_removed_and_reported(tmp_path: Path) -> None:
    found = import_data(tmp_path, "id,body\n1,a\0b\n2,c\n3,\0\0d\n")

    assert found.column("body") == ["ab", "c", "d"]
    assert found.warnings == ["3 NUL characters were removed: lines 2, 4."]


def test_duplicate_and_missing_names(tmp_path: Path) -> None:
    found = import_data(tmp_path, "name,name,,name_2\na,b,c,d\n", **NOTHING)

    assert found.own() == [{"name": "a", "name_3": "b", "column_3": "c", "name_2": "d"}]
    assert "name_3" in found.warnings[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty."),
        (b"\n \n\n\t\n", "only blank lines"),
        (bytes(range(256)) * 40, "not a text file"),
        (b"%PDF-1.7 blah", "PDF"),
        (b"\x1f\x8b\x08\x00abc", "gzip"),
    ],
)
def test_files_that_are_no_tables(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as error:
        import_data(tmp_path, data)
    assert list(error.value.fields) == ["file"]


def test_a_header_alone_is_an_empty_result(tmp_path: Path) -> None:
    with pytest.raises(EmptyResult, match="no rows"):
        import_data(tmp_path, "id,body\n")


def test_mostly_ragged_rows_ask_to_check_the_delimiter(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"4 of 5 rows cannot be used.*2 cells where the table has 3.*delimiter"):
        import_data(tmp_path, "a,b,c\n1,2,3\n1,2\n1,2\n1,2\n1,2\n", delimiter=",", has_header="yes")


def test_header_can_be_chosen(tmp_path: Path) -> None:
    data = "hello,world\nfoo,bar\n"

    assert len(import_data(tmp_path, data).rows) == 1
    assert len(import_data(tmp_path, data, has_header="no").rows) == 2


def test_one_column(tmp_path: Path) -> None:
    found = import_data(tmp_path, 'text\nhello, world\n"a, ""b"""\nlast one here\n', body="text")

    assert found.column("body") == ["hello, world", 'a, "b"', "last one here"]
    assert "One column" in preview_data(tmp_path, "text\nhello\n")["described"]


def test_trailing_empty_cells_are_no_reason_to_leave_a_row_out(tmp_path: Path) -> None:
    assert len(import_data(tmp_path, "a,b\n1,2,\n3,4,,\n5,6\n").rows) == 3


def test_mac_line_ends(tmp_path: Path) -> None:
    assert import_data(tmp_path, "id,body\r1,a b\r2,c d\r").column("body") == ["a b", "c d"]


def test_pieces_join_at_any_place(tmp_path: Path) -> None:
    out = io.StringIO(newline="")
    texts = [f"number {n}, with\n\n“lines”\r\nand {'x' * (n % 90)}" for n in range(400)]
    csv.writer(out).writerows([["id", "body"], *([str(n), text] for n, text in enumerate(texts))])
    path = tmp_path / "posts.csv"
    path.write_bytes(out.getvalue().encode())
    dialect = detect(path, "posts.csv", Wanted())

    for size in (97, 512, 4_099):
        chunks = list(_csv.DelimitedReader(path, dialect, block=size).chunks())
        assert [value for chunk in chunks for value in chunk.table["body"].to_pylist()] == texts
        assert not any(chunk.bad for chunk in chunks)


def test_lines_are_counted_across_pieces(tmp_path: Path) -> None:
    lines = ["id,body"]
    for number in range(300):
        lines.append(f'{number},"two\nlines"' if number % 3 else f"{number},one,too many")
    path = tmp_path / "posts.csv"
    path.write_text("\n".join(lines))
    expected = [line for line, text in enumerate("\n".join(lines).split("\n"), 1) if "too many" in text]

    for size in (101, 1_000, 1 << 20):
        chunks = _csv.DelimitedReader(path, detect(path, "", Wanted(delimiter=",")), block=size).chunks()
        assert [bad.line for chunk in chunks for bad in chunk.bad] == expected


CELLS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12) | st.sampled_from(
    ['"', '""', "\n", "\r\n", ",", ";", "a\nb", '"quoted"', " x ", "\t", "08123", "�"]
)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.integers(1, 5).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1)),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    block=st.sampled_from([16, 64, _csv.BLOCK]),
)
def test_any_table_comes_back_as_it_was_written(
    rows: list[list[str]], delimiter: str, encoding: str, block: int
) -> None:
    out = io.StringIO(newline="")
    names = [f"column {number}" for number in range(len(rows[0]))]
    csv.writer(out, delimiter=delimiter).writerows([names, *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(out.getvalue().encode(encoding))
        named = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)
        dialect = detect(path, "table.csv", Wanted("csv", delimiter, named, "yes"))
        chunks = list(_csv.DelimitedReader(path, dialect, block=block).chunks())

    found = [list(row.values()) for chunk in chunks for row in chunk.table.to_pylist()]
    assert found == rows
    assert not any(chunk.bad for chunk in chunks)
