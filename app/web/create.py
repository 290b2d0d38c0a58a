"""The query window: choose a source, fill in its form or upload a file and map its columns, and make a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, Response, jsonify, url_for
from htmx_flask import request

from app.domain.capture_rules import PROTECTION, is_offered, protection_of_names
from app.domain.errors import Conflict, InvalidInput, LimitReached, NotCompatible, NotFound, UserError
from app.domain.texts import say
from app.installation import installation
from app.limits import ESTIMATE_LIMIT, limiter, visitor_address
from app.plugins.datasource import ITEM_COLUMNS, DataSource
from app.plugins.options import specs
from app.services import dataset as datasets
from app.services import upload as uploads
from app.services.context import Context
from app.services.dataset import PSEUDONYMISE
from app.services.estimate import HEAVY, estimate_capture, expected_seconds
from app.services.mail import can_mail
from app.services.outlook import ahead
from app.services.overview import kept_values
from app.services.person_setting import has_right
from app.web import mapping
from app.web.forms import controls, read_form
from app.web.page import current_actor, go_to, render, wants_piece

pages = Blueprint("create", __name__)

_KINDS = {
    "import": (say("Import a file"), say("Posts that you have already, from any tool.")),
    "capture": (say("Capture now"), say("Posts that are collected from a platform when you ask for them.")),
    "search": (say("Search the archive"), say("Posts that this installation collects by itself, all the time.")),
    "tool": (say("From another tool"), say("Posts that you collect in your browser with the extension Zeeschuimer.")),
}


def _frame(ctx: Context, chosen: type[DataSource] | None) -> dict[str, Any]:
    """The list of sources beside every form here."""
    settings = ctx.site_settings()
    return {
        "groups": kinds_of(ctx),
        "chosen": chosen,
        "unavailable": ctx.registry.unavailable(chosen, settings) if chosen else None,
        "pseudonymise": _offered_protection(settings),
        "may_publish": has_right(ctx, current_actor(), "publish"),
        "can_mail": can_mail(ctx),
        "ahead": ahead(ctx, chosen.id) if chosen else "",
        "limit": ctx.settings.max_upload_mb,
    }


def _offered_protection(settings: Mapping[str, Any]) -> dict[str, str]:
    """What can be chosen to be done to names: nothing less than an administrator has set."""
    least = PROTECTION.index(protection_of_names(settings))
    return {name: PSEUDONYMISE[name] for name in PROTECTION[least:]}


def kinds_of(ctx: Context) -> list[tuple[str, str, list[type[DataSource]]]]:
    """The kinds of sources: each with its title, what it is in a sentence, and its sources that are offered by name."""
    settings = ctx.site_settings()
    offered = (source for source in ctx.registry.datasources.values() if is_offered(settings, source.id))
    sources = sorted(offered, key=lambda source: (source.brings(), source.title))
    kinds = [(*words, [source for source in sources if source.kind == kind]) for kind, words in _KINDS.items()]
    return [kind for kind in kinds if kind[2]]


@pages.get("/create")
def begin() -> Response:
    """The sources to choose from; with only one, its form at once."""
    ctx = installation()
    if len(ctx.registry.datasources) == 1:
        return source_form(next(iter(ctx.registry.datasources)))
    return render("create/show.html", piece="create/_page.html", **_frame(ctx, None))


def _as_before(ctx: Context, source: type[DataSource]) -> Mapping[str, Any]:
    """What was given for the capture that the address names (`again`), if it is of this source."""
    again = request.args.get("again")
    earlier = datasets.get_dataset(ctx, current_actor(), again) if again else None
    return earlier.parameters if earlier and earlier.type == source.id else {}


@pages.get("/create/<source_id>")
def source_form(source_id: str) -> Response:
    """The form of one source, or the place to drop a file.

    With `again` it is filled in as an earlier capture was, and with values of its fields with these.
    """
    ctx = installation()
    source = ctx.registry.datasource(source_id)
    given = {**_as_before(ctx, source), **read_form(source.Options, request.args)}
    return _source_form(ctx, source, given=given, errors={})


def _source_form(
    ctx: Context,
    source: type[DataSource],
    *,
    given: Mapping[str, Any],
    errors: Mapping[str, Sequence[str]],
    problem: str = "",
    problem_of_file: str = "",
    told: Mapping[str, Any] | None = None,
    heavy: Mapping[str, Any] | None = None,
    status: int = 200,
) -> Response:
    has_form = source.brings() or not source.imports()
    return render(
        "create/show.html",
        piece="create/_page.html",
        status=status,
        controls=controls(source.Options, None, given, errors, kept_values(ctx, source)) if has_form else [],
        kept=_kept(errors),
        problem=problem,
        problem_of_file=problem_of_file,
        told=told,
        heavy=heavy,
        **_frame(ctx, source),
    )


@pages.post("/create/<source_id>")
def create(source_id: str) -> Response:
    """Ask for a dataset of a source that is not a file."""
    ctx = installation()
    source = ctx.registry.datasource(source_id)
    given = read_form(source.Options, request.form)
    try:
        if heavy := _heavy(ctx, source, given):
            return _source_form(ctx, source, given=given, errors={}, heavy=heavy, status=422)
        return _make(ctx, source, given, None)
    except InvalidInput as error:
        return _source_form(ctx, source, given=given, errors=error.fields, status=422)
    except (Conflict, NotCompatible, LimitReached) as error:
        return _source_form(ctx, source, given=given, errors={}, problem=error.message, status=422)


def _heavy(ctx: Context, source: type[DataSource], given: Mapping[str, Any]) -> dict[str, Any] | None:
    """How much a query would find, when that is so much that people are asked first and have not said they mean it."""
    if not source.estimates() or "sure" in request.form:
        return None
    about = estimate_capture(ctx, current_actor(), source.id, given)
    return _told(ctx, source, about) if about is not None and about >= HEAVY else None


def _told(ctx: Context, source: type[DataSource], about: int | None) -> dict[str, Any]:
    seconds = expected_seconds(ctx, source.id, about) if about else None
    return {"about": about, "seconds": seconds, "heavy": (about or 0) >= HEAVY}


def _visitor() -> str:
    actor = current_actor()
    return visitor_address() if actor.is_shared else f"user:{actor.id}"


@pages.post("/create/<source_id>/estimate")
@limiter.limit(ESTIMATE_LIMIT, key_func=_visitor)
def estimate(source_id: str) -> Response:
    """About how much a source would find; what is wrong with what has been typed is said beside its field."""
    ctx = installation()
    source = ctx.registry.datasource(source_id)
    if not source.estimates():
        raise NotFound(say("{source} does not reckon how much it will find.", source=source.title))
    given = read_form(source.Options, request.form)
    about: int | None = None
    errors: Mapping[str, Sequence[str]] = {}
    try:
        about = estimate_capture(ctx, current_actor(), source.id, given)
    except InvalidInput as error:
        errors = error.fields
    # A field that is still empty has nothing wrong in it yet: that is said as a hint.
    wrong = {name: " ".join(texts) for name, texts in errors.items() if given.get(name)}
    hint = " ".join(text for name, texts in errors.items() if name not in wrong for text in texts)
    told = {**_told(ctx, source, about), "wrong": wrong, "hint": hint}
    if wants_piece():
        return render("create/_estimate.html", told=told)
    return _source_form(ctx, source, given=given, errors=errors, told=told)


def _make(ctx: Context, source: type[DataSource], given: Mapping[str, Any], upload_id: str | None) -> Response:
    """Make the dataset and go to its page, or of several to the list."""
    made = datasets.create_captures(
        ctx,
        current_actor(),
        source.id,
        given,
        label=request.form.get("label"),
        is_private="private" in request.form,
        pseudonymise=request.form.get("pseudonymise", "none"),
        upload_id=upload_id,
        notify="notify" in request.form,
    )
    return go_to(url_for("dataset.show", key=made[0].key) if len(made) == 1 else url_for("datasets.overview"))


def _protection(typed: Mapping[str, str]) -> str:
    given = typed.get("pseudonymise", "none")
    return given if given in PROTECTION else "none"


def _kept(errors: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What was typed in the fields that every dataset has."""
    typed = request.form if request.method == "POST" else {"private": "on"}
    return {
        "label": typed.get("label", ""),
        "private": "private" in typed,
        "pseudonymise": protection_of_names(installation().site_settings(), _protection(typed)),
        "notify": "notify" in typed,
        "errors": errors,
    }


@pages.post("/create/<source_id>/file")
def send_file(source_id: str) -> Response:
    """Take a file in: as a form's field where there is no script, or as the body itself."""
    ctx, actor = installation(), current_actor()
    source = ctx.registry.datasource(source_id)
    name = request.headers.get("X-File-Name")
    try:
        if name is not None:
            upload = uploads.save_upload(ctx, actor, unquote(name), request.stream)
        else:
            sent = request.files.get("file")
            if sent is None or not sent.filename:
                raise InvalidInput({"file": [say("Choose a file first.")]})
            upload = uploads.save_upload(ctx, actor, sent.filename, sent.stream)
    except (InvalidInput, LimitReached) as error:
        if name is not None:
            return _refused(error)
        return _source_form(ctx, source, given={}, errors=_fields(error), problem_of_file=_first(error), status=422)
    url = url_for("create.map_columns", source_id=source_id, upload_id=upload.id)
    return jsonify(url=url) if name is not None else go_to(url)


def _refused(error: UserError) -> Response:
    answer = jsonify(message=_first(error))
    answer.status_code = 422
    return answer


def _first(error: UserError) -> str:
    return next((text for texts in _fields(error).values() for text in texts), error.message)


def _fields(error: UserError) -> Mapping[str, Sequence[str]]:
    return error.fields if isinstance(error, InvalidInput) else {}


@pages.route("/create/<source_id>/<upload_id>", methods=["GET", "POST"])
def map_columns(source_id: str, upload_id: str) -> Response:
    """Show how a file is read and what its columns mean; change that, or import it."""
    ctx, actor = installation(), current_actor()
    source = ctx.registry.datasource(source_id)
    upload = uploads.get_upload(ctx, actor, upload_id)
    given = read_form(source.Options, request.form) if request.method == "POST" else _as_before(ctx, source)
    errors: Mapping[str, Sequence[str]] = {}
    problem = ""
    if request.method == "POST" and request.form.get("do") == "import":
        try:
            if errors := mapping.wrong_with(ctx, upload_id, source_id, given):
                raise InvalidInput(dict(errors))
            return _make(ctx, source, given, upload_id)
        except InvalidInput as error:
            errors = error.fields
        except (Conflict, NotCompatible, LimitReached) as error:
            problem = error.message
    elif request.method == "POST":
        # The columns are other ones when the file is read in another way, so their meaning is guessed anew.
        given = {name: value for name, value in given.items() if name not in ITEM_COLUMNS}
    preview, unreadable = mapping.preview_of(ctx, upload_id, source_id, given)
    wrong = {**errors, **unreadable}
    return render(
        "create/show.html",
        piece="create/_page.html",
        status=422 if errors or problem else 200,
        upload=upload,
        preview=preview,
        reading=mapping.reading(source, preview, given, wrong),
        meanings=mapping.meanings(source, preview, given, wrong),
        others=[] if source.brings() else mapping.others(source, given, wrong),
        kept=_kept(wrong),
        problem=problem
        or " ".join(text for name, texts in wrong.items() if name not in specs(source.Options) for text in texts),
        **_frame(ctx, source),
    )
