"""How values of the history are told to people."""

import pytest

from components.timeline import _value


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("tags", '["5gc","ptp"]', "5gc, ptp"),
        ("tags", r'["\u0627\u0646", "a,b"]', "ان, a,b"),
        ("tags", "[]", "none"),
        ("tags", "[no list", "[no list"),
        ("summary", '["quoted"]', '["quoted"]'),
        ("summary", "[urgent]", "[urgent]"),
        ("severity", "1", "Urgent"),
        ("created", "2026-01-31T09:30:00Z", "2026-01-31 09:30"),
        ("status", None, "not set"),
    ],
)
def test_a_value_is_told_as_it_was_said(field, value, told):
    assert _value(field, value, "UTC") == told
