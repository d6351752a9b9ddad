"""Speed trades nothing: without cache and roll-ups every answer is the same, only slower.

Each answer is asked for three ways: straight from the versions of the cases, with nothing
remembered; with roll-ups and an empty cache; and again, when it is remembered.
"""

import json
import sys
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from redis import Redis

from app import cache, rolled
from app.metrics import COUNTS
from app.panels import PANELS
from app.settings import get_settings
from app.version import Version
from app.view import View
from benchmarks.asks import Ask, Site, get

pytestmark = [pytest.mark.database, pytest.mark.long]

BEGAN, ENDED = datetime(2016, 2, 28, tzinfo=UTC), datetime(2017, 2, 6, tzinfo=UTC)
# After the last change the board is read another way.
AFTER = datetime(2017, 6, 1, 9, 30, tzinfo=UTC)


def chosen(*values):
    return st.lists(st.sampled_from(values), unique=True, max_size=2).map(
        lambda picked: tuple(sorted(picked))
    )


views = st.builds(
    View,
    q=st.sampled_from(["", "", "", "symptom 4"]),
    state=st.sampled_from(["open", "open", "all", "closed"]),
    severity=chosen(1, 2, 3),
    status=st.just(()) | chosen("Active", "Resolved"),
    account=st.just(()) | chosen("Location 204", "Location 143"),
    engineer=st.just(()) | chosen("Resolver 84", "Resolver 176"),
    escalated=st.just(()) | chosen("yes", "no"),
    sla=st.just(()) | chosen("at_risk", "breached"),
    as_of=st.just(AFTER) | st.datetimes(BEGAN.replace(tzinfo=None), ENDED.replace(tzinfo=None), timezones=st.just(UTC)),
    tz=st.sampled_from(["UTC", "UTC", "Asia/Kolkata"]),
)  # fmt: skip


class Direct(cache.Breaker):
    """Never lets anything be looked up or remembered."""

    @property
    def allows(self) -> bool:
        return False


@contextmanager
def switched_off():
    """No cache, no roll-up, and no short way to what is open now, or was open then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "breaker", Direct())
        patch.setattr(Version, "live", lambda _self, _instant: False)
        patch.setattr("app.chosen.parts", lambda _instant: [])
        patch.setattr("app.selection.by_events", lambda _view, **_live: False)
        users = [one for one in list(sys.modules.values()) if getattr(one, "rolls", None) is rolled.rolls]  # fmt: skip
        assert len(users) > 1, "nobody asks whether the roll-up can answer"
        for user in users:
            patch.setattr(user, "rolls", lambda *_, **__: False)
        yield


@pytest.fixture(scope="module")
def site(app):
    return Site(json.loads(app.test_client().get("/_dash-dependencies").data))


def asks(site: Site, view: View, names: list[str]) -> list[Ask]:
    """What people and programs ask about a View: API, charts as cards, table head, facets."""
    query = view.to_query()
    alone = view.only_filters().but(state="open").to_query()
    told = [get(f"/api/v1/{path}", query) for path in ("cases", "facets", "stats")]
    told += [get(f"/api/v1/charts/{name}.json", alone) for name in names]
    told += [site.panel(name, alone) for name in names]
    return [*told, get("/api/v1/stats/daily", alone), get("/api/v1/accounts", alone),
            site.rows(query), site.count(query), site.facets(query), site.page("/", query)]  # fmt: skip


def rounded(number: str) -> float:
    """A mean depends on the order of its parts in the last digits of a double, and nowhere else."""
    return float(f"{float(number):.9g}")


def answers(client, asked: list[Ask]) -> list[str]:
    """The JSON of each, written one way."""
    found = []
    for ask in asked:
        if ask.body is None:
            answer = client.get(ask.path)
        else:
            answer = client.post(ask.path, data=ask.body, content_type="application/json")
        assert answer.status_code == 200, (ask, answer.data[:300])
        found.append(json.dumps(json.loads(answer.data, parse_float=rounded), sort_keys=True))
    return found


def remembered_answers(client, asked: list[Ask]) -> list[str]:
    """The answers that an empty cache has no part in, all of which it remembers.

    A Redis that is too slow for once, on a busy machine, is left alone for a while; then again.
    """
    for _ in range(5):
        tripped: list[Exception] = []
        with (
            Redis.from_url(get_settings().redis_url) as redis,
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr(cache.breaker, "trip", tripped.append)
            redis.flushdb()
            found = answers(client, asked)
            kept = redis.dbsize()
        if not tripped:
            assert kept, "nothing was remembered, so the third time tells nothing"
            return found
    raise AssertionError(f"Redis is too slow again and again: {tripped}")


@settings(max_examples=8, phases=(Phase.explicit, Phase.generate))
@given(
    view=views,
    names=st.lists(st.sampled_from(sorted(PANELS)), min_size=3, max_size=3, unique=True),
)
def test_every_answer_is_the_same_without_cache_and_roll_ups(log, client, site, view, names):
    cache.breaker.reset()
    asked = asks(site, view, names)
    with switched_off():
        direct = answers(client, asked)
    cold = remembered_answers(client, asked)
    warm = answers(client, asked)
    for ask, told, first, again in zip(asked, direct, cold, warm, strict=True):
        assert told == first, f"the short way differs: {ask}"
        assert told == again, f"what is remembered differs: {ask}"


def test_the_switch_is_one(log, client, site):
    """Where nothing is switched off, the roll-up is what answers; switched off, it is not."""
    from app.days import counted
    from app.scope import Scope

    scope = Scope.of(View(as_of=AFTER), AFTER, None)
    told = {}
    for name, way in (("short", None), ("direct", switched_off)):
        if way is None:
            told[name] = str(counted(COUNTS[:1])(scope, scope.ends()))
        else:
            with way():
                told[name] = str(counted(COUNTS[:1])(scope, scope.ends()))
    assert "open_steps" in told["short"]
    assert "open_steps" not in told["direct"]
