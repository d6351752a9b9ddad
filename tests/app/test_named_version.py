"""Numbers are those of the data version that they name, also when a load comes in between."""

import pytest

from app.api import charts
from tests import faulty

pytestmark = pytest.mark.database

ASKED = "/api/v1/stats?state=all"


def test_a_load_between_the_look_at_the_version_and_at_the_cases(empty, client, monkeypatch):
    faulty.fill(1, cases=20)
    first = client.get("/api/v1/stats").get_json()
    compute, loads = charts.catalogue_values, []

    def with_a_load_before(*given, **named):
        if len(loads) < 2:
            loads.append(faulty.fill(2 + len(loads), cases=60 + 40 * len(loads)))
        return compute(*given, **named)

    monkeypatch.setattr(charts, "catalogue_values", with_a_load_before)
    told = client.get(ASKED)
    monkeypatch.undo()
    assert loads == [None, None]
    right = client.get(ASKED).get_json()
    assert told.get_json()["version"] == right["version"] == first["version"] + 2
    assert told.get_json()["metrics"] == right["metrics"]
    # What was marked by the version before must not be taken for this one.
    assert "ETag" not in told.headers
