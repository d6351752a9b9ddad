"""Signing in by SAML with pysaml2's identity provider: the good ways, and what they rest on."""

import re
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest

from app import database
from app.auth.same_site import next_page
from app.settings import get_settings
from tests.auth.people import settings
from tests.auth.saml.astray import PAYLOADS
from tests.auth.saml.conftest import BASE, opened
from tests.auth.saml.forging import all_of, attribute, forged, gone, text
from tests.auth.saml.idp import Person, Provider, encoded

pytestmark = pytest.mark.database

ANNA = Person("anna", "Anna Ä <b>", ["support", "others"])
UNASKED = all_of(
    attribute(".", "InResponseTo", None),
    attribute("//saml:SubjectConfirmationData", "InResponseTo", None),
)


def enter(door, browser, person=ANNA, path="/cases", **how):
    xml = door.provider.answer(door.ask(browser, path), door.place, door.service, person, **how)
    return door.enter(browser, encoded(xml))


def person_of(name_id: str):
    [row] = database.fetch(
        "select name, email, role, groups, name_id_format from users where name_id = %(n)s",
        {"n": name_id},
    )
    return row


def test_somebody_enters_with_the_role_of_their_groups(door):
    browser = door.browser()
    answer = enter(door, browser, path="/cases?state=all&account=A%26B")
    assert answer.status_code == 303
    assert answer.location == f"{BASE}/cases?state=all&account=A%26B"
    assert door.knows(browser)
    assert door.get(browser, "/api/v1/stats").status_code == 200
    assert door.get(door.browser(), "/api/v1/stats").status_code == 401
    name, email, role, groups, kind = person_of("anna")
    assert (name, email, role) == ("Anna Ä <b>", "anna@example.com", "viewer")
    assert groups == ["support", "others"]
    assert kind.endswith(":persistent")


def test_the_role_is_read_anew_at_each_login(door):
    for groups, role in (
        (["leads"], "editor"),
        (["board-admins"], "admin"),
        (["support"], "viewer"),
    ):
        assert enter(door, door.browser(), Person("cleo", "Cleo", groups)).status_code == 303
        assert person_of("cleo")[2] == role


def test_losing_the_group_loses_access_at_the_next_login(door):
    first = door.browser()
    assert enter(door, first, Person("dan", "Dan", ["support"])).status_code == 303
    answer = enter(door, door.browser(), Person("dan", "Dan", ["sup", "support2", "xsupport"]))
    assert answer.status_code == 403
    assert "None of your groups" in answer.text
    assert door.log()[-1] == ("refused", "no_role")
    assert not door.knows(first)


def test_the_session_is_another_one_after_each_login(door):
    browser = door.browser()
    enter(door, browser)
    before = browser.get_cookie("__Host-caseboard", "board.example.com").value
    enter(door, browser)
    after = browser.get_cookie("__Host-caseboard", "board.example.com").value
    assert before != after
    from app.auth import sessions

    assert sessions.find(before) is None


def test_cookies_are_for_this_host_only_and_lax(door):
    browser = door.browser()
    asked = door.get(browser, "/saml/login")
    message = encoded(
        door.provider.answer(door.provider.asked(asked.location).id, door.place, door.service, ANNA)
    )
    for answer in (asked, door.enter(browser, message)):
        [cookie] = answer.headers.getlist("Set-Cookie")
        assert cookie.startswith("__Host-")
        for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert word in cookie
        assert "Domain" not in cookie


def test_two_tabs_may_sign_in_at_a_time(door):
    browser = door.browser()
    first, second = door.ask(browser, "/cases"), door.ask(browser, "/sync")
    for question, path in ((first, "/cases"), (second, "/sync")):
        xml = door.provider.answer(question, door.place, door.service, ANNA)
        assert door.enter(browser, encoded(xml)).location == f"{BASE}{path}"


def test_an_old_question_is_no_longer_answered(door):
    browser = door.browser()
    question = door.ask(browser)
    with database.transaction() as connection:
        connection.exec_driver_sql("update saml_requests set expires_at = now() - interval '1 s'")
    xml = door.provider.answer(question, door.place, door.service, ANNA)
    assert door.enter(browser, encoded(xml)).status_code == 403
    assert door.log()[-1] == ("refused", "unknown_request")


def test_what_is_remembered_is_forgotten_in_time(door):
    enter(door, door.browser())
    with database.transaction() as connection:
        for table, column in (("saml_requests", "expires_at"), ("saml_seen", "until"),
                              ("saml_codes", "expires_at"), ("saml_sessions", "expires_at")):  # fmt: skip
            connection.exec_driver_sql(f"update {table} set {column} = now() - interval '1 s'")
    door.ask(door.browser())
    assert door.count("saml_requests") == 1
    for table in ("saml_seen", "saml_codes", "saml_sessions"):
        assert door.count(table) == 0


def test_no_secret_is_kept_as_it_is(door):
    browser = door.browser()
    question = door.ask(browser)
    asked_by = browser.get_cookie("__Host-caseboard-browser", "board.example.com").value
    xml = door.provider.answer(question, door.place, door.service, ANNA)
    brought = door.hand(browser, encoded(xml))
    code = dict(parse_qsl(urlsplit(brought.location).query))["code"]
    kept = str(database.fetch("select * from saml_codes", {}))
    assert code not in kept
    assert asked_by not in kept + str(database.fetch("select * from saml_requests", {}))
    finished = door.get(browser, f"/saml/finish?code={code}")
    assert finished.headers["Referrer-Policy"] == "no-referrer"
    for answer in (brought, finished, door.get(browser, "/saml/login")):
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_question_is_signed_and_names_our_address(door):
    asked = door.get(door.browser(), "/saml/login").location
    message = door.provider.asked(asked)
    assert message.assertion_consumer_service_url == door.place
    assert message.destination == f"{door.provider.base}/sso"
    assert message.issuer.text == door.service
    assert "RelayState" not in asked


@pytest.mark.parametrize(
    ("policy", "signed", "reason"),
    [
        ("assertion", "assertion", None),
        ("assertion", "both", None),
        ("assertion", "response", "unsigned_assertion"),
        ("response", "both", None),
        ("response", "assertion", "unsigned_response"),
        ("response", "response", "unsigned_assertion"),
    ],
)
def test_what_must_be_signed_is_a_setting(door, policy, signed, reason):
    browser = door.browser()
    with settings(SAML_SIGNED=policy):
        answer = enter(
            door, browser, sign_response=signed in ("response", "both"),
            sign_assertion=signed in ("assertion", "both"),
        )  # fmt: skip
    assert answer.status_code == (403 if reason else 303)
    assert door.log()[-1] == (("refused", reason) if reason else ("done", None))


def test_host_and_forwarded_headers_move_nothing(door):
    lies = {"Host": "evil.example.com", "X-Forwarded-Host": "evil.example.com",
            "X-Forwarded-Proto": "http", "Forwarded": "host=evil.example.com;proto=http"}  # fmt: skip
    browser = door.app.test_client()
    asked = door.get(browser, "/saml/login?next=/sync", headers=lies)
    assert asked.location.startswith(f"{door.provider.base}/sso?")
    assert door.provider.asked(asked.location).assertion_consumer_service_url == door.place
    assert "evil" not in door.get(browser, "/saml/metadata", headers=lies).text
    honest = door.browser()
    xml = door.provider.answer(door.ask(honest), door.place, door.service, ANNA)
    brought = door.post(honest, "/saml/acs", data={"SAMLResponse": encoded(xml)}, headers=lies)
    assert brought.location.startswith(f"{BASE}/saml/finish?code=")
    # An answer for the host that the headers claim is for somebody else.
    for place in ("https://evil.example.com/saml/acs", "http://board.example.com/saml/acs"):
        browser = door.browser()
        xml = door.provider.answer(door.ask(browser), place, door.service, ANNA)
        refused = door.post(browser, "/saml/acs", data={"SAMLResponse": encoded(xml)}, headers=lies)
        assert refused.status_code == 403
        assert door.log()[-1] == ("refused", "wrong_destination")


def test_behind_a_proxy_that_speaks_https_to_the_world(door):
    """The proxy comes by http and by another name; people's address is that of BASE_URL."""
    browser = door.app.test_client()
    asked = browser.get("/saml/login?next=/sync", base_url="http://10.0.0.7:8050")
    cookie = asked.headers["Set-Cookie"].split(";")[0]
    question = door.provider.asked(asked.location).id
    xml = door.provider.answer(question, door.place, door.service, ANNA)
    brought = browser.post(
        "/saml/acs", data={"SAMLResponse": encoded(xml)}, base_url="http://10.0.0.7:8050"
    )
    path = brought.location.removeprefix(BASE)
    done = browser.get(path, base_url="http://10.0.0.7:8050", headers={"Cookie": cookie})
    assert done.location == f"{BASE}/sync"
    assert "Secure" in done.headers["Set-Cookie"]


def test_an_identity_provider_may_change_its_key(app, idp_folder):
    """The new certificate stands beside the old one, until the old one is taken away."""
    old = Provider(idp_folder, more_keys=("idp-next",))
    with opened(app, old) as door:
        new = Provider(idp_folder, key="idp-next")
        new.know(door.get(door.browser(), "/saml/metadata").text)
        for signer in (old, new):
            door.provider = signer
            assert enter(door, door.browser()).status_code == 303
        with settings(SAML_IDP_METADATA=new.metadata):
            assert enter(door, door.browser()).status_code == 303
            door.provider = old
            assert enter(door, door.browser()).status_code == 403
            assert door.log()[-1] == ("refused", "bad_signature")


def test_logins_that_nobody_asked_for_are_a_setting(door):
    def message() -> str:
        return encoded(forged(door.unsigned("_x", ANNA), door.provider, change=UNASKED))

    assert door.enter(door.browser(), message()).status_code == 403
    assert door.log()[-1] == ("refused", "unsolicited")
    with settings(SAML_ALLOW_UNSOLICITED="true"):
        browser, once = door.browser(), message()
        answer = door.enter(browser, once, RelayState="/sync?x=1")
        # Who may have been let in by somebody else is told as whom.
        assert answer.status_code == 200
        assert "You are now signed in as Anna Ä &lt;b&gt;." in answer.text
        assert f'href="{BASE}/sync?x=1"' in answer.text
        assert door.knows(browser)
        assert door.enter(door.browser(), once).status_code == 403
        assert door.log()[-1] == ("refused", "replayed")
        assert f'href="{BASE}/"' in door.enter(
            door.browser(), message(), RelayState="https://evil.example.com"
        ).text  # fmt: skip
        # One that belongs to a question is still bound to who asked it.
        browser, other = door.browser(), door.browser()
        xml = door.provider.answer(door.ask(browser), door.place, door.service, ANNA)
        assert door.enter(other, encoded(xml)).status_code == 403
        assert door.log()[-1] == ("refused", "other_browser")


def test_a_person_may_be_known_by_an_attribute(door):
    with settings(SAML_USER_ATTRIBUTE="uuid"):
        assert enter(door, door.browser()).status_code == 403
        assert door.log()[-1] == ("refused", "no_user_attribute")
    with settings(SAML_USER_ATTRIBUTE="mail"):
        assert enter(door, door.browser()).status_code == 303
        assert person_of("anna@example.com")[4] == "attribute:mail"


def test_attributes_by_any_name_and_none_at_all(door):
    with settings(SAML_GROUPS_ATTRIBUTE="urn:oid:0.9.2342.19200300.100.1.3",
                  ROLES='{"viewer": ["anna@example.com"]}'):  # fmt: skip
        assert enter(door, door.browser()).status_code == 303
    browser = door.browser()
    xml = forged(door.unsigned(door.ask(browser), ANNA), door.provider,
                 change=gone("//saml:AttributeStatement"))  # fmt: skip
    assert door.enter(browser, encoded(xml)).status_code == 403
    assert door.log()[-1] == ("refused", "no_role")


def test_a_name_without_display_name_is_the_address_or_the_id(door):
    browser = door.browser()
    xml = forged(door.unsigned(door.ask(browser), Person("eve", "", ["support"])), door.provider,
                 change=text("//saml:NameID", "eve@corp"))  # fmt: skip
    door.enter(browser, encoded(xml))
    assert person_of("eve@corp")[0] == "eve@example.com"


def test_without_saml_there_is_nothing_to_sign_in_to(door):
    with settings(AUTH="none"):
        for path in ("/saml/metadata", "/saml/login", "/saml/slo", "/saml/finish"):
            assert door.get(door.browser(), path).status_code == 404
        assert door.post(door.browser(), "/saml/acs").status_code == 404
    assert get_settings().auth == "saml"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nobody_is_led_astray(payload):
    way = next_page(payload)
    assert urlsplit(urljoin(f"{BASE}/saml/finish", way)).netloc == "board.example.com"
    assert re.match(r"/(?![/\\])", way)
    assert not re.search(r"[\x00-\x1f\\]", way)


def test_nobody_is_led_astray_by_a_whole_login(door):
    for payload in PAYLOADS[::3]:
        browser = door.browser()
        xml = door.provider.answer(door.ask(browser, payload), door.place, door.service, ANNA)
        done = door.enter(browser, encoded(xml), RelayState=payload)
        assert done.status_code == 303
        assert done.location.startswith(f"{BASE}/")


@pytest.mark.parametrize(
    "path",
    ["/", "/cases", "/cases?q=a%20b&state=all", "/cases/04257923", "/accounts/A%26B",
     "/cases?next=https://x.example.com", "/cases?q=//x", "/sync#runs", "/cases?q=%C3%A9"],
)  # fmt: skip
def test_pages_of_ours_are_gone_back_to(path):
    assert next_page(path) == path
