"""How columns are mapped: guessed, chosen, or as a named format says; and what a preview tells."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.plugins import ITEM_COLUMNS, InvalidInput
from datasources.upload._presets import PRESETS
from tests.unit.upload_files import import_data, preview_data


def guess(folder: Path, data: str, **options: Any) -> dict[str, str]:
    found: dict[str, str] = preview_data(folder, data, **options)["guess"]
    return found


@pytest.mark.parametrize(
    ("header", "row", "mapping"),
    [
        (
            "tweet_id,Created At,Screen Name,Full Text,conversation_id,Title",
            "1,2020-01-01,ann,hello,7,Hi",
            ("tweet_id", "conversation_id", "Created At", "Screen Name", "Full Text", "Title"),
        ),
        ("id,date,user", "1,2020-01-01,ann", ("id", "id", "date", "user", "__empty__", "__empty__")),
        ("a,b", "1,2", ("__auto__", "__auto__", "__empty__", "__empty__", "__empty__", "__empty__")),
        (
            "when,said",
            "2020-01-01 10:00,this is the longest text in the file",
            ("__auto__", "__auto__", "when", "__empty__", "said", "__empty__"),
        ),
        ("id,time", "1,a long while", ("id", "id", "__empty__", "__empty__", "__empty__", "__empty__")),
    ],
)
def test_guesses_from_names_and_contents(tmp_path: Path, header: str, row: str, mapping: tuple[str, ...]) -> None:
    assert tuple(guess(tmp_path, f"{header}\n{row}\n").values()) == mapping


def test_columns_of_the_file_stay_in_their_order_with_their_values(tmp_path: Path) -> None:
    found = import_data(tmp_path, "zip,id,timestamp,text,subject_line\n08123,1,2020-01-01,a,b\n")

    assert found.columns == [*ITEM_COLUMNS, "zip", "subject_line"]
    assert found.rows[0]["zip"] == "08123"


def test_a_column_in_the_way_of_an_item_column_is_renamed(tmp_path: Path) -> None:
    found = import_data(tmp_path, "id,body,text\n1,kept,used\n", body="text", id="__auto__")

    assert (found.rows[0]["body"], found.rows[0]["body_2"]) == ("used", "kept")
    assert found.columns == [*ITEM_COLUMNS, "id_2", "body_2"]


def test_numbers_nothing_and_now(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    found = import_data(tmp_path, "a\nx\ny\n", id="__auto__", timestamp="__now__", author="__empty__", body="a")

    assert found.column("id") == found.column("thread_id") == ["1", "2"]
    assert found.column("author") == ["", ""]
    assert before <= found.rows[0]["timestamp"] <= datetime.now(UTC) + timedelta(seconds=1)


def test_running_numbers_leave_no_gaps(tmp_path: Path) -> None:
    found = import_data(tmp_path, "date,text\n2020-01-01,a\nnever,b\n2020-01-02,c\n2020-01-03,d\n", id="__auto__")

    assert found.column("id") == ["1", "2", "3"]


def test_unknown_columns_are_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as error:
        import_data(tmp_path, "a,b\n1,2\n", body="text", author="who", timestamp="__auto__")

    assert set(error.value.fields) == {"body", "author", "timestamp"}
    assert "no column “text”. Its columns are: a, b." in error.value.fields["body"][0]


def test_html_is_removed_when_asked(tmp_path: Path) -> None:
    data = 'id,content\n1,"<p>A &amp; B</p><p>C<br>D <a href=""x"">link</a></p>"\n2,1 < 2\n'

    found = import_data(tmp_path, data, strip_html=True)

    assert found.column("body") == ["A & B\nC\nD link", "1 < 2"]
    assert found.rows[0]["content"].startswith("<p>")
    assert import_data(tmp_path, data).rows[0]["body"].startswith("<p>A &amp; B")


def row_of(columns: list[str], **values: str) -> str:
    known = {name.replace(" ", "_").replace(".", "_"): name for name in columns}
    filled = {known[name]: value for name, value in values.items()}
    cells = ['"' + filled.get(name, "").replace('"', '""') + '"' for name in columns]
    return ",".join(columns) + "\n" + ",".join(cells) + "\n"


def test_instagram_from_crowdtangle(tmp_path: Path) -> None:
    columns = [*PRESETS["instagram-crowdtangle"].required, "Extra"]
    data = row_of(
        columns, User_Name="ann", Post_Created="2021-01-01 10:00:00 EST", Type="Photo", Likes="3", Comments="4",
        URL="https://www.instagram.com/p/ABC/", Description="A #Day at @home.", Title="T", Extra="e",
    )  # fmt: skip

    item = import_data(tmp_path, data).rows[0]

    wanted = {
        "id": "ABC", "thread_id": "ABC", "parent_id": "ABC", "author": "ann", "body": "A #Day at @home.",
        "subject": "T", "timestamp": datetime(2021, 1, 1, 15, 0, tzinfo=UTC), "type": "picture", "num_likes": "3",
        "hashtags": "Day", "usertags": "home", "mentioned": "", "num_comments": "4", "Extra": "e",
    }  # fmt: skip
    assert {name: item[name] for name in wanted} == wanted
    assert "Likes" not in item


def test_facebook_from_crowdtangle(tmp_path: Path) -> None:
    columns = list(PRESETS["facebook-crowdtangle"].required)
    data = row_of(
        columns, Page_Name="Page", User_Name="page", Post_Created="2021-07-01 10:00:00 EDT", Message="Go #vote",
        URL="https://www.facebook.com/1/posts/22", Love="5", Final_Link="https://x.org",
    )  # fmt: skip

    item = import_data(tmp_path, data).rows[0]

    wanted = {
        "id": "22", "author": "page", "body": "Go #vote", "hashtags": "vote", "likes_love": "5", "page_name": "Page",
        "url_original": "https://x.org", "timestamp": datetime(2021, 7, 1, 14, 0, tzinfo=UTC),
    }  # fmt: skip
    assert {name: item[name] for name in wanted} == wanted


def test_facepager_with_its_own_columns(tmp_path: Path) -> None:
    columns = list(PRESETS["facepager"].required)
    data = row_of(
        columns, id="5", object_id="1_2", from_name="Page", created_time="2021-05-30T12:00:00+0000", message="Hi",
        link="https://x.org", picture="small.png", reactions_summary_total_count="7", love_summary_total_count="2",
    ).replace(",", ";")  # fmt: skip

    item = import_data(tmp_path, data).rows[0]

    wanted = {
        "id": "1_2", "thread_id": "1_2", "author": "Page", "body": "Hi", "url": "https://x.org", "reactions": "7",
        "image_url": "small.png", "reactions_love": "2", "timestamp": datetime(2021, 5, 30, 12, 0, tzinfo=UTC),
        "id_2": "5",
    }  # fmt: skip
    assert {name: item[name] for name in wanted} == wanted


def test_videos_and_comments_from_youtube_data_tools(tmp_path: Path) -> None:
    video = row_of(
        ["position", *PRESETS["youtube_video_list"].required, "videoTitle"], publishedAt="2021-05-30 12:00:00",
        videoId="v1", channelId="c1", channelTitle="Ann", videoDescription='say \\"hi\\"', videoTitle="T",
    ).replace('\\""', '\\"')  # fmt: skip
    comments = "id,isReplyTo,authorName,text,publishedAt\nc1,,ann,Hi,2021-05-30T12:00:00Z\nc2,c1,bob,Ho,2021-05-30\n"

    item = import_data(tmp_path, video, "videos.csv").rows[0]
    found = import_data(tmp_path, comments, "comments.csv")

    wanted = {
        "id": "v1", "thread_id": "c1", "author": "Ann", "body": 'say "hi"', "subject": "T",
        "youtube_url": "https://www.youtube.com/watch?v=v1", "source_filename": "videos.csv",
    }  # fmt: skip
    assert {name: item[name] for name in wanted} == wanted
    assert found.column("thread_id") == ["c1", "c1"]
    assert found.column("source_filename") == ["comments.csv", "comments.csv"]


def test_weibo_from_bazhuayu(tmp_path: Path) -> None:
    found = import_data(tmp_path, "标题,txt,from1,图片\n小明,你好,10分钟前,x.jpg\n小红,再见,2020-01-01 08:00,\n")

    ago = datetime.now(UTC) - found.rows[0]["timestamp"]
    assert timedelta(minutes=10) <= ago < timedelta(minutes=11)
    assert found.rows[1]["timestamp"] == datetime(2020, 1, 1, 0, 0, tzinfo=UTC)
    assert (found.rows[0]["id"], found.rows[0]["author"], found.rows[0]["body"]) == ("1", "小明", "你好")
    assert found.rows[0]["image_url"] == "x.jpg"


def test_a_format_chosen_for_another_file_names_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="lacks publishedAt, videoId") as error:
        import_data(tmp_path, "channelId,channelTitle,videoDescription\n1,2,3\n", format="youtube_video_list")
    assert list(error.value.fields) == ["format"]


def test_custom_ignores_the_named_formats(tmp_path: Path) -> None:
    data = "id,isReplyTo,authorName,text,publishedAt\nc2,c1,ann,Hi,2021-05-30T12:00:00Z\n"

    assert preview_data(tmp_path, data)["preset"] == "youtube_comment_list"
    assert import_data(tmp_path, data, format="custom").rows[0]["thread_id"] == "c2"


def test_a_preview_shows_rows_dialect_and_problems(tmp_path: Path) -> None:
    found = preview_data(tmp_path, 'id;text\n1;"a\nb"\n2;too;many\n3;"open\n4;d\n')

    assert found["format"] == "csv"
    assert found["dialect"]["delimiter"] == ";"
    assert found["described"] == "Semicolon-separated, UTF-8, 2 columns, 4 rows"
    assert found["columns"] == ["id", "text"]
    assert found["rows"] == [["1", "a\nb"], ["4", "d"]]
    assert [problem["line"] for problem in found["problems"]] == [4, 5]


def test_a_preview_of_a_large_file_is_quick_and_estimates_its_rows(tmp_path: Path) -> None:
    data = "id,text\n" + "\n".join(f"{number:07},{'some text ' * 10}" for number in range(200_000))
    started = time.monotonic()

    found = preview_data(tmp_path, data)

    assert time.monotonic() - started < 5
    assert 190_000 < found["rows_estimated"] < 210_000
    assert found["described"].endswith("about 200,000 rows")
    assert len(found["rows"]) == 10


def test_a_preview_forgets_columns_that_are_not_there(tmp_path: Path) -> None:
    found = preview_data(tmp_path, "id;text\n1;a\n", body="of another delimiter", subject="text")

    assert (found["guess"]["body"], found["guess"]["subject"]) == ("text", "text")


def test_a_tab_can_be_spelled(tmp_path: Path) -> None:
    for spelled in ("tab", "\\t", "\t"):
        assert preview_data(tmp_path, "a,b\tc\n1,2\t3\n", delimiter=spelled)["columns"] == ["a,b", "c"]
