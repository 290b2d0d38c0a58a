"""A setting that is changed while workers run counts at once, and no stored value stops them."""

from __future__ import annotations

from subprocess import Popen

import pytest

from app.domain.dataset import Status
from app.domain.errors import NotAllowed
from app.domain.user import User
from app.services.context import Context
from app.services.machine import restart_workers
from app.services.site_setting import change_site_settings, list_site_settings, set_site_setting, unset_site_setting
from app.services.token import create_token, use_token
from app.storage import dataset as datasets
from app.storage import setting
from tests.conftest import Starter, import_posts, wait_for, wait_for_end, wait_for_manager

NAME = "workers.upload.max_workers"


def test_a_type_is_switched_off_and_on_again_without_a_restart(
    ctx: Context, admin: User, user: User, workers: Popen[str]
) -> None:
    set_site_setting(ctx, admin, NAME, 0)
    held = import_posts(ctx, user)
    passing = import_posts(ctx, user)
    assert ctx.queue.dispatch("upload") == 0
    assert datasets.get(ctx.database, held.key).status is Status.WAITING
    unset_site_setting(ctx, admin, NAME)
    for made in (held, passing):
        assert wait_for_end(ctx, made.key).status is Status.FINISHED


@pytest.mark.parametrize("stored", ["lots", -1, 1.5, None, {"a": 1}])
def test_work_goes_on_whatever_is_stored(
    ctx: Context, user: User, admin: User, workers: Popen[str], stored: object
) -> None:
    for what in ("max_workers", "memory_mb", "minutes"):
        setting.put(ctx.database, f"workers.upload.{what}", stored)
    assert wait_for_end(ctx, import_posts(ctx, user).key).status is Status.FINISHED
    shown = [found for found in list_site_settings(ctx, admin) if found.type == "upload"]
    assert [(found.value == found.default, found.is_set) for found in shown] == [(True, False)] * 3


def test_only_administrators_may_and_not_with_a_token_that_may_only_read(ctx: Context, admin: User, user: User) -> None:
    reader = use_token(ctx, create_token(ctx, admin, "reads", read_only=True)[1])
    assert list_site_settings(ctx, reader)
    for actor in (user, reader):
        with pytest.raises(NotAllowed):
            change_site_settings(ctx, actor, {NAME: 1})
    assert NAME not in setting.all_settings(ctx.database)


def test_a_manager_ends_when_administrators_ask_for_a_restart(ctx: Context, admin: User, start: Starter) -> None:
    manager = start("-m", "app.runner")
    wait_for_manager(ctx, manager)
    restart_workers(ctx, admin)
    wait_for(lambda: manager.poll() is not None, "its end")
    assert manager.returncode == 0
