"""What gunicorn is told to do in its processes."""

import gc

from gunicorn.config import KNOWN_SETTINGS

from app import serving


def test_what_a_process_began_with_is_not_looked_through_again():
    before = gc.get_threshold()
    try:
        serving.post_worker_init(None)
        assert gc.get_freeze_count() > 10_000
        assert len(gc.get_objects()) < gc.get_freeze_count()
        assert gc.isenabled()
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def test_gunicorn_knows_the_hooks_by_these_names():
    known = {setting.name for setting in KNOWN_SETTINGS}
    assert {"post_worker_init", "child_exit", "on_starting", "on_exit"} <= known
