"""Import keeps to little memory, whatever the size of the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

IMPORT = """
import sys
from pathlib import Path
from tests.unit.upload_files import GivenFile
from app.plugins.testing import MemoryRun
from app.plugins.validation import load
from datasources.upload import Upload

path = Path(sys.argv[1])
run = MemoryRun(path.parent)
rows = sum(len(batch) for batch in Upload().import_file(GivenFile(path), load(Upload.Options, {}), run))
peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024
print(rows, peak)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
@pytest.mark.parametrize("sort", ["clean", "dirty"])
def test_a_large_csv_is_never_in_memory_as_a_whole(tmp_path: Path, sort: str) -> None:
    path = tmp_path / "large.csv"
    row = f'{{}},2020-01-01 10:00:00,ann,"{"word, " * 60}"\n'
    with path.open("w") as out:
        out.write("id,date,author,body\n")
        for number in range(600_000):
            out.write(row.format(number))
            if sort == "dirty" and number % 1_000 == 0:
                out.write("too,short\n")

    done = subprocess.run([sys.executable, "-c", IMPORT, str(path)], check=True, capture_output=True, text=True)

    rows, peak = map(int, done.stdout.split())
    assert path.stat().st_size > 200_000_000
    assert rows == 600_000
    assert peak < 450
