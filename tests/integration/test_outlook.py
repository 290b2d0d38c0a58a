"""What a waiting dataset is told: its place, the reason, and when it may start."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.domain.dataset import Dataset, Status
from app.domain.user import User
from app.services import outlook as looking
from app.services.context import Context
from app.services.dataset import retry_dataset
from app.services.outlook import Outlook, outlook, outlooks
from app.services.run import run_processor
from app.services.user import create_user
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import setting
from app.storage.dataset import Ending
from tests.conftest import finished_posts, import_posts
from tests.results import new_dataset


@pytest.fixture(autouse=True)
def always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every look be a new one."""
    monkeypatch.setattr(looking, "_FRESH", 0.0)


def serve(ctx: Context, *types: str) -> None:
    """Let a machine say that it takes work of these types, which it never does."""
    ctx.bell.sign("somewhere-1", {"queues": list(types), "workers": {}}, 60)


def waits(ctx: Context, dataset: Dataset) -> Outlook:
    """What a dataset waits for now."""
    found = outlook(ctx, datasets.get(ctx.database, dataset.key))
    assert found is not None
    return found


def took(ctx: Context, owner: User, *seconds: float) -> None:
    """Let datasets of uploads have been finished that took so long, the last one just now."""
    for count, each in enumerate(reversed(seconds)):
        made = new_dataset(owner)
        with ctx.database.transaction() as tx:
            datasets.insert(tx, made)
            datasets.end(tx, made.key, Ending(Status.FINISHED, "Done."))
            tx.run(
                "UPDATE datasets SET ended = now() - make_interval(secs => %(ago)s),"
                " started = now() - make_interval(secs => %(ago)s + %(each)s) WHERE key = %(key)s",
                ago=count,
                each=each,
                key=made.key,
            )


def begin(ctx: Context, dataset: Dataset, seconds_ago: float = 0) -> None:
    """Let a dataset run since some time."""
    job = jobs.for_dataset(ctx.database, dataset.key)
    assert job is not None
    with ctx.database.transaction() as tx:
        assert ctx.queue.claim(tx, job.id) is not None
        datasets.start(tx, dataset.key, {})
        tx.run(
            "UPDATE jobs SET claimed = now() - make_interval(secs => %(ago)s) WHERE id = %(id)s",
            ago=seconds_ago,
            id=job.id,
        )


def seconds_until(moment: datetime | None) -> float:
    """How far away a moment is."""
    assert moment is not None
    return (moment - datetime.now(UTC)).total_seconds()


def test_only_what_waits_has_an_outlook(ctx: Context, user: User) -> None:
    assert outlook(ctx, finished_posts(ctx, user)) is None
    running = import_posts(ctx, user)
    begin(ctx, running)
    assert outlook(ctx, datasets.get(ctx.database, running.key)) is None


def test_what_has_been_given_out_starts_in_a_moment(ctx: Context, user: User) -> None:
    serve(ctx, "upload")
    assert waits(ctx, import_posts(ctx, user)) == Outlook("Starts in a moment.")


def test_a_place_in_line_says_what_is_before_it_and_when_it_starts(ctx: Context, user: User) -> None:
    serve(ctx, "upload")
    took(ctx, user, 9_000, *[40] * 20)
    first, second, third, fourth = (import_posts(ctx, user) for _ in range(4))
    begin(ctx, first, 30)
    begin(ctx, second, 4_000)
    assert waits(ctx, third).reason == "2 of 2 places are taken and no job is before it."
    assert waits(ctx, fourth).reason == "2 of 2 places are taken and 1 job is before it."
    assert [waits(ctx, dataset).position for dataset in (third, fourth)] == [1, 2]
    assert seconds_until(waits(ctx, third).expected_start) == pytest.approx(10, abs=9)
    assert seconds_until(waits(ctx, fourth).expected_start) == pytest.approx(50, abs=9)
    fifth = import_posts(ctx, user)
    assert seconds_until(waits(ctx, fifth).expected_start) == pytest.approx(90, abs=9)


def test_what_runs_far_too_long_is_not_expected_to_end_at_once(ctx: Context, user: User) -> None:
    serve(ctx, "upload")
    setting.put(ctx.database, "workers.upload.max_workers", 1)
    took(ctx, user, *[2] * 20)
    first, second = import_posts(ctx, user), import_posts(ctx, user)
    begin(ctx, first, 600)
    assert seconds_until(waits(ctx, second).expected_start) == pytest.approx(600, abs=30)


def test_without_experience_nothing_is_promised(ctx: Context, user: User) -> None:
    serve(ctx, "upload")
    last = [import_posts(ctx, user) for _ in range(3)][-1]
    assert (waits(ctx, last).position, waits(ctx, last).expected_start) == (1, None)


def test_others_who_asked_for_less_are_before(ctx: Context, user: User) -> None:
    serve(ctx, "upload")
    other = create_user(ctx, "otto")
    many = [import_posts(ctx, user) for _ in range(6)]
    assert waits(ctx, many[-1]).position == 4
    one = import_posts(ctx, other)
    assert (waits(ctx, one).position, waits(ctx, many[-1]).position) == (1, 5)


def test_the_dataset_that_it_reads_is_named(ctx: Context, user: User) -> None:
    capture = import_posts(ctx, user, label="Tea")
    child, _ = run_processor(ctx, user, capture.key, "count-posts", {})
    preset, _ = run_processor(ctx, user, capture.key, "preset-histogram", {})
    assert waits(ctx, child) == Outlook("Waits for “Tea” to finish.")
    assert waits(ctx, preset) == Outlook("Its steps are under way.")


def test_a_type_that_is_switched_off_is_said(ctx: Context, user: User) -> None:
    serve(ctx, "upload")
    setting.put(ctx.database, "workers.upload.max_workers", 0)
    dataset = import_posts(ctx, user)
    assert waits(ctx, dataset) == Outlook("Work of this type is switched off by an administrator.", 1)


def test_a_type_that_no_machine_takes_is_said(ctx: Context, user: User) -> None:
    serve(ctx, "count-posts")
    dataset = import_posts(ctx, user)
    assert waits(ctx, dataset) == Outlook("No machine takes work of this type at the moment.")


def test_another_try_says_when_and_why(ctx: Context, user: User) -> None:
    dataset = import_posts(ctx, user)
    begin(ctx, dataset)
    job = jobs.for_dataset(ctx.database, dataset.key)
    assert job is not None
    with ctx.database.transaction() as tx:
        datasets.wait_again(tx, dataset.key, "The platform is busy.")
        ctx.queue.release(tx, job, delay=30)
    found = waits(ctx, dataset)
    assert found.position is None
    assert found.expected_start is not None
    assert found.reason == f"Tries again at {found.expected_start:%H:%M:%S} UTC: The platform is busy."
    assert seconds_until(found.expected_start) == pytest.approx(30, abs=15)


def test_a_place_beyond_ten_thousand_is_not_counted(ctx: Context, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "MOST", 3)
    serve(ctx, "upload")
    many = [import_posts(ctx, user) for _ in range(7)]
    third, fifth = waits(ctx, many[4]), waits(ctx, many[6])
    assert (third.position, third.is_capped) == (3, False)
    assert (fifth.position, fifth.is_capped) == (3, True)
    assert "more than 3 jobs are before it" in fifth.reason


def test_what_has_come_since_the_last_look_has_its_place_too(
    ctx: Context, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_FRESH", 1000.0)
    serve(ctx, "upload")
    many = [import_posts(ctx, user) for _ in range(3)]
    assert waits(ctx, many[2]).position == 1
    late = import_posts(ctx, user)
    assert waits(ctx, late).position == 2


def test_what_is_tried_again_by_hand_waits_like_new(ctx: Context, user: User) -> None:
    serve(ctx, "upload")
    dataset = import_posts(ctx, user)
    begin(ctx, dataset)
    job = jobs.for_dataset(ctx.database, dataset.key)
    assert job is not None
    with ctx.database.transaction() as tx:
        ctx.queue.fail(tx, job, "It broke.")
        datasets.end(tx, dataset.key, Ending(Status.FAILED, "It broke."))
    retry_dataset(ctx, user, dataset.key)
    assert waits(ctx, dataset) == Outlook("Starts in a moment.")


def test_many_are_answered_with_one_question_each_way(ctx: Context, user: User) -> None:
    serve(ctx, "upload")
    many = [import_posts(ctx, user) for _ in range(5)]
    found = outlooks(ctx, [datasets.get(ctx.database, dataset.key) for dataset in many])
    assert [found[dataset.key].position for dataset in many] == [None, None, 1, 2, 3]
