"""From what was typed to the HTML an engine shows: quotes, greentext, spoilers, code, links and long words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from extras.living_board.state import Text

_SPECIAL = re.compile(
    r">>>/(?P<board>\w+)/|>>(?P<no>\d+)|\[(?P<tag>/?spoiler)\]|(?P<url>https?://\S+)|(?P<long>\S{36,})"
)
_CODE = re.compile(r"\[code\](.*?)\[/code\]", re.DOTALL)
_NOT_GREEN = re.compile(r">>\d|>>>/")
_RUN = 35  # characters without a space that 4chan shows without offering a break


@dataclass(frozen=True)
class Markup:
    """How one engine writes its comments; `{}` stands for what goes in."""

    line: str
    green: str
    empty: str
    between: str
    quote: str  # with no, thread, board and place (where the post stands, seen from this thread)
    dead: str
    board: str
    spoiler: tuple[str, str]
    code: str
    url: str
    note: str
    breaks_words: bool = False

    def html(self, text: Text, board: str, thread: int) -> str:
        """The comment as this engine serves it."""
        pieces = []
        for part, piece in enumerate(_CODE.split(text.typed) if text.typed else ()):
            if part % 2:
                pieces.append(self.code.format(_escape(piece).replace("\n", "<br>")))
            elif piece:
                pieces.append(self.between.join(self._line(line, text, board, thread) for line in piece.split("\n")))
        return "".join(pieces) + (self.note.format(text.note) if text.note else "")

    def _line(self, line: str, text: Text, board: str, thread: int) -> str:
        if not line:
            return self.empty
        is_green = line[0] == ">" and not _NOT_GREEN.match(line)
        return (self.green if is_green else self.line).format(self._inline(line, text, board, thread))

    def _inline(self, line: str, text: Text, board: str, thread: int) -> str:
        done, at = [], 0
        for found in _SPECIAL.finditer(line):
            done.append(_escape(line[at : found.start()]))
            done.append(self._special(found, text, board, thread))
            at = found.end()
        return "".join(done) + _escape(line[at:])

    def _special(self, found: re.Match[str], text: Text, board: str, thread: int) -> str:
        kind, value = found.lastgroup, found[0]
        if kind == "no":
            return self._quote(int(found["no"]), text, board, thread)
        if kind == "board":
            return self.board.format(found["board"])
        if kind == "tag":
            return self.spoiler[found["tag"].startswith("/")]
        shown = self._breakable(value)
        return self.url.format(href=_escape(value), shown=shown) if kind == "url" else shown

    def _quote(self, no: int, text: Text, board: str, thread: int) -> str:
        target = next((quote.thread for quote in text.quotes if quote.no == no), None)
        if target is None:
            return self.dead.format(no)
        place = "" if target == thread else f"/{board}/thread/{target}"
        return self.quote.format(no=no, thread=target, board=board, place=place)

    def _breakable(self, word: str) -> str:
        if not self.breaks_words:
            return _escape(word)
        return "<wbr>".join(_escape(word[at : at + _RUN]) for at in range(0, len(word), _RUN))


def _escape(text: str) -> str:
    return escape(text, quote=True).replace("&#x27;", "&#039;")


FOURCHAN = Markup(
    line="{}",
    green='<span class="quote">{}</span>',
    empty="",
    between="<br>",
    quote='<a href="{place}#p{no}" class="quotelink">&gt;&gt;{no}</a>',
    dead='<span class="deadlink">&gt;&gt;{}</span>',
    board='<a href="/{0}/" class="quotelink">&gt;&gt;&gt;/{0}/</a>',
    spoiler=("<s>", "</s>"),
    code='<pre class="prettyprint">{}</pre>',
    url="{shown}",
    note='<br><br><strong style="color: red;">{}</strong>',
    breaks_words=True,
)
VICHAN = Markup(
    line="{}",
    green='<span class="quote">{}</span>',
    empty="",
    between="<br/>",
    quote='<a onclick="highlightReply(\'{no}\', event);" href="/{board}/res/{thread}.html#{no}">&gt;&gt;{no}</a>',
    dead="&gt;&gt;{}",
    board='<a href="/{0}/index.html">&gt;&gt;&gt;/{0}/</a>',
    spoiler=('<span class="spoiler">', "</span>"),
    code="<pre><code>{}</code></pre>",
    url='<a href="{href}" rel="nofollow" target="_blank">{shown}</a>',
    note='<span class="public_ban">{}</span>',
)
INFINITY = Markup(
    line='<p class="body-line ltr ">{}</p>',
    green='<p class="body-line ltr quote">{}</p>',
    empty='<p class="body-line empty "></p>',
    between="",
    quote=VICHAN.quote,
    dead=VICHAN.dead,
    board=VICHAN.board,
    spoiler=VICHAN.spoiler,
    code='<pre class="code-line">{}</pre>',
    url=VICHAN.url,
    note=VICHAN.note,
)
LYNXCHAN = Markup(
    line="{}",
    green='<span class="greenText">{}</span>',
    empty="",
    between="\r<br>",
    quote='<a class="quoteLink" href="/{board}/res/{thread}.html#{no}">&gt;&gt;{no}</a>',
    dead="&gt;&gt;{}",
    board='<a href="/{0}/">&gt;&gt;&gt;/{0}/</a>',
    spoiler=('<span class="spoiler">', "</span>"),
    code="<code>{}</code>",
    url='<a target="blank" href="{href}">{shown}</a>',
    note="",  # it has a field of its own
)
