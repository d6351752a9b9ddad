"""Who gets a case: the account first, then whoever has least to do; the same every time."""

import heapq
import random
import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settings import load
from app.team_values import Member
from etl.outbound.assignment import Assignment, weight

ANA = Member("Ana", "ana", accounts=("Acme Corp", "ACME"))
BEN = Member("Ben", "ben")
CHO = Member("Cho", "cho", accounts=("Acme Corp", "Globex"))
OUT = Member("Out", "out", accounts=("Initech",), active=False)
TEAM = (ANA, BEN, CHO, OUT)


def test_the_account_comes_first_by_its_exact_name_or_another_one():
    assignment = Assignment(TEAM, [("Ana", 1, 50)])
    assert assignment.choose("acme", 1).member is ANA
    assert assignment.choose(" Acme  corp ", 1).member is CHO
    assert assignment.choose("Globex", 4).why == "Cho has the account Globex"
    # The old system took any account that had the name in it.
    assert assignment.choose("Acme Corporation", 3).member is BEN


def test_who_is_not_active_gets_nothing():
    assignment = Assignment(TEAM, [])
    chosen = [assignment.choose("Initech", 3).member for _ in range(30)]
    assert OUT not in chosen
    assert Assignment([OUT], []).choose("Initech", 1) is None
    assert Assignment([], []).choose(None, None) is None


def test_what_somebody_carries_counts_by_severity_under_either_name():
    assignment = Assignment(TEAM, [("ANA", 1, 1), ("ben", 4, 3), ("Stranger", 1, 99)])
    assert assignment.load == {"Ana": 4, "Ben": 3, "Cho": 0}
    choice = assignment.choose("Nobody's", 2)
    assert choice.member is CHO
    assert choice.why == "Cho has the least to do of the team (load 0)"
    assert [weight(severity) for severity in (1, 2, 3, 4, None)] == [4, 3, 2, 1, 2]


@given(st.permutations(TEAM), st.lists(st.tuples(st.sampled_from(["Ana", "Ben", "Cho"]),
       st.sampled_from([1, 2, 3, 4, None]), st.integers(0, 5))),
       st.lists(st.tuples(st.sampled_from(["Acme", "Globex", None]), st.integers(1, 4))))  # fmt: skip
def test_the_same_input_gives_the_same_people(team, carried, cases):
    def people(members, load):
        assignment = Assignment(members, load)
        return [assignment.choose(*case) for case in cases]

    assert people(team, carried) == people(TEAM, list(reversed(carried)))


@pytest.mark.parametrize("seed", range(3))
def test_it_spreads_at_least_as_evenly_as_the_old_rule_over_ten_thousand_arrivals(seed):
    """The old rule: the last member whose account is in the name, else anybody but the last one."""
    dice = random.Random(seed)
    team = [Member(f"M{n}", f"m{n}", accounts=(f"Own {n}",) if n < 3 else ()) for n in range(8)]
    # How many open cases of which severity each has by either rule, and when each case ends.
    held = {"ours": Counter(), "theirs": Counter()}
    ends, spreads, last = [], {"ours": [], "theirs": []}, None
    for now in range(10_000):
        severity = dice.choices((1, 2, 3, 4), (5, 20, 50, 25))[0]
        account = f"Own {dice.randrange(3)}" if dice.random() < 0.1 else "Other"
        while ends and ends[0][0] <= now:
            _, rule, case = heapq.heappop(ends)
            held[rule][case] -= 1
        carried = [(name, s, n) for (name, s), n in held["ours"].items()]
        chosen = Assignment(team, carried).choose(account, severity).member.name
        by_account = [m for m in team for a in m.accounts if a.lower() in account.lower()]
        other = by_account[-1] if by_account else dice.choice([m for m in team if m.name != last])
        last = last if by_account else other.name
        end = now + dice.expovariate(1 / 200)
        for rule, name in (("ours", chosen), ("theirs", other.name)):
            held[rule][name, severity] += 1
            heapq.heappush(ends, (end, rule, (name, severity)))
        if account != "Other":
            assert chosen == f"M{account[-1]}"
        for rule, cases in held.items():
            loads = dict.fromkeys((member.name for member in team), 0)
            for (name, s), number in cases.items():
                loads[name] += weight(s) * number
            spreads[rule].append(max(loads.values()) - min(loads.values()))
    assert statistics.mean(spreads["ours"]) <= statistics.mean(spreads["theirs"]) / 2
    assert max(spreads["ours"]) <= max(spreads["theirs"])
    # Not once in the whole time, beyond what the accounts bring, far apart.
    assert statistics.quantiles(spreads["ours"][500:], n=20)[-1] <= 24


def test_the_setting_is_refused_with_what_is_wrong():
    for told, words in (
        ("x", "is not JSON"), ("{}", "JSON list"), ("[1]", "JSON object"), ("[{}]", "has no name"),
        ('[{"name": "A", "accounts": "x"}]', "list of names"),
        ('[{"name": "A", "active": 1}]', "true or false"),
        ('[{"name": "A"}, {"name": "a"}]', "twice"), ('[{"name": 1}]', "must be a text"),
    ):  # fmt: skip
        with pytest.raises(Exception, match=words):
            load({"CASEBOARD_TEAM": told})
    told = '[{"name": "A", "email": "a@x.org", "accounts": ["B"], "displayName": "old"}]'
    assert load({"CASEBOARD_TEAM": told}).team == (Member("A", "a@x.org", None, ("B",)),)
