"""Annotating: the fields of a dataset, what is noted down in the explorer, agreement, files."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, url_for
from htmx_flask import request

from app.domain.annotation import FieldKind
from app.domain.errors import InvalidInput, NotFound, UserError
from app.domain.texts import say, say_many, told
from app.installation import installation
from app.sending import file_to_save
from app.services import annotation as coding
from app.services import annotation_file as files
from app.services.access import can_change
from app.services.annotation_agreement import agreements
from app.services.annotation_view import can_be_annotated
from app.services.dataset import get_dataset
from app.web.page import current_actor, go_to, render

pages = Blueprint("annotate", __name__)

KINDS = {
    FieldKind.CHOICE: say("One of several choices"),
    FieldKind.CHECKBOX: say("Yes or no"),
    FieldKind.TEXT: say("A line of text"),
    FieldKind.LONG: say("Longer text"),
}


@pages.get("/datasets/<key>/annotations")
def show(key: str) -> Response:
    """The fields of a dataset, how far coders agree, and files."""
    return _page(key)


def _page(key: str, status: int = 200, **more: Any) -> Response:
    ctx, actor = installation(), current_actor()
    dataset = get_dataset(ctx, actor, key)
    if not can_be_annotated(dataset):
        raise NotFound(say("“{dataset}” has no items to annotate.", dataset=dataset.label))
    view = coding.get_view(ctx, actor, key)
    compared = request.args.get("coder") or None
    values = {
        "dataset": dataset,
        "fields": view.fields,
        "homes": view.homes,
        "changeable": [field.id for field in view.fields if can_change(actor, view.homes[field.dataset])],
        "may_add": can_change(actor, dataset),
        "agreements": {one.field.id: one.agreement for one in agreements(ctx, actor, key, coder=compared)},
        "compared": compared,
        "kinds": KINDS,
        "errors": {},
        "typed": {},
        "said": request.args.get("said", ""),
    }
    return render("annotate/show.html", status=status, **{**values, **more})


def _typed() -> dict[str, Any]:
    """A field as the form sends it."""
    form = request.form
    return {
        "name": form.get("name", ""),
        "kind": form.get("kind", ""),
        "choices": form.get("choices", "").splitlines(),
        "help": form.get("help", ""),
        "is_blind": "is_blind" in form,
        "is_open": form.get("who", "all") == "all",
    }


@pages.post("/datasets/<key>/annotations/fields")
def add_field(key: str) -> Response:
    """Add a field; what was typed stays when something is wrong with it."""
    typed = _typed()
    try:
        made = coding.create_field(installation(), current_actor(), key, **typed)
    except InvalidInput as error:
        return _page(key, 422, errors=error.fields, typed=typed)
    return go_to(url_for("annotate.show", key=key, _anchor=f"f{made.id}"))


@pages.post("/datasets/<key>/annotations/fields/<int:field_id>")
def change_field(key: str, field_id: int) -> Response:
    """Change a field, or with `delete` delete it."""
    ctx, actor = installation(), current_actor()
    if "delete" in request.form and "sure" not in request.form:
        return _page(key, 422, changing=field_id)
    if "delete" in request.form:
        coding.delete_field(ctx, actor, key, field_id)
        return go_to(url_for("annotate.show", key=key))
    typed = _typed()
    try:
        coding.update_field(ctx, actor, key, field_id, **{name: typed[name] for name in typed if name != "kind"})
    except InvalidInput as error:
        return _page(key, 422, changing=field_id, change_errors=error.fields, changed=typed)
    return go_to(url_for("annotate.show", key=key, _anchor=f"f{field_id}"))


@pages.post("/datasets/<key>/annotations/values")
def save(key: str) -> Response:
    """Note down what has changed of one item: fields whose value is another than the page came with."""
    ctx, actor, form = installation(), current_actor(), request.form
    get_dataset(ctx, actor, key)
    item = form.get("item", "")
    given = {
        int(name[5:]): coding.tidy(value)
        for name, value in form.items()
        if name.startswith("code-") and name[5:].isdecimal()
    }
    before = {field_id: coding.tidy(form.get(f"was-{field_id}", "")) for field_id in given}
    changed = {field_id: value for field_id, value in given.items() if value != before[field_id]}
    problem = ""
    if changed:
        try:
            coding.save_item(ctx, actor, key, item, changed)
        except UserError as error:
            if not request.htmx:
                raise
            problem = error.message
    if not request.htmx:
        back = request.form.get("back", "")
        query = back if back.startswith("?") else ""
        return go_to(f"{url_for('explore.show', key=key)}{query}#p{item}")
    kept = before if problem else given
    return render(
        "annotate/_kept.html", status=422 if problem else 200, kept=kept, problem=problem, is_saved=bool(changed)
    )


@pages.get("/datasets/<key>/annotations/file.<format>")
def download(key: str, format: str) -> Response:
    """All values that the reader may see, as a file."""
    name, kind, chunks = files.export_codes(installation(), current_actor(), key, format)
    return file_to_save(name, kind, chunks)


@pages.post("/datasets/<key>/annotations/file")
def upload(key: str) -> Response:
    """Note down the values of a file; what is wrong with it is listed with its lines."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return _page(key, 422, file_errors=[say("Choose a file first.")])
    try:
        saved = files.import_codes(installation(), current_actor(), key, file.filename, file.stream)
    except InvalidInput as error:
        return _page(key, 422, file_errors=error.texts)
    said = say_many("{n} value noted down.", "{n} values noted down.", saved)
    return go_to(url_for("annotate.show", key=key, said=told(said), _anchor="files"))
