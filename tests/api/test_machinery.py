"""The machinery as administrators see it over the API: queues, jobs, machines, failures, repairs, metrics."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.domain.user import User
from app.services.context import Context
from app.services.run import run_processor
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import repair, setting
from app.storage.dataset import Ending, Status
from tests.api.conftest import Call
from tests.conftest import Starter, finished_posts, import_posts, wait_for_end, wait_for_manager

TRACEBACK = 'Traceback (most recent call last):\n  File "count.py", line 7\nZeroDivisionError: division by zero'


def failed_dataset(ctx: Context, owner: User) -> tuple[str, int]:
    """A dataset whose job failed with a traceback; its key, and the job's number."""
    dataset = import_posts(ctx, owner)
    job = jobs.for_dataset(ctx.database, dataset.key)
    assert job is not None
    with ctx.database.transaction() as tx:
        jobs.fail(tx, job.id, TRACEBACK)
        datasets.end(tx, dataset.key, Ending(Status.FAILED, "It broke."))
    return dataset.key, job.id


def standing_task(ctx: Context, *, interval: int | None) -> int:
    """The job of a standing task whose last run failed."""
    with ctx.database.transaction() as tx:
        job = ctx.queue.enqueue(tx, "clean-up-jobs", "", interval=interval, delay=1000)
        tx.run("UPDATE jobs SET last_claimed = now() WHERE id = %(id)s", id=job.id)
        jobs.fail(tx, job.id, "OSError: no room")
    return job.id


def let_time_pass(ctx: Context, seconds: float) -> None:
    """Let the jobs in the queue have been there for longer."""
    ctx.database.run(
        "UPDATE jobs SET claim_after = claim_after - make_interval(secs => %(seconds)s),"
        " rung = rung - make_interval(secs => %(seconds)s)",
        seconds=seconds,
    )


def queue_of(call: Call, type_: str) -> dict[str, Any]:
    """One queue, as the API shows it."""
    found = call("admin", "GET", "/api/queues").json
    assert found is not None
    return next(queue for queue in found if queue["type"] == type_)


def test_a_queue_shows_its_limits_and_what_waits(ctx: Context, user: User, call: Call) -> None:
    setting.put(ctx.database, "workers.upload.max_workers", 1)
    setting.put(ctx.database, "workers.upload.minutes", 7)
    first, _ = import_posts(ctx, user), import_posts(ctx, user)
    run_processor(ctx, user, first.key, "count-posts", {})
    found = queue_of(call, "upload")
    assert (found["rung"], found["waiting"], found["max_workers"], found["minutes"]) == (1, 1, 1, 7)
    assert found["memory_mb"] == ctx.settings.job_memory_mb
    assert 0 <= found["oldest"] < 60
    assert found["unclaimed"] is None
    assert queue_of(call, "count-posts")["blocked"] == 1


def test_jobs_show_whose_they_are_and_what_they_make(ctx: Context, user: User, call: Call) -> None:
    key, _ = failed_dataset(ctx, user)
    waiting = import_posts(ctx, user)
    running = import_posts(ctx, user)
    job = jobs.for_dataset(ctx.database, running.key)
    assert job is not None
    with ctx.database.transaction() as tx:
        assert ctx.queue.claim(tx, job.id) is not None
        ctx.queue.cancel(tx, job)
        tx.run("UPDATE jobs SET heartbeat = now() - interval '9 seconds' WHERE id = %(id)s", id=job.id)
    found = call("admin", "GET", "/api/jobs").json
    assert found is not None
    assert [job["dataset"] for job in found] == [key, waiting.key, running.key]
    found.reverse()
    assert (found[0]["owner"], found[0]["label"], found[0]["cancel_requested"]) == ("ursula", "posts.csv", True)
    assert 9 <= found[0]["heartbeat_age"] < 60
    assert found[1]["heartbeat_age"] is None
    assert found[2]["error"] == TRACEBACK
    assert "details" not in found[0]
    only = call("admin", "GET", "/api/jobs?state=failed&type=upload").json
    assert only is not None
    assert [job["dataset"] for job in only] == [key]
    assert call("admin", "GET", "/api/jobs?state=lost").status_code == 422


def test_a_failed_dataset_is_run_again_by_its_job(ctx: Context, user: User, call: Call) -> None:
    key, job_id = failed_dataset(ctx, user)
    assert call("admin", "POST", f"/api/jobs/{job_id}/retry").status_code == 204
    assert datasets.get(ctx.database, key).status is Status.WAITING
    assert call("admin", "POST", f"/api/jobs/{job_id}/retry").status_code == 404


def test_a_dismissed_failure_is_gone_and_its_dataset_stays(ctx: Context, user: User, call: Call) -> None:
    key, job_id = failed_dataset(ctx, user)
    assert call("admin", "DELETE", f"/api/jobs/{job_id}").status_code == 204
    assert jobs.find(ctx.database, job_id) is None
    assert datasets.get(ctx.database, key).status is Status.FAILED
    assert call("owner", "POST", f"/api/datasets/{key}/retry").status_code == 202


def test_a_job_that_waits_is_neither_run_again_nor_dismissed(ctx: Context, user: User, call: Call) -> None:
    job = jobs.for_dataset(ctx.database, import_posts(ctx, user).key)
    assert job is not None
    assert call("admin", "POST", f"/api/jobs/{job.id}/retry").status_code == 404
    assert call("admin", "DELETE", f"/api/jobs/{job.id}").status_code == 404
    assert jobs.find(ctx.database, job.id) is not None


@pytest.mark.parametrize("interval", [None, 3600], ids=["asked once", "with an interval"])
def test_a_standing_task_that_failed_is_run_again_at_once(ctx: Context, call: Call, interval: int | None) -> None:
    job_id = standing_task(ctx, interval=interval)
    assert call("admin", "POST", f"/api/jobs/{job_id}/retry").status_code == 204
    again = jobs.find_open(ctx.database, "clean-up-jobs", "")
    assert (str(again.state), again.error, again.interval) == ("rung", None, interval)


@pytest.mark.parametrize("interval", [None, 3600], ids=["asked once", "with an interval"])
def test_the_failure_of_a_standing_task_is_dismissed(ctx: Context, call: Call, interval: int | None) -> None:
    job_id = standing_task(ctx, interval=interval)
    assert call("admin", "DELETE", f"/api/jobs/{job_id}").status_code == 204
    left = jobs.find(ctx.database, job_id)
    assert (left is None) is (interval is None)
    assert left is None or (str(left.state), left.error) == ("waiting", None)


def test_repairs_are_listed_the_latest_first(ctx: Context, user: User, call: Call) -> None:
    dataset = import_posts(ctx, user)
    repair.add(ctx.database, "lost doorbell", "Rang it again.", type_="upload", job=7, dataset=dataset.key, host="a")
    repair.add(ctx.database, "dead attempt", "Its machine was gone.", dataset="deleted since")
    found = call("admin", "GET", "/api/repairs").json
    assert found is not None
    assert [entry["kind"] for entry in found] == ["dead attempt", "lost doorbell"]
    assert (found[1]["label"], found[1]["job"], found[0]["label"]) == ("posts.csv", 7, None)
    assert len(call("admin", "GET", "/api/repairs?limit=1").json or ()) == 1


def metric(call: Call, name: str) -> dict[str, float]:
    """The values of a metric by their labels."""
    text = call("admin", "GET", "/metrics").get_data(as_text=True)
    return {
        labels: float(value) for labels, value in re.findall(rf"^fourcat_{name}(\{{.*\}})? (\S+)$", text, re.MULTILINE)
    }


def test_metrics_count_what_an_operator_wants_to_be_told(ctx: Context, user: User, call: Call) -> None:
    failed_dataset(ctx, user)
    running = jobs.for_dataset(ctx.database, import_posts(ctx, user).key)
    assert running is not None
    with ctx.database.transaction() as tx:
        assert ctx.queue.claim(tx, running.id) is not None
        tx.run("UPDATE jobs SET host = 'a\"b', heartbeat = now() - interval '9 seconds' WHERE state = 'running'")
        repair.add(tx, "dead attempt", "Released it.")
        repair.add(tx, "dead attempt", "Released it.")
        repair.add(tx, "lost doorbell", "Rang it again.")
        tx.run("UPDATE repairs SET at = now() - interval '2 days' WHERE kind = 'lost doorbell'")
    assert metric(call, "failed") == {"": 1.0}
    assert metric(call, "running") == {'{host="a\\"b"}': 1.0}
    assert 9 <= metric(call, "heartbeat_oldest_seconds")[""] < 60
    assert metric(call, "repairs") == {'{kind="dead attempt"}': 2.0}
    assert set(metric(call, "unclaimed").values()) == {0.0}
    import_posts(ctx, user)
    let_time_pass(ctx, 61)
    assert metric(call, "unclaimed")['{type="upload"}'] == 1.0


def test_what_waits_while_no_machine_is_there_is_named(ctx: Context, user: User, call: Call) -> None:
    import_posts(ctx, user)
    let_time_pass(ctx, 59)
    assert queue_of(call, "upload")["unclaimed"] is None
    let_time_pass(ctx, 2)
    fault = queue_of(call, "upload")["unclaimed"]
    assert (fault["jobs"], fault["reason"]) == (1, "no machine takes any work")
    assert "./4cat start" in fault["advice"]
    assert fault["seconds"] > 60


def test_what_waits_for_a_type_that_is_switched_off_is_not_a_fault(ctx: Context, user: User, call: Call) -> None:
    setting.put(ctx.database, "workers.upload.max_workers", 0)
    import_posts(ctx, user)
    let_time_pass(ctx, 100)
    assert queue_of(call, "upload")["unclaimed"] is None


def test_work_that_nothing_here_does_is_named(ctx: Context, call: Call) -> None:
    with ctx.database.transaction() as tx:
        ctx.queue.enqueue(tx, "removed-plugin", "1")
    let_time_pass(ctx, 100)
    found = queue_of(call, "removed-plugin")
    assert (found["is_known"], found["unclaimed"]["reason"]) == (False, "no plug-in here does such work")
    assert "PLUGIN_PACKAGES" in found["unclaimed"]["advice"]


def test_real_machines_that_leave_a_type_out_or_are_not_told_of_it(
    ctx: Context, user: User, call: Call, start: Starter
) -> None:
    wait_for_manager(ctx, start("-m", "app.runner", WORKER_QUEUES="count-posts"))
    workers = call("admin", "GET", "/api/workers").json
    assert workers is not None
    assert workers["managers"][0]["queues"] == ["count-posts"]
    waiting = import_posts(ctx, user)
    let_time_pass(ctx, 100)
    fault = queue_of(call, "upload")["unclaimed"]
    assert fault["reason"].endswith("none takes this type")
    assert "WORKER_QUEUES" in fault["advice"]

    start("-m", "app.runner", WORKER_QUEUES="upload")
    assert wait_for_end(ctx, waiting.key, 90).status is Status.FINISHED
    assert queue_of(call, "upload")["unclaimed"] is None
    ctx.database.run("INSERT INTO jobs (type, remote_id, claim_after) VALUES ('upload', 'x', now() - interval '2 min')")
    fault = queue_of(call, "upload")["unclaimed"]
    assert fault["reason"] == "places are free and nobody gives them out"
    assert "python scheduler.py" in fault["advice"]


def test_what_waits_is_told_in_lists_with_few_questions(ctx: Context, user: User, call: Call) -> None:
    setting.put(ctx.database, "workers.upload.max_workers", 1)
    for _ in range(4):
        import_posts(ctx, user)
    finished_posts(ctx, user)
    found = call("owner", "GET", "/api/datasets").json
    assert found is not None
    waits = [dataset["waiting"] for dataset in found["datasets"]]
    assert waits[0] is None
    assert [wait["position"] for wait in waits[1:]] == [3, 2, 1, None]
    assert waits[1]["reason"] == "No machine takes work of this type at the moment."
    assert found["datasets"][1]["position"] == 3
