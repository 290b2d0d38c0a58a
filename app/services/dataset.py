"""Datasets: make one by capture, look at them, change, cancel, retry and delete them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.domain.capture_rules import protection_of_names
from app.domain.dataset import ITEMS, Dataset, Kind, Status
from app.domain.errors import Conflict, InvalidInput, NotCompatible
from app.domain.texts import say
from app.domain.user import User
from app.plugins.datasource import DataSource
from app.plugins.options import dump, secrets_of
from app.plugins.processor import Preset
from app.plugins.validation import load
from app.services.access import can_see, require_change, require_see, require_share, require_write
from app.services.bringing import upload_for, wanted_key, with_key
from app.services.context import Context
from app.services.ending import cancel_in, enqueue_dataset, require_address
from app.services.owner_limit import within_limits
from app.services.person_setting import require_right
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import upload as uploads
from app.storage.database import Transaction

PSEUDONYMISE = {
    "none": say("Keep names as they are"),
    "pseudonymise": say("Replace names by codes that stay the same"),
    "anonymise": say("Remove names"),
}


def dataset_key(type_: str, parent: str | None, parameters: Mapping[str, Any], moment: str | None) -> str:
    """The key of a dataset: 32 hexadecimal digits of the SHA-256 of what it is made of.

    `moment` is None for a processor, whose result does not change, and the time for a capture or a repetition. In its
    place may stand what is the same whenever the same request comes again.
    """
    text = json.dumps([type_, parent, parameters, moment], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def create_capture(
    ctx: Context,
    actor: User,
    datasource_id: str,
    parameters: Mapping[str, Any],
    **more: Any,
) -> Dataset:
    """Ask for a new dataset from a data source, as `create_captures` does; of several the first."""
    return create_captures(ctx, actor, datasource_id, parameters, **more)[0]


def create_captures(
    ctx: Context,
    actor: User,
    datasource_id: str,
    parameters: Mapping[str, Any],
    *,
    label: str | None = None,
    is_private: bool = True,
    pseudonymise: str = "none",
    upload_id: str | None = None,
    notify: bool = False,
) -> list[Dataset]:
    """Ask for new datasets from a data source: rows that wait, and their jobs in the queue. Most requests make one.

    With `notify` its owner gets a mail when it has ended. More may be done to the names of authors than is asked for,
    where an administrator has set so.

    :raises InvalidInput: naming the parameters that will not do
    :raises NotCompatible: when the data source is not available here, with the reason
    :raises LimitReached: when the actor has as much as one person may have
    """
    require_write(actor)
    require_right(ctx, actor, "capture")
    if not is_private:
        require_right(ctx, actor, "publish")
    source = ctx.registry.datasource(datasource_id)
    site = ctx.site_settings()
    unavailable = ctx.registry.unavailable(source, site)
    if unavailable:
        raise NotCompatible(
            say("{source} cannot be used now. {unavailable}", source=source.title, unavailable=unavailable)
        )
    if pseudonymise not in PSEUDONYMISE:
        raise InvalidInput({"pseudonymise": [say("Choose from: {choices}.", choices=", ".join(PSEUDONYMISE))]})
    options = load(source.Options, parameters)
    source.check(options, site, ctx.database)
    work: dict[str, Any] = {"pseudonymise": protection_of_names(site, pseudonymise)}
    if notify:
        require_address(ctx, actor)
        work["notify"] = True
    upload = upload_for(ctx, actor, source, options, upload_id)
    if upload:
        work |= {"upload": upload.id, "filename": upload.filename}
    named = (label or "").strip()
    if named and source.brings():
        work["is_named"] = True
    secrets = {name: value for name in secrets_of(source.Options) if (value := getattr(options, name))}
    wanted = [(chosen, wanted_key(ctx, source, chosen, upload)) for chosen in source.each(options)]
    made = []
    with ctx.database.transaction() as tx, within_limits(ctx, tx, actor, actor.id):
        for chosen, key in wanted:
            dataset = _new_capture(
                ctx, actor, source, dump(chosen), named or (upload.filename if upload else None), is_private
            )
            dataset = replace(with_key(tx, dataset, key), work=work)
            made.append(dataset.key)
            if datasets.insert(tx, dataset):
                _take_upload(tx, dataset)
                enqueue_dataset(ctx, tx, dataset, secrets=secrets)
    return [datasets.get(ctx.database, key) for key in made]


def _take_upload(tx: Transaction, dataset: Dataset) -> None:
    """Let a dataset be made of the uploaded file that it is about. :raises Conflict: when another one is"""
    if "upload" in dataset.work and not uploads.attach(tx, dataset.work["upload"], dataset.key):
        raise Conflict(say("A dataset is being made of this file already. Upload it again to make another one."))


def _label(given: str | None, otherwise: str) -> str:
    return ((given or "").strip() or otherwise)[:200]


def _new_capture(
    ctx: Context,
    actor: User,
    source: type[DataSource],
    parameters: dict[str, Any],
    label: str | None,
    is_private: bool,
) -> Dataset:
    now = datetime.now(UTC)
    shown = {name: value for name, value in parameters.items() if name not in secrets_of(source.Options)}
    key = dataset_key(source.id, None, parameters, f"{ctx.asked_once or now.isoformat()} {actor.id}")
    return Dataset(
        key=key,
        type=source.id,
        datasource=source.id,
        parent=None,
        top=key,
        acts_as=ITEMS,
        label=_label(label, source.title),
        parameters=shown,
        status=Status.WAITING,
        message="Waiting to start.",
        owner_id=actor.id,
        is_private=is_private,
        created=now,
        kind=Kind.TABLE,
    )


def get_dataset(ctx: Context, actor: User, key: str) -> Dataset:
    """One dataset, with its live progress. :raises NotFound: when there is none that the actor may see"""
    found = datasets.get(ctx.database, key)
    require_see(actor, found)
    return with_progress(ctx, [found])[0]


def with_progress(ctx: Context, found: list[Dataset]) -> list[Dataset]:
    """The datasets, running ones with the progress that their workers show right now."""
    live = ctx.bell.live([dataset.key for dataset in found if dataset.status is Status.RUNNING])
    return [
        replace(dataset, progress=live[dataset.key][0], message=live[dataset.key][1])
        if dataset.key in live
        else dataset
        for dataset in found
    ]


def lineage(ctx: Context, actor: User, key: str) -> list[Dataset]:
    """The whole family of a dataset, from its capture down, oldest first; `parent` tells how they hang together.

    Of a family that the actor may not see any more, only what is theirs.
    """
    top = get_dataset(ctx, actor, key).top
    family = [dataset for dataset in datasets.family(ctx.database, top) if can_see(actor, dataset)]
    return with_progress(ctx, family)


def children(ctx: Context, actor: User, key: str) -> list[Dataset]:
    """What has been made from a dataset, oldest first."""
    require_see(actor, datasets.get(ctx.database, key))
    found = [dataset for dataset in datasets.children(ctx.database, key) if can_see(actor, dataset)]
    return with_progress(ctx, found)


def update_dataset(
    ctx: Context, actor: User, key: str, *, label: str | None = None, is_private: bool | None = None
) -> Dataset:
    """Rename a dataset, or change whether all who sign in may see its family.

    :raises NotAllowed: when the actor may not; for the family only its owners may
    """
    known = datasets.get(ctx.database, key)
    require_change(actor, known)
    if is_private is not None:
        require_share(actor, known)
    if is_private is False and known.is_private:
        require_right(ctx, actor, "publish")
    if label is not None and not label.strip():
        raise InvalidInput({"label": [say("Give the dataset a name.")]})
    with ctx.database.transaction() as tx:
        datasets.update(tx, key, label=label.strip()[:200] if label else None, is_private=is_private)
    return get_dataset(ctx, actor, key)


def cancel_dataset(ctx: Context, actor: User, key: str) -> Dataset:
    """Stop a dataset that waits or runs, and what waits for it. :raises Conflict: when it has ended already"""
    require_change(actor, datasets.get(ctx.database, key))
    with ctx.database.transaction() as tx:
        dataset = datasets.get(tx, key)
        if dataset.status.is_ended:
            raise Conflict(say("“{dataset}” has already ended.", dataset=dataset.label))
        for part in datasets.descendants(tx, key) if _is_preset(ctx, dataset) else [dataset]:
            current = datasets.lock(tx, part.key)
            if not current.status.is_ended:
                cancel_in(ctx, tx, current)
    return get_dataset(ctx, actor, key)


def _is_preset(ctx: Context, dataset: Dataset) -> bool:
    analysis = ctx.registry.processors.get(dataset.type)
    return analysis is not None and issubclass(analysis, Preset)


def retry_dataset(ctx: Context, actor: User, key: str) -> Dataset:
    """Run a failed, cancelled or empty dataset again, as it was asked for.

    :raises Conflict: in any other state
    :raises LimitReached: when its owner has as much as one person may have
    """
    known = datasets.get(ctx.database, key)
    require_change(actor, known)
    with ctx.database.transaction() as tx, within_limits(ctx, tx, actor, known.owner_id):
        for again in [known, *_steps_to_retry(ctx, tx, known)]:
            datasets.lock_any(tx, again.work.get("source", ""))  # or it could end unseen before this waits for it
        dataset = datasets.lock(tx, key)
        if dataset.status not in (Status.FAILED, Status.CANCELLED, Status.EMPTY):
            raise Conflict(say("Only a dataset that failed, was cancelled or is empty can be run again."))
        if dataset.ended_elsewhere:
            raise Conflict(
                say("This ended so in another installation, and was brought here as it is. Ask for it anew here.")
            )
        for again in [dataset, *_steps_to_retry(ctx, tx, dataset)]:
            _wait_again(ctx, tx, again)
    return get_dataset(ctx, actor, key)


def _steps_to_retry(ctx: Context, tx: Transaction, dataset: Dataset) -> list[Dataset]:
    """The steps of a preset that did not finish; nothing for any other dataset."""
    if not _is_preset(ctx, dataset):
        return []
    return [step for step in datasets.descendants(tx, dataset.key) if step.status.is_ended and not step.result]


def _wait_again(ctx: Context, tx: Transaction, dataset: Dataset) -> None:
    checkpoint = jobs.forget_failed(tx, dataset.key)
    datasets.wait_again(tx, dataset.key, "Waiting to start again.")
    if not _is_preset(ctx, dataset):
        _require_source(tx, dataset)
        job = enqueue_dataset(ctx, tx, dataset)
        if checkpoint:
            jobs.go_on_from(tx, job.id, checkpoint)
    if dataset.attach_to:
        preset = datasets.get(tx, dataset.attach_to)
        if preset.status.is_ended:
            datasets.wait_again(tx, preset.key, "Waiting to start again.")


def _require_source(tx: Transaction, dataset: Dataset) -> None:
    source = datasets.find(tx, dataset.work["source"]) if "source" in dataset.work else None
    if source is not None and source.status.is_ended and source.result is None:
        raise Conflict(
            say("The dataset it reads, “{dataset}”, has no result. Run that one again first.", dataset=source.label)
        )
    upload = dataset.work.get("upload")
    if upload and not uploads.attach(tx, upload, dataset.key):
        raise Conflict(
            say("The uploaded file is not there any more, or another dataset is made of it. Upload it again.")
        )


def log_text(ctx: Context, actor: User, key: str) -> str:
    """The log of a dataset, one line a line."""
    require_see(actor, datasets.get(ctx.database, key))
    lines = datasets.log_lines(ctx.database, key)
    return "".join(f"{line['at']:%Y-%m-%d %H:%M:%S} {line['line']}\n" for line in lines)
