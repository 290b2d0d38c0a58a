"""The query window: sending a file, mapping its columns, importing it."""

from __future__ import annotations

import io
import re

from flask.testing import FlaskClient

from app.domain.dataset import Status
from app.domain.user import User
from app.services.context import Context
from app.storage import dataset as datasets
from app.storage.dataset import Ending
from tests.conftest import POSTS


def _send(browser: FlaskClient, content: bytes = POSTS, name: str = "posts%20%C3%A9.csv") -> str:
    """Send a file as the script does; the address of its mapping."""
    headers = {"X-CSRFToken": browser.token, "X-File-Name": name}
    answer = browser.post("/create/upload/file", data=content, headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.json["url"])


def test_a_sent_file_is_shown_with_a_guess(ada: FlaskClient) -> None:
    page = ada.get(_send(ada)).text
    assert "posts é.csv" in page
    assert "Comma-separated, UTF-8, 7 columns, 60 rows" in page
    assert '<option value="body" selected>' in page
    assert "coffee and tea, number 0" in page
    assert page.count("<tr>") == 11


def test_a_file_can_be_sent_without_a_script(ada: FlaskClient) -> None:
    values = {"csrf_token": ada.token, "file": (io.BytesIO(POSTS), "posts.csv")}
    answer = ada.post("/create/upload/file", data=values)
    assert answer.status_code == 303
    assert "7 columns" in ada.get(answer.location).text


def test_an_empty_file_is_refused(ada: FlaskClient) -> None:
    headers = {"X-CSRFToken": ada.token, "X-File-Name": "nothing.csv"}
    answer = ada.post("/create/upload/file", data=b"", headers=headers)
    assert (answer.status_code, "empty" in answer.json["message"]) == (422, True)
    assert ada.change("/create/upload/file").status_code == 422


def test_reading_it_otherwise_shows_other_columns(ada: FlaskClient) -> None:
    url = _send(ada)
    piece = ada.change(url, htmx=True, target="page", delimiter="semicolon", label="My tea", has_header="no")
    assert piece.status_code == 200
    assert "<html" not in piece.text
    assert "7 columns" not in piece.text
    assert 'value="My tea"' in piece.text
    wrong = ada.change(url, htmx=True, target="page", file_format="xlsx")
    assert "XLSX workbook" in wrong.text
    assert "It could not be read like this." in wrong.text


def test_a_file_that_is_imported_twice_says_so_beside_its_columns(ada: FlaskClient, ctx: Context) -> None:
    url = _send(ada)
    assert ada.change(url, do="import").status_code == 303
    again = ada.change(url, do="import", label="Tea")
    assert (again.status_code, "A dataset is being made of this file already." in again.text) == (422, True)
    assert 'value="Tea"' in again.text
    assert ctx.database.one("SELECT count(*) AS made FROM datasets")["made"] == 1


def test_a_column_that_holds_no_times_is_refused_beside_its_field(ada: FlaskClient, ctx: Context) -> None:
    url = _send(ada)
    wrong = ada.change(url, do="import", timestamp="author")
    assert wrong.status_code == 422
    said = wrong.text.partition('id="o-timestamp-error">')[2].partition("<")[0]
    assert said == "“author” holds no times, but such as “author0”. Choose another column."
    assert '<option value="author" selected>' in wrong.text
    assert ctx.database.one("SELECT count(*) AS made FROM datasets")["made"] == 0
    assert ada.change(url, do="import", timestamp="timestamp").status_code == 303


def test_letters_that_cannot_be_read_are_not_said_to_cost_rows(ada: FlaskClient) -> None:
    url = _send(ada, "id;text\n1;Grüße\n2;a;b\n".encode("cp1252"), "greetings.csv")
    page = ada.change(url, htmx=True, target="page", encoding="utf-8").text
    assert "1 row cannot be read as it stands. It is set aside and reported; the rest is imported." in page
    assert "1 line has letters that cannot be read, shown as �." in page


def test_a_failed_import_leads_back_to_what_its_columns_mean(ada: FlaskClient, ctx: Context) -> None:
    url = _send(ada)
    failed = str(ada.change(url, do="import", subject="author").location)
    with ctx.database.transaction() as tx:
        datasets.end(tx, failed.rpartition("/")[2], Ending(Status.FAILED, "Most rows could not be used."))
    page = ada.get(failed).text
    again = re.search(rf'href="({url}\?again=[0-9a-f]+)">Change what its columns mean', page)
    assert again
    form = ada.get(again[1]).text
    assert re.search(r'name="subject"(?s:.)+?<option value="author" selected>', form), "as it was"
    assert ada.change(url, do="import").status_code == 303
    assert ada.change(f"{failed}/retry").status_code == 409, "another dataset is made of the file now"
    ctx.database.run("DELETE FROM uploads")
    assert "Change what its columns mean" not in ada.get(failed).text


def test_importing_makes_a_dataset(ada: FlaskClient, ctx: Context) -> None:
    url = _send(ada)
    values = {"do": "import", "label": "Tea", "private": "on", "pseudonymise": "anonymise", "subject": "__empty__"}
    answer = ada.change(url, body="body", **values)
    assert answer.status_code == 303
    dataset = datasets.get(ctx.database, answer.location.rsplit("/", 1)[1])
    assert (dataset.label, dataset.is_private) == ("Tea", True)
    assert (dataset.parameters["body"], dataset.parameters["subject"]) == ("body", "__empty__")
    assert dataset.work["pseudonymise"] == "anonymise"


def test_a_wrong_import_keeps_what_was_typed(ada: FlaskClient) -> None:
    url = _send(ada)
    answer = ada.change(url, do="import", label="Tea", body="subject", pseudonymise="whatever", format="nothing")
    assert answer.status_code == 422
    assert 'value="Tea"' in answer.text
    assert "o-format-error" in answer.text


def test_uploads_of_others_are_not_there(ada: FlaskClient, ursula: FlaskClient, user: User) -> None:
    assert ursula.get(_send(ada)).status_code == 404


def test_unknown_sources_are_not_there(ada: FlaskClient) -> None:
    assert ada.get("/create/nowhere").status_code == 404


def test_sources_are_grouped_and_can_be_found_by_name(ada: FlaskClient) -> None:
    page = ada.get("/create").text
    assert page.index("Import a file") < page.index("Search the archive") < page.index("From another tool")
    assert 'placeholder="Find a source"' in page
    assert "Choose another source" not in page
    assert "Choose another source" in ada.get("/create/fourchan").text
