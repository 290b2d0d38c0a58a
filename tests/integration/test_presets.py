"""Presets and chains: several analyses asked for at once."""

from __future__ import annotations

import pytest

from app.domain.dataset import Kind, Status
from app.domain.errors import NotCompatible
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import cancel_dataset, lineage
from app.services.run import list_fits, run_processor
from tests.conftest import Process, finished_posts, import_posts, wait_for_end


def test_a_preset_takes_the_result_of_its_last_step(ctx: Context, admin: User, workers: Process) -> None:
    top = finished_posts(ctx, admin)
    preset, new = run_processor(ctx, admin, top.key, "preset-histogram", {"timeframe": "month"})
    ended = wait_for_end(ctx, preset.key)

    assert new
    assert (ended.status, ended.kind, ended.acts_as) == (Status.FINISHED, Kind.CHART, "histogram"), ended.message
    family = {dataset.type: dataset for dataset in lineage(ctx, admin, top.key)}
    assert family["count-posts"].parent == preset.key
    assert family["histogram"].parent == family["count-posts"].key
    assert family["histogram"].result == ended.result
    assert family["count-posts"].parameters["timeframe"] == "month"


def test_a_cancelled_preset_ends_with_its_steps(ctx: Context, admin: User) -> None:
    top = finished_posts(ctx, admin)
    preset, _ = run_processor(ctx, admin, top.key, "preset-histogram", {})
    assert cancel_dataset(ctx, admin, preset.key).status is Status.CANCELLED
    assert {dataset.status for dataset in lineage(ctx, admin, top.key)[1:]} == {Status.CANCELLED}


def test_the_same_request_gives_the_same_dataset_and_rerun_another(ctx: Context, admin: User) -> None:
    top = finished_posts(ctx, admin)
    first, new = run_processor(ctx, admin, top.key, "count-posts", {"timeframe": "day"})
    again, new_again = run_processor(ctx, admin, top.key, "count-posts", {"timeframe": "day"})
    rerun, new_rerun = run_processor(ctx, admin, top.key, "count-posts", {"timeframe": "day"}, rerun=True)
    assert (first.key == again.key, new, new_again, new_rerun) == (True, True, False, True)
    assert rerun.key != first.key


def test_default_columns_are_settled_when_they_are_known(ctx: Context, admin: User, workers: Process) -> None:
    top = import_posts(ctx, admin)
    network, _ = run_processor(ctx, admin, top.key, "cotag-network", {})
    ended = wait_for_end(ctx, network.key)
    assert ended.status is Status.FINISHED, ended.message
    assert "hashtags" in str(ended.provenance["parameters"])


def test_what_does_not_fit_says_why(ctx: Context, admin: User) -> None:
    top = finished_posts(ctx, admin)
    with pytest.raises(NotCompatible, match="It needs a result of"):
        run_processor(ctx, admin, top.key, "vectorise-tokens", {})
    fits = {fit.analysis.type: fit for fit in list_fits(ctx, admin, top.key)}
    assert fits["count-posts"].reason is None
    assert fits["vectorise-tokens"].reason is not None
    assert "hashtags" in fits["count-posts"].schema["properties"]["column"]["enum"]
