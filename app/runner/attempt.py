"""The process that does one job: it runs the plug-in, stores the result and says how it ended.

It has no connection to the database (a standing task excepted) and none to Redis: what it makes counts only when the
watching process has put it into the database under its claim.
"""

from __future__ import annotations

import errno
import os
import signal
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.domain.dataset import Dataset, Status, StoredFile, attempt_folder
from app.domain.errors import Cancelled, EmptyResult, FourcatError, InvalidInput, SourceError, Unavailable, UserError
from app.domain.job import Job
from app.domain.texts import Text, declared, join, say, say_many
from app.domain.upload import Upload
from app.domain.user import User
from app.plugins.datasource import DataSource
from app.plugins.options import Spec, dump, secrets_of, specs
from app.plugins.processor import Processor
from app.plugins.validation import load
from app.plugins.worker import Worker
from app.runner.capture import collect, import_file, item_schema, search
from app.runner.context import DatasetSource, JobRun, QuarantineRun, UploadedFile
from app.runner.family import BringingRun, bring_family
from app.runner.parts import Parts, StartOver
from app.runner.pseudonym import Pseudonyms
from app.runner.report import End, Outcome, Reporter, RowCount
from app.runner.results import Written, without_columns, write_result
from app.runner.task_context import TaskContext
from app.services.annotation_table import Written as Annotations
from app.services.context import Context
from app.services.job_limits import JobLimits, job_limits
from app.storage.files import discard


@dataclass(frozen=True)
class Task:
    """All that one attempt needs, read from the database before its process was forked."""

    job: Job
    dataset: Dataset | None
    source: Dataset | None
    upload: Upload | None
    settings: dict[str, Any]
    folder: Path
    actor: User | None = None
    annotations: Annotations | None = None

    @property
    def seed(self) -> int:
        """The seed for anything random: the same for the same dataset."""
        return int(self.dataset.key[:8], 16) if self.dataset else 0


def limits_of(ctx: Context, task: Task) -> JobLimits:
    """What this attempt may use: by the settings as they were when it was claimed."""
    return job_limits(ctx.settings, ctx.registry.runnable(task.job.type), task.settings)


def perform(ctx: Context, task: Task, reporter: Reporter) -> None:
    """Do the job and report how it ended; no exception leaves here, and no secret of the job."""
    reporter.hide(str(secret) for secret in task.job.details.get("secrets", {}).values())
    reporter.send("outcome", asdict(_guarded(lambda: _run(ctx, task, reporter))))


_ENDS: tuple[tuple[type[BaseException], End], ...] = (
    (EmptyResult, End.EMPTY),
    (UserError, End.REFUSED),
    (SourceError, End.SOURCE),
    (Unavailable, End.AWAY),
    (Cancelled, End.CANCELLED),
    (MemoryError, End.MEMORY),
)
_DISK_FULL = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT))


def _guarded(work: Callable[[], Outcome]) -> Outcome:
    """Turn whatever a plug-in raises into how the attempt ended."""
    try:
        return work()
    except BaseException as error:  # noqa: BLE001 - the border of plug-in code: even a panic of Rust may come out of it
        return _outcome_of(error)


def _outcome_of(error: BaseException) -> Outcome:
    end = next((end for kind, end in _ENDS if isinstance(error, kind)), End.BROKEN)
    if end is End.BROKEN and any(
        words in str(error) for words in _DISK_FULL
    ):  # engines have errors of their own for it
        return Outcome(End.AWAY, say("There is no space left on the disk for the result."))
    if end is End.BROKEN or end is End.MEMORY:
        message = error.message if isinstance(error, FourcatError) else f"{type(error).__name__}: {error}"
        return Outcome(end, message, traceback="".join(traceback.format_exception(error)))
    # What an error says may be a sentence that remembers how it was put together; `str` would forget it.
    said = error.args[0] if error.args and isinstance(error.args[0], Text) else str(error)
    outcome = Outcome(end, said)
    if isinstance(error, SourceError):
        outcome.permanent, outcome.retry_after = error.permanent, error.retry_after
        outcome.was_asked = error.was_asked
    return outcome


def _run(ctx: Context, task: Task, reporter: Reporter) -> Outcome:
    plugin = ctx.registry.runnable(task.job.type)
    if issubclass(plugin, Worker):
        plugin().work(task.job, TaskContext(ctx, task.settings, task.folder, reporter))
        return Outcome(End.DONE)
    try:
        if issubclass(plugin, DataSource):
            return _capture(ctx, task, plugin, reporter)
        return _process(ctx, task, plugin, reporter)
    except InvalidInput as error:
        if error.message != InvalidInput(error.fields).message:
            raise
        raise InvalidInput(error.fields, _in_labels(specs(plugin.Options), error)) from error


def _in_labels(known: Mapping[str, Spec], error: InvalidInput) -> str:
    """What is wrong with which options, called by their labels, as people know them."""
    told = []
    for name, texts in error.fields.items():
        text = join(" ", texts)
        told.append(say("{name}: {texts}", name=declared(known[name].label), texts=text) if name in known else text)
    return join(" ", told)


def _process(ctx: Context, task: Task, processor: type[Processor], reporter: Reporter) -> Outcome:
    found = _present(task.source)
    extra = task.annotations.read(found.columns) if task.annotations else None
    source = DatasetSource(found, ctx.files, task.folder, extra)
    if source.dataset.status is not Status.FINISHED:
        raise UserError(say("The dataset it reads, “{dataset}”, has no result.", dataset=source.dataset.label))
    refusal = processor.accepts.refusal(source.dataset)
    if refusal:
        raise UserError(
            say("This analysis does not fit “{dataset}”. {reason}", dataset=source.dataset.label, reason=refusal)
        )
    options = load(processor.Options, _given(processor, task), source.columns)
    run = JobRun(reporter, task.folder, task.seed, task.settings, ctx.files)
    result = processor().process(source, options, run)
    if extra and processor.is_filter():
        result = without_columns(result, extra.columns)
    written = write_result(result, processor, task.folder, task.seed, RowCount(reporter))
    if not written.rows:
        return Outcome(End.EMPTY, run.message or say("Nothing was found."), warnings=run.warnings)
    message = run.message or _summary(source.rows, source.dataset, written)
    inputs = source.dataset.result.files if source.dataset.result else {}
    facts: dict[str, Any] = {
        "parameters": _told(options),
        "source": {"key": source.dataset.key, "sha256": {role: file.sha256 for role, file in inputs.items()}},
    }
    if task.annotations:
        facts["source"]["annotations"] = asdict(task.annotations.state)
    return _published(ctx, task, written, Outcome(End.DONE, message, warnings=run.warnings, provenance=facts))


def _summary(read: int, dataset: Dataset, written: Written) -> str:
    """What was read and what was made of it."""
    rows = written.rows
    made = {
        "table": say_many("{n} row made", "{n} rows made", rows),
        "graph": say_many("{n} node made", "{n} nodes made", rows),
        "files": say_many("{n} file made", "{n} files made", rows),
        "chart": say_many("{n} mark made", "{n} marks made", rows),
        "page": say_many("{n} page made", "{n} pages made", rows),
    }[written.kind]
    if dataset.is_items:
        return say_many("{n} item read, {made}.", "{n} items read, {made}.", read, made=made)
    return say_many("{n} row read, {made}.", "{n} rows read, {made}.", read, made=made)


def _given(plugin: type[Processor] | type[DataSource], task: Task) -> dict[str, Any]:
    stored = _present(task.dataset).parameters
    known = specs(plugin.Options)
    secrets = task.job.details.get("secrets", {})
    return {name: value for name, value in {**stored, **secrets}.items() if name in known}


def _present(dataset: Dataset | None) -> Dataset:
    if dataset is None:
        raise UserError(say("The dataset it reads has been deleted."))
    return dataset


def _capture(ctx: Context, task: Task, source: type[DataSource], reporter: Reporter) -> Outcome:
    """Go on from the last checkpoint, if there is one that can be used."""
    checkpoint = task.job.checkpoint
    try:
        return _capture_from(ctx, task, source, reporter, checkpoint)
    except StartOver as reason:
        reporter.send("log", f"What earlier attempts had brought home cannot be used: {reason}. Starting over.")
        reporter.send("checkpoint", {})
        return _capture_from(ctx, task, source, reporter, None)


def _capture_from(
    ctx: Context, task: Task, source: type[DataSource], reporter: Reporter, checkpoint: dict[str, Any] | None
) -> Outcome:
    dataset = _present(task.dataset)
    how = dataset.work.get("pseudonymise", "none")
    names = None if how == "none" else Pseudonyms(ctx.settings.pseudonym_key, anonymise=how == "anonymise")
    options = load(source.Options, _given(source, task))
    run = _capture_run(ctx, task, reporter, withhold=names is not None)
    if isinstance(run, BringingRun):
        return _bring(ctx, task, source, options, run, names, checkpoint)
    if checkpoint:
        run.go_on_from(checkpoint, None if source.imports() else item_schema(source))
    if source.imports():
        import_file(source(), _uploaded(ctx, task), options, run, names)
    elif source.searches():
        search(source(), options, run, names)
    else:
        collect(source(), options, run, names)
    written = run.parts.finish(task.folder)
    outcome = Outcome(End.DONE, run.message or _captured(written, run), warnings=run.warnings)
    outcome.quarantined = run.quarantined
    outcome.provenance = {"parameters": _told(options)}
    if task.upload is not None and names is None:
        outcome.files["original"] = asdict(task.upload.file)
        outcome.provenance["input_sha256"] = task.upload.file.sha256
    outcome = _published(ctx, task, written, outcome)
    if not written.rows:
        outcome.end = End.EMPTY
    return outcome


def _uploaded(ctx: Context, task: Task) -> UploadedFile:
    if task.upload is None:
        raise UserError(say("The uploaded file has been removed. Upload it again as a new dataset."))
    return UploadedFile(task.upload.filename, task.upload.file, ctx.files)


def _folder(task: Task) -> str:
    return attempt_folder(_present(task.dataset).key, task.job.token)


def _bring(
    ctx: Context,
    task: Task,
    source: type[DataSource],
    options: Any,
    run: BringingRun,
    names: Pseudonyms | None,
    checkpoint: dict[str, Any] | None,
) -> Outcome:
    """Bring in a family, of the uploaded file if there is one."""
    work = _present(task.dataset).work
    file = _uploaded(ctx, task) if "upload" in work else None
    run.begin(_folder(task), ctx.registry, checkpoint, protection=work.get("pseudonymise", "none"))
    return bring_family(source(), file, options, run, ctx.registry, names)


def _capture_run(ctx: Context, task: Task, reporter: Reporter, *, withhold: bool) -> QuarantineRun:
    """The run of a capture; SIGUSR1 tells it that this machine is about to stop."""
    parts = Parts(ctx.files, task.folder, _folder(task), RowCount(reporter))
    plugin = ctx.registry.runnable(task.job.type)
    kind = BringingRun if issubclass(plugin, DataSource) and plugin.brings() else QuarantineRun
    run = kind(reporter, task.folder, task.seed, task.settings, parts, ctx.database, withhold=withhold)
    signal.signal(signal.SIGUSR1, run.hurry)
    signal.siginterrupt(signal.SIGUSR1, False)
    return run


def _told(options: Any) -> dict[str, Any]:
    """The options that provenance names: all but secrets."""
    secrets = secrets_of(type(options))
    return {name: value for name, value in dump(options).items() if name not in secrets}


def _captured(written: Written, run: QuarantineRun) -> str:
    if not run.quarantined:
        return say_many("{n} item captured.", "{n} items captured.", written.rows)
    captured = say_many("{n} item captured", "{n} items captured", written.rows)
    return say_many(
        "{captured}; {n} record could not be read and is kept in quarantine.",
        "{captured}; {n} records could not be read and are kept in quarantine.",
        run.quarantined,
        captured=captured,
    )


def _published(ctx: Context, task: Task, written: Written, outcome: Outcome) -> Outcome:
    """Store the files of a result under names that only this attempt uses."""
    stored: dict[str, StoredFile] = {}
    try:
        for role, path in written.files.items():
            stored[role] = ctx.files.put(path, f"{_folder(task)}/{role}{''.join(path.suffixes)}")
    except Unavailable:
        discard(ctx.files, [file.name for file in stored.values()])
        raise
    outcome.files |= {role: asdict(file) for role, file in stored.items()}
    outcome.rows, outcome.columns, outcome.kind = written.rows, written.columns, str(written.kind)
    return outcome
