"""The analyses of one dataset, asked for again on another: what was once worked out is done to the next capture too."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.dataset import Dataset
from app.domain.errors import InvalidInput, UserError
from app.domain.texts import say
from app.domain.user import User
from app.plugins.processor import Preset, Step
from app.services.access import can_see, require_write
from app.services.context import Context
from app.services.dataset import get_dataset, lineage
from app.services.dataset_list import Wanted, list_datasets
from app.services.run import run_processor
from app.storage import dataset as datasets

MOST = 100
"""So many analyses are asked for at once."""

_Children = Mapping[str, Sequence[Dataset]]


@dataclass(frozen=True)
class Repeatable:
    """An analysis that can be asked for elsewhere: how deep it lies below the dataset, and the key of what it reads."""

    dataset: Dataset
    depth: int
    reads: str


@dataclass
class Repeated:
    """What became of each analysis: what there is of it now and whether it is new, or why it was not asked for."""

    asked: list[tuple[Dataset, Dataset, bool]] = field(default_factory=list)
    """What was repeated, what there is of it now, and whether that is new."""
    refused: list[tuple[Dataset, str]] = field(default_factory=list)


def list_examples(ctx: Context, actor: User, key: str, words: str = "", limit: int = 20) -> list[Dataset]:
    """Other datasets of the same sort that have analyses and fit the words: of the same family first, then captures."""
    target = get_dataset(ctx, actor, key)
    family = lineage(ctx, actor, key)
    read = {dataset.parent for dataset in family}
    alike = [one for one in family if one.key in read and one.acts_as == target.acts_as and one.key != key]
    found = [one for one in alike if words.lower() in one.label.lower()]
    if target.is_items:
        wanted = Wanted(whose="all", text=words, has_analyses=True, limit=limit)
        captures, _ = list_datasets(ctx, actor, wanted)
        found += [capture for capture in captures if capture.top != target.top]
    return found[:limit]


def list_repeatable(ctx: Context, actor: User, key: str, example: str) -> list[Repeatable]:
    """The analyses below `example` that can be asked for on `key` too, those that others read before these.

    Steps of a preset come with it. What `key` itself was made by is left out.

    :raises InvalidInput: naming `example`, when there is none or both are the same
    """
    return _repeatable(ctx, actor, key, example)[0]


def _repeatable(ctx: Context, actor: User, key: str, example: str) -> tuple[list[Repeatable], _Children]:
    """The same, and all that lies below `example`."""
    target = get_dataset(ctx, actor, key)
    if example in ("", key):
        raise InvalidInput({"example": [say("Choose another dataset than this one.")]})
    children = _children(ctx, actor, get_dataset(ctx, actor, example).key)
    own = {target.key, *_above(ctx, target)}
    return list(_below(ctx, children, example, own, 0)), children


def repeat_analyses(ctx: Context, actor: User, key: str, example: str, only: Collection[str] | None = None) -> Repeated:
    """Ask on a dataset for the analyses of `example`, with the options they had; all of them, or `only` some keys.

    Each is asked for by itself: one that does not fit holds up only those that read it. What is there already with the
    same options is not made twice.

    :raises InvalidInput: naming `example` or `analyses`, when nothing can be asked for so
    """
    require_write(actor)
    found, children = _repeatable(ctx, actor, key, example)
    wanted = [one for one in found if only is None or one.dataset.key in only]
    if not wanted:
        raise InvalidInput({"analyses": [say("Choose at least one analysis.")]})
    if len(wanted) > MOST:
        raise InvalidInput({"analyses": [say("Choose at most {most} analyses at once.", most=MOST)]})
    counterparts = {example: key}
    done = Repeated()
    for one in wanted:
        home = counterparts.get(one.reads)
        if home is None:
            done.refused.append((one.dataset, say("What it reads has not been asked for.")))
            continue
        try:
            made, is_new = run_processor(ctx, actor, home, one.dataset.type, one.dataset.parameters)
        except UserError as error:
            done.refused.append((one.dataset, error.message))
            continue
        done.asked.append((one.dataset, made, is_new))
        counterparts[one.dataset.key] = made.key
        steps = _steps(ctx, children, one.dataset)
        if steps:
            now = {place: step for step, place in _steps(ctx, _children(ctx, actor, made.key), made).items()}
            counterparts |= {step: now[place] for step, place in steps.items() if place in now}
    return done


def _children(ctx: Context, actor: User, key: str) -> _Children:
    """All that lies below a dataset and may be seen, by what it hangs on, oldest first."""
    found: dict[str, list[Dataset]] = {}
    for dataset in datasets.descendants(ctx.database, key):
        if dataset.parent and can_see(actor, dataset):
            found.setdefault(dataset.parent, []).append(dataset)
    return found


def _above(ctx: Context, dataset: Dataset) -> Iterator[str]:
    known = {one.key: one.parent for one in datasets.family(ctx.database, dataset.top)}
    parent = dataset.parent
    while parent:
        yield parent
        parent = known.get(parent)


def _below(
    ctx: Context, children: _Children, key: str, left_out: Collection[str], depth: int, steps: Collection[str] = ()
) -> Iterator[Repeatable]:
    for child in children.get(key, ()):
        if child.key in steps:
            yield from _below(ctx, children, child.key, left_out, depth, steps)
        elif child.key not in left_out:
            yield Repeatable(child, depth, key)
            yield from _below(ctx, children, child.key, left_out, depth + 1, _steps(ctx, children, child))


def _steps(ctx: Context, children: _Children, dataset: Dataset) -> dict[str, tuple[int, ...]]:
    """The steps of a preset by key, each with its place in what the preset declares; nothing of another analysis."""
    analysis = ctx.registry.processors.get(dataset.type)
    if analysis is None or not issubclass(analysis, Preset):
        return {}
    first = [child for child in children.get(dataset.key, ()) if child.work.get("source") != dataset.key]
    return dict(_placed(children, first, analysis.steps, ()))


def _placed(
    children: _Children, among: Sequence[Dataset], steps: Sequence[Step], place: tuple[int, ...]
) -> Iterator[tuple[str, tuple[int, ...]]]:
    left = list(among)
    for number, step in enumerate(steps):
        found = next((dataset for dataset in left if dataset.type == step.type), None)
        if found is not None:
            left.remove(found)
            yield found.key, (*place, number)
            yield from _placed(children, children.get(found.key, ()), step.then, (*place, number))
