"""Analyses: what can run on a dataset, and running it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from app.domain.dataset import Dataset, Status
from app.domain.errors import NotCompatible, PluginError
from app.domain.texts import say
from app.domain.user import User
from app.plugins.options import dump, secrets_of, specs
from app.plugins.processor import Preset, Processor, Step, fill_in
from app.plugins.registry import Analysis
from app.plugins.results import Table
from app.plugins.validation import json_schema, load
from app.services.access import owns, require_see, require_write
from app.services.annotation_table import extra_columns
from app.services.annotation_view import state_of, view_of
from app.services.context import Context
from app.services.dataset import dataset_key, get_dataset
from app.services.ending import enqueue_dataset, require_address
from app.services.owner_limit import within_limits
from app.services.person_setting import require_right
from app.storage import dataset as datasets
from app.storage import dataset_bin as bin_
from app.storage.database import Transaction


@dataclass(frozen=True)
class Fit:
    """An analysis and a dataset: `reason` says why it does not fit or is not available, None when it can run."""

    analysis: Analysis
    reason: str | None
    schema: dict[str, Any]
    is_preferred: bool


def list_fits(ctx: Context, actor: User, key: str) -> list[Fit]:
    """Every analysis with how it fits a dataset, option schemas filled in with its columns; preferred ones first."""
    dataset = get_dataset(ctx, actor, key)
    settings = ctx.site_settings()
    preferred = _followups(ctx, dataset)
    columns = columns_of(ctx, actor, dataset)
    fits = [
        Fit(
            analysis,
            _refusal(ctx, analysis, dataset, settings),
            json_schema(analysis.Options, columns or None),
            type_ in preferred,
        )
        for type_, analysis in ctx.registry.processors.items()
    ]
    return sorted(fits, key=lambda fit: (fit.reason is not None, not fit.is_preferred, fit.analysis.title))


def columns_of(ctx: Context, actor: User, dataset: Dataset) -> list[str]:
    """The columns that an analysis of a dataset can read: its own, and those of its annotations."""
    return [*dataset.columns, *extra_columns(ctx.database, actor, dataset)]


def _followups(ctx: Context, dataset: Dataset) -> Sequence[str]:
    analysis = ctx.registry.processors.get(dataset.acts_as)
    return analysis.followups if analysis else ()


def _refusal(ctx: Context, analysis: Analysis, dataset: Dataset, settings: Mapping[str, Any]) -> str | None:
    if dataset.status.is_ended and dataset.status is not Status.FINISHED:
        return say("This dataset has no result to work on.")
    return analysis.accepts.refusal(dataset) or ctx.registry.unavailable(analysis, settings)


def run_processor(
    ctx: Context,
    actor: User,
    key: str,
    type_: str,
    options: Mapping[str, Any],
    *,
    rerun: bool = False,
    notify: bool = False,
) -> tuple[Dataset, bool]:
    """Ask for an analysis of a dataset; the child dataset, and whether it is new.

    The same analysis with the same options on the same dataset gives the child that is there already, also one asked
    for when the columns of the dataset were not known yet, unless `rerun` or its annotations have changed. The dataset
    may still be waiting or running: the child then waits for it. With `notify` a new child's owner gets a mail when it
    has ended.

    :raises InvalidInput: naming the options that will not do
    :raises NotCompatible: when the analysis does not fit, with the reason
    :raises LimitReached: when the actor has as much as one person may have
    """
    require_write(actor)
    require_right(ctx, actor, "analyse")
    parent = get_dataset(ctx, actor, key)
    analysis = ctx.registry.processor(type_)
    reason = _refusal(ctx, analysis, parent, ctx.site_settings())
    if reason:
        raise NotCompatible(
            say(
                "{title} cannot run on “{dataset}”. {reason}", title=analysis.title, dataset=parent.label, reason=reason
            )
        )
    columns = columns_of(ctx, actor, parent) or None
    chosen = load(analysis.Options, options, columns)
    secrets = {name: getattr(chosen, name) for name in secrets_of(analysis.Options) if getattr(chosen, name)}
    parameters = _parameters(analysis, chosen, options, columns)
    again = ctx.asked_once or datetime.now(UTC).isoformat()
    moment = again if rerun else _annotated(ctx, actor, parent)
    if notify:
        require_address(ctx, actor)
    with ctx.database.transaction() as tx, within_limits(ctx, tx, actor, actor.id):
        datasets.lock(tx, key)
        child = _new_child(actor, parent, analysis, parameters, moment, ctx)
        if notify:
            child = replace(child, work={**child.work, "notify": True})
        unsettled = dataset_key(child.type, key, _parameters(analysis, chosen, options, None), moment)
        for known in dict.fromkeys((child.key, unsettled)):
            found = _find(tx, actor, replace(child, key=known))
            if found is not None:
                return found, False
        child = _insert(tx, child)
        if issubclass(analysis, Preset):
            _add_steps(ctx, tx, actor, child, analysis.steps, chosen, source=key, result_of=child.key)
        else:
            enqueue_dataset(ctx, tx, child, secrets=secrets)
    return datasets.get(ctx.database, child.key), True


def _find(tx: Transaction, actor: User, child: Dataset) -> Dataset | None:
    """The same child that is there already. One that was deleted when it had ended well is brought back."""
    gone = bin_.find(tx, child.key, lock=True)
    if gone is not None and gone.status is not Status.FINISHED:
        bin_.make_room(tx, gone.key)
    elif gone is not None and gone.parent == child.parent and owns(actor, gone):
        bin_.take_out(tx, gone)
    found = datasets.find(tx, child.key)
    if found is None or found.parent != child.parent:
        return None
    require_see(actor, found)
    return found


def _insert(tx: Transaction, child: Dataset) -> Dataset:
    """Insert a child: under another key when its own is that of something brought here from elsewhere, or deleted."""
    if not datasets.insert(tx, child):
        moment = datetime.now(UTC).isoformat()
        child = replace(child, key=dataset_key(child.type, child.parent, child.parameters, moment))
        datasets.insert(tx, child)
    return child


def _annotated(ctx: Context, actor: User, parent: Dataset) -> str | None:
    """The state of the annotations that an analysis would read: in another state it is another analysis."""
    state = state_of(ctx.database, view_of(ctx.database, actor, parent))
    return f"annotations {state.checksum}" if state and state.count else None


def _parameters(
    analysis: Analysis, chosen: Any, given: Mapping[str, Any], columns: Sequence[str] | None
) -> dict[str, Any]:
    """The options to store: without secrets, and column defaults only once the columns are known."""
    named = {name.replace("-", "_") for name in given}
    unsettled = {name for name, spec in specs(analysis.Options).items() if spec.is_column and columns is None} - named
    left_out = unsettled | set(secrets_of(analysis.Options))
    return {name: value for name, value in dump(chosen).items() if name not in left_out}


def _new_child(
    actor: User,
    parent: Dataset,
    analysis: Analysis,
    parameters: dict[str, Any],
    moment: str | None,
    ctx: Context,
    source: str | None = None,
    attach_to: str | None = None,
) -> Dataset:
    maker = _result_step(ctx, analysis) if issubclass(analysis, Preset) else analysis
    returns = maker.returns
    known = list(returns.columns) if isinstance(returns, Table) and not returns.open_ended else []
    return Dataset(
        key=dataset_key(analysis.type, parent.key, parameters, moment),
        type=analysis.type,
        datasource=parent.datasource,
        parent=parent.key,
        top=parent.top,
        acts_as=parent.acts_as if maker.is_filter() else maker.type,
        label=analysis.title,
        parameters=parameters,
        status=Status.WAITING,
        message="Waiting to start.",
        owner_id=actor.id,
        is_private=parent.is_private,
        created=datetime.now(UTC),
        columns=known,
        kind=returns.kind,
        attach_to=attach_to,
        work={} if issubclass(analysis, Preset) else {"source": source or parent.key},
    )


def _result_step(ctx: Context, preset: type[Preset]) -> type[Processor]:
    """The processor whose result a preset takes."""
    steps = list(preset.steps)
    while steps:
        step = steps.pop()
        if step.result:
            found = ctx.registry.processor(step.type)
            if issubclass(found, Processor):
                return found
        steps.extend(step.then)
    raise PluginError(preset.type, "no step of this preset gives its result.")


def _add_steps(
    ctx: Context,
    tx: Transaction,
    actor: User,
    parent: Dataset,
    steps: Sequence[Step],
    options: Any,
    *,
    source: str,
    result_of: str,
) -> None:
    """Add the steps of a preset below `parent`; the first ones read `source`, the others what they hang on."""
    for step in steps:
        analysis = ctx.registry.processor(step.type)
        filled = fill_in(step.options, options)
        chosen = load(analysis.Options, filled)
        parameters = _parameters(analysis, chosen, filled, None)
        attach_to = result_of if step.result else None
        child = _new_child(actor, parent, analysis, parameters, None, ctx, source=source, attach_to=attach_to)
        child = _insert(tx, child)
        enqueue_dataset(ctx, tx, child)
        _add_steps(ctx, tx, actor, child, step.then, options, source=child.key, result_of=result_of)
