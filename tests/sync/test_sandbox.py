"""The sandbox plays by the rules of the real protocols, so that what works on it works there."""

import base64
import xmlrpc.client
from datetime import UTC, datetime, timedelta

import pytest
import requests

from etl.sandbox import bugzilla, jira, portal
from etl.sandbox.server import Sandbox
from etl.sandbox.world import World
from tests.sync.conftest import Clock


@pytest.fixture(scope="module", params=["cloud", "datacenter"])
def sandbox(request):
    clock = Clock()
    world = World(cases=300, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    with Sandbox(world, jira_kind=request.param) as served:
        yield served


def token(sandbox) -> dict[str, str]:
    form = {
        "grant_type": "refresh_token",
        "client_id": "rhsm-api",
        "refresh_token": portal.OFFLINE_TOKEN,
    }
    told = requests.post(sandbox.url("portal") + portal.TOKEN_PATH, data=form, timeout=5).json()
    return {"Authorization": f"Bearer {told['access_token']}"}


def search(sandbox, **asked):
    return requests.get(
        f"{sandbox.url('portal')}/hydra/rest/search/cases",
        params=asked,
        headers=token(sandbox),
        timeout=5,
    )


def ask(sandbox, path, *, secret=jira.TOKEN, **asked):
    basic = base64.b64encode(f"{jira.USERNAME}:{secret}".encode()).decode()
    told = f"Basic {basic}" if sandbox.jira.is_cloud else f"Bearer {secret}"
    return requests.get(
        f"{sandbox.url('jira')}/rest/api/2/{path}",
        params=asked,
        headers={"Authorization": told},
        timeout=5,
    )


def find(sandbox, jql, **asked):
    path = "search/jql" if sandbox.jira.is_cloud else "search"
    return ask(sandbox, path, jql=jql, fields="summary", **asked)


def bugs(sandbox, path="bug", **asked):
    headers = {"X-BUGZILLA-API-KEY": bugzilla.API_KEY}
    return requests.get(
        f"{sandbox.url('bugzilla')}/rest/{path}", params=asked, headers=headers, timeout=5
    )


def test_equal_seeds_give_equal_worlds_and_they_age():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    now = [start + timedelta(days=365)]
    worlds = [World(cases=50, seed=3, start=start, clock=lambda: now[0]) for _ in range(2)]
    assert worlds[0].truth() == worlds[1].truth()
    assert World(cases=50, seed=4, start=start, clock=lambda: now[0]).truth() != worlds[0].truth()
    now[0] += timedelta(days=60)
    before = len(worlds[0].truth())
    worlds[0].advance()
    assert len(worlds[0].truth()) > before
    grown = World(cases=50, seed=3, start=start, clock=lambda: now[0])
    assert grown.truth() == worlds[0].truth(), "an aged world is the one that begins later"


def test_the_portal_wants_a_token_and_refuses_a_wrong_one(sandbox):
    url = f"{sandbox.url('portal')}/hydra/rest/v1/ping"
    assert requests.get(url, timeout=5).status_code == 401
    assert requests.get(url, headers=token(sandbox), timeout=5).status_code == 200
    form = {"grant_type": "refresh_token", "client_id": "rhsm-api", "refresh_token": "wrong"}
    answer = requests.post(sandbox.url("portal") + portal.TOKEN_PATH, data=form, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_the_portal_shows_ten_by_default_in_no_order_and_never_past_its_window(sandbox):
    told = search(sandbox, q="case_tags:*shift_telco5g*").json()["response"]
    assert told["numFound"] == 300
    assert len(told["docs"]) == 10
    docs = search(sandbox, q="*:*", rows=200).json()["response"]["docs"]
    created = [doc["case_createdDate"] for doc in docs]
    assert created != sorted(created)
    assert search(sandbox, q="*:*", rows=10_000).status_code == 200
    assert search(sandbox, q="*:*", rows=500, start=9_600).status_code == 400
    assert search(sandbox, q="case_tags:(").status_code == 400


def test_the_portal_reads_ranges_negations_and_numbers(sandbox):
    case = next(iter(sandbox.world.cases.by_number.values()))
    stamp = f"{case.created:%Y-%m-%dT%H:%M:%SZ}"
    for query, wanted in {
        f"case_createdDate:[{stamp} TO {stamp}]": True,
        f"case_createdDate:[* TO {stamp}] AND case_number:{case.number}": True,
        f"case_number:{case.number} OR case_number:00000000": True,
        f'case_number:{case.number} AND -case_status:"{case.status}"': False,
        f"NOT case_number:{case.number}": False,
        f"case_tags:{case.tags[0]} AND case_number:{case.number}": not case.joined_tags,
    }.items():
        docs = search(sandbox, q=query, rows=5_000, fl="case_number").json()["response"]["docs"]
        assert (any(doc["case_number"] == case.number for doc in docs)) == wanted, query


def test_jira_pages_by_token_or_by_place(sandbox):
    if not sandbox.jira.is_cloud:
        told = find(sandbox, "project = FE", maxResults=5_000).json()
        assert (told["maxResults"], len(told["issues"])) == (100, 100)
        assert told["total"] > 200
        assert ask(sandbox, "search/jql", jql="project = FE").status_code == 404
        assert find(sandbox, "project = FE", startAt=9_950, maxResults=100).status_code == 500
        return
    assert ask(sandbox, "search", jql="project = FE").status_code == 410
    keys, following = [], None
    for _ in range(10):
        told = find(
            sandbox, "project = FE ORDER BY key", maxResults=5_000, nextPageToken=following
        ).json()
        assert "total" not in told
        keys += [issue["key"] for issue in told["issues"]]
        following = told.get("nextPageToken")
        if not following:
            break
    assert (
        len(keys)
        == len(set(keys))
        == sum(not i.hidden for i in sandbox.world.issues.by_project["FE"].values())
    )
    assert find(sandbox, "project = FE", nextPageToken="nonsense").status_code == 400
    assert find(sandbox, "order by created").status_code == 400
    assert find(sandbox, "project = FE", maxResults=5_001).status_code == 400


def test_one_hidden_key_fails_a_whole_search(sandbox):
    issues = list(sandbox.world.issues.by_project["PROD"].values())
    shown = next(i.key for i in issues if not i.hidden)
    hidden = next(i.key for i in issues if i.key != shown)
    sandbox.world.hide_issue(hidden)
    answer = find(sandbox, f'key in ("{shown}", "{hidden}")')
    sandbox.world.hide_issue(hidden, hidden=False)
    assert answer.status_code == 400
    assert f"'{hidden}' does not exist" in answer.json()["errorMessages"][0]
    assert find(sandbox, f'key in ("{shown}")').json()["issues"][0]["key"] == shown


def test_dates_in_jql_are_minutes_in_the_zone_of_who_asks(sandbox):
    moment = max(i.updated for i in sandbox.world.issues.by_project["FE"].values())
    local = moment.astimezone(sandbox.jira.zone)
    assert find(sandbox, f'project = FE AND updated >= "{local:%Y-%m-%d %H:%M}"').json()["issues"]
    # The same words in UTC lie hours ahead in New York.
    assert not find(
        sandbox, f'project = FE AND updated >= "{moment + timedelta(minutes=1):%Y-%m-%d %H:%M}"'
    ).json()["issues"]
    assert (
        find(sandbox, f'project = FE AND updated >= "{local:%Y-%m-%d %H:%M:%S}"').status_code == 400
    )
    assert find(sandbox, f"project = FE AND updated >= {int(moment.timestamp() * 1000)}").json()[
        "issues"
    ]
    assert ask(sandbox, "myself").json()["timeZone"] == "America/New_York"


def test_a_bad_token_gets_public_answers_on_cloud_and_a_header_that_tells(sandbox):
    assert ask(sandbox, "myself", secret="bad").status_code == 401
    answer = ask(sandbox, "search/jql", secret="bad", jql="project = FE")
    if sandbox.jira.is_cloud:
        assert (answer.status_code, answer.json()["issues"]) == (200, [])
        assert answer.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"
    else:
        assert answer.status_code == 401


def test_some_people_hide_their_address_and_some_fields_can_only_be_read_as_rendered(sandbox):
    path = "search/jql" if sandbox.jira.is_cloud else "search"
    told = ask(
        sandbox, path, jql="project = ESC", fields="*all", expand="renderedFields", maxResults=50
    ).json()
    issue = told["issues"][0]
    field = "customfield_10979" if sandbox.jira.is_cloud else "customfield_12313441"
    assert issue["fields"][field] is None
    assert "<a href=" in issue["renderedFields"][field]
    people = [
        i["fields"]["assignee"]
        for i in ask(sandbox, path, jql="project = FE", fields="assignee", maxResults=100).json()[
            "issues"
        ]
    ]
    hidden = [p for p in people if p and "emailAddress" not in p]
    assert bool(hidden) == sandbox.jira.is_cloud
    assert find(sandbox, "project = NOPE").status_code == 400


def test_a_bugzilla_search_ends_after_twenty_unless_told(sandbox):
    ids = [str(i) for i in sandbox.world.bugs.by_id][:40]
    seen = [i for i in ids if not sandbox.world.bugs.by_id[int(i)].restricted]
    told = bugs(sandbox, id=ids, include_fields="id").json()
    assert (len(told["bugs"]), told["total_matches"]) == (20, len(seen))
    assert len(bugs(sandbox, id=ids, limit=100).json()["bugs"]) == len(seen)
    assert bugs(sandbox, "bug/1").json()["code"] == 101
    assert bugs(sandbox).json()["code"] == 1000


def test_a_restricted_bug_is_absent_by_rest_and_a_fault_by_xml_rpc(sandbox):
    number = next(b.id for b in sandbox.world.bugs.by_id.values() if not b.restricted)
    sandbox.world.restrict_bug(number)
    try:
        assert bugs(sandbox, id=number, limit=5).json()["bugs"] == []
        answer = bugs(sandbox, f"bug/{number}")
        assert (answer.status_code, answer.json()["code"]) == (401, 102)
        proxy = xmlrpc.client.ServerProxy(f"{sandbox.url('bugzilla')}/xmlrpc.cgi")
        asked = {"ids": [number], "permissive": 1, "Bugzilla_api_key": bugzilla.API_KEY}
        assert proxy.Bug.get(asked)["faults"][0]["faultCode"] == 102
        with pytest.raises(xmlrpc.client.Fault) as fault:
            proxy.Bug.history({"ids": [number], "Bugzilla_api_key": bugzilla.API_KEY})
        assert fault.value.faultCode == 102
    finally:
        sandbox.world.restrict_bug(number, restricted=False)


def test_a_wrong_bugzilla_key_is_only_noticed_by_a_real_question(sandbox):
    url = sandbox.url("bugzilla")
    assert requests.get(f"{url}/rest/version", timeout=5).status_code == 200
    answer = requests.get(f"{url}/rest/bug", params={"id": 1, "Bugzilla_api_key": "bad"}, timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (400, 306)


def test_control_changes_the_world_and_tells_how_to_connect(sandbox):
    url = f"{sandbox.url('jira')}/control"
    made = requests.post(f"{url}/add_case", json={"summary": "By hand"}, timeout=5).json()["made"]
    assert sandbox.world.cases.get(made).summary == "By hand"
    assert (
        requests.post(f"{url}/change_case", json={"number": "nope"}, timeout=5).status_code == 400
    )
    assert requests.post(f"{url}/truth", json={}, timeout=5).status_code == 404
    told = requests.get(url, timeout=5).json()
    assert told["environment"] == sandbox.environment()
    sandbox.world.delete_case(made)
