"""What gunicorn is told to do in its processes."""

import gc

from gunicorn.config import KNOWN_SETTINGS

from app import serving


def test_garbage_is_looked_for_once_all_is_loaded_and_not_among_that():
    before = gc.get_threshold()
    try:
        serving.post_fork(None, None)
        assert not gc.isenabled()
        serving.post_worker_init(None)
        assert gc.isenabled()
        assert gc.get_freeze_count() > 10_000
        assert len(gc.get_objects()) < gc.get_freeze_count()
    finally:
        gc.enable()
        gc.set_threshold(*before)


def test_gunicorn_knows_the_hooks_by_these_names():
    known = {setting.name for setting in KNOWN_SETTINGS}
    assert {"post_fork", "post_worker_init", "child_exit", "on_starting", "on_exit"} <= known
