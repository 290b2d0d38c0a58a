"""The text of posts in lines and parts, with what a board's HTML says of it and nothing else."""

from __future__ import annotations

import pytest

from datasources._imageboard.explorer import lines_of
from datasources._imageboard.query import plain_text


def parts(text: str, markup: str | None = None) -> list[list[tuple[str, str, str | None]]]:
    return [[(part["text"], part["style"], part["to"]) for part in line["parts"]] for line in lines_of(text, markup)]


def test_quotations_and_links() -> None:
    lines = lines_of(">>123\n>said\nnot > this\n>>>/g/ >>45x")
    assert [line["is_quote"] for line in lines] == [False, True, False, True]
    assert parts("see >>12, >>34") == [[("see ", "", None), (">>12", "", "12"), (", ", "", None), (">>34", "", "34")]]


@pytest.mark.parametrize(
    ("markup", "style"),
    [
        ("<s>end</s>", "spoiler"),
        ('<span class="spoiler">end</span>', "spoiler"),
        ('<pre class="prettyprint">end</pre>', "code"),
        ("<strong><s>end</s></strong>", "bold spoiler"),
        ('<span class="quote" onclick="x()">end</span>', ""),
        ("<script>end</script>", ""),
    ],
)
def test_styles_come_from_the_markup(markup: str, style: str) -> None:
    html = f"the<br>{markup} &amp; more"
    assert parts(plain_text(html), html) == [
        [("the", "", None)],
        [("end", style, None), (" & more", "", None)],
    ] or parts(plain_text(html), html)[1][0] == ("end & more", "", None)


def test_markup_of_another_text_does_not_count() -> None:
    assert parts("new", "<s>old</s>") == [[("new", "", None)]]
    assert parts("", "<s></s>") == [[]]
    broken = "<s>a < b</s> <p"
    assert "".join(text for line in parts(plain_text(broken), broken) for text, _, _ in line) == plain_text(broken)
