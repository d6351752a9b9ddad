"""Signing out, from here and from the identity provider, and messages that must end nothing."""

import base64
import re
import secrets
import zlib
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from tests.auth.keys import key_pair
from tests.auth.people import settings
from tests.auth.saml.forging import SAML, SAMLP, parsed, sign, stamp, written
from tests.auth.saml.idp import Person, encoded

pytestmark = pytest.mark.database

SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
ANNA = Person("anna", "Anna", ["support"])
# Who is signed in, and whom false messages want to see gone; and somebody who never was here.
VERA = Person("vera", "Vera", ["support"])
NOBODY = Person("nobody", "Nobody", [], "index")


def entered(door, person=ANNA):
    browser = door.browser()
    xml = door.provider.answer(door.ask(browser), door.place, door.service, person)
    assert door.enter(browser, encoded(xml)).status_code == 303
    assert door.knows(browser)
    return browser


@pytest.fixture
def slo(door) -> str:
    return f"{door.base}/saml/slo"


def follow(door, browser, place: str):
    """Let a browser go to an address of ours with its query exactly as it is."""
    assert place.startswith(door.base)
    return door.get(browser, place.removeprefix(door.base))


def request_xml(door, slo: str, *, person: Person | None = None, **attributes) -> str:
    person = person or VERA
    told = {"ID": f"_{secrets.token_hex(8)}", "Version": "2.0",
            "IssueInstant": stamp(), "Destination": slo, **attributes}  # fmt: skip
    listed = " ".join(f'{key}="{value}"' for key, value in told.items() if value is not None)
    return (
        f'<samlp:LogoutRequest xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" {listed}>'
        f"<saml:Issuer>{door.provider.entity_id}</saml:Issuer><saml:NameID>{person.name_id}</saml:NameID>"
        f"<samlp:SessionIndex>{person.index}</samlp:SessionIndex></samlp:LogoutRequest>"
    )


def deflated(xml: str) -> str:
    return base64.b64encode(zlib.compress(xml.encode())[2:-4]).decode()


def signed_query(
    xml: str, pair, *, name: str = "SAMLRequest", method: str = SHA256, relay: str | None = None
) -> str:
    told = f"{name}={quote_plus(deflated(xml))}"
    if relay is not None:
        told += f"&RelayState={quote_plus(relay)}"
    told += f"&SigAlg={quote_plus(method)}"
    key = serialization.load_pem_private_key(pair[0].encode(), None)
    digest = hashes.SHA1() if method == SHA1 else hashes.SHA256()
    signature = key.sign(told.encode(), padding.PKCS1v15(), digest)
    return f"{told}&Signature={quote_plus(base64.b64encode(signature))}"


def test_signing_out_here_ends_it_here_and_at_the_identity_provider(door, slo):
    door.provider.logout_place = slo
    browser = entered(door)
    cookie = browser.get_cookie("__Host-caseboard", "board.example.com").value
    page = door.post(browser, "/saml/logout")
    assert page.status_code == 200
    assert browser.get_cookie("__Host-caseboard", "board.example.com") is None
    from app.auth import sessions

    assert sessions.find(cookie) is None
    place = page.text.split('content="0; url=')[1].split('"')[0].replace("&amp;", "&")
    assert place.startswith(f"{door.provider.base}/slo?")
    told = dict(parse_qsl(urlsplit(place).query))
    answer = door.provider.logout_answer_address(told, slo)
    done = follow(door, browser, answer)
    assert (done.status_code, done.location) == (303, "/login?out=1")
    assert "You are signed out" in door.get(browser, done.location).text
    assert door.log("logout")[-1] == ("done", None)
    # The same answer a second time belongs to no question.
    assert follow(door, browser, answer).status_code == 403
    assert door.log("logout")[-1] == ("refused", "unknown_request")


def test_a_link_signs_nobody_out(door):
    browser = entered(door)
    page = door.get(browser, "/saml/logout")
    assert page.status_code == 200
    assert '<form method="post" action="/saml/logout">' in page.text
    assert door.knows(browser)


def test_who_is_not_signed_in_signs_out_too(door):
    page = door.post(door.browser(), "/saml/logout")
    assert (page.status_code, page.location) == (303, "/login?out=1")


def test_without_single_logout_it_ends_here(door):
    metadata = door.provider.metadata
    begins, ends = metadata.index("<ns0:SingleLogoutService"), metadata.index("<ns0:NameIDFormat")
    browser = entered(door)
    with settings(SAML_IDP_METADATA=metadata[:begins] + metadata[ends:]):
        page = door.post(browser, "/saml/logout")
    assert (page.status_code, page.location) == (303, "/login?out=1")
    assert not door.knows(browser)


def test_the_identity_provider_says_that_somebody_left(door, slo):
    browser, elsewhere = (
        entered(door),
        entered(door, Person("anna", "Anna", ["support"])),
    )
    other = entered(door, Person("bert", "Bert", ["support"]))
    place = door.provider.logout_address(ANNA, slo, door.service)
    # The identity provider's page sends the browser, or it comes without any cookie.
    answer = follow(door, door.browser(), place)
    assert answer.status_code == 303
    told = dict(parse_qsl(urlsplit(answer.location).query))
    assert answer.location.startswith(f"{door.provider.base}/slo?")
    response = door.provider.server.parse_logout_request_response(
        told["SAMLResponse"], "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
    )
    assert response.status_ok()
    assert {"Signature", "SigAlg"} <= set(told)
    assert not door.knows(browser)
    assert door.knows(elsewhere)
    assert door.knows(other)
    assert door.log("logout")[-1] == ("done", "single_logout")


def test_a_cookie_copied_before_is_dead_after(door, slo):
    browser = entered(door)
    copied = browser.get_cookie("__Host-caseboard", "board.example.com").value
    answer = follow(door, browser, door.provider.logout_address(ANNA, slo, door.service))
    assert answer.status_code == 303
    assert browser.get_cookie("__Host-caseboard", "board.example.com") is None
    thief = door.browser()
    thief.set_cookie("__Host-caseboard", copied, domain="board.example.com")
    assert not door.knows(thief)


def test_leaving_without_an_index_ends_all_of_them(door, slo):
    both = [entered(door), entered(door, Person("anna", "Anna", ["support"]))]
    xml = re.sub(
        "<samlp:SessionIndex>.*</samlp:SessionIndex>", "", request_xml(door, slo, person=ANNA)
    )
    answer = door.get(door.browser(), f"/saml/slo?{signed_query(xml, door.provider.pair)}")
    assert answer.status_code == 303
    assert [door.knows(browser) for browser in both] == [False, False]


def test_who_is_known_by_an_attribute_is_found_by_the_name_id(door, slo):
    with settings(SAML_USER_ATTRIBUTE="mail"):
        browser = entered(door)
        follow(door, browser, door.provider.logout_address(ANNA, slo, door.service))
        assert not door.knows(browser)


def test_the_relay_state_goes_back_as_it_came(door, slo):
    xml = request_xml(door, slo, person=NOBODY)
    query = signed_query(xml, door.provider.pair, relay="a b&c=ä")
    answer = door.get(door.browser(), f"/saml/slo?{query}")
    assert dict(parse_qsl(urlsplit(answer.location).query))["RelayState"] == "a b&c=ä"


def test_a_message_may_come_in_a_form(door, slo):
    browser = entered(door)
    document = parsed(request_xml(door, slo, person=ANNA))
    sign(document, door.provider.pair)
    answer = door.post(
        door.browser(), "/saml/slo", data={"SAMLRequest": encoded(written(document))}
    )
    assert answer.status_code == 303
    assert not door.knows(browser)


def swapped(query: str) -> str:
    """The attacker's message in front, by the same name in another spelling."""
    return "SAML%52equest=" + query.split("SAMLRequest=")[1].split("&", maxsplit=1)[0] + "&"


FALSE_REDIRECTS = {
    "unsigned": (lambda door, slo: f"SAMLRequest={quote_plus(deflated(request_xml(door, slo)))}",
                 "unsigned_message"),
    "wrong_signer": (lambda door, slo: signed_query(request_xml(door, slo), key_pair("stranger")),
                     "bad_signature"),
    "sha1": (lambda door, slo: signed_query(request_xml(door, slo), door.provider.pair,
                                            method=SHA1), "weak_algorithm"),
    "no_algorithm": (lambda door, slo: signed_query(request_xml(door, slo), door.provider.pair)
                     .replace(f"&SigAlg={quote_plus(SHA256)}", ""), "weak_algorithm"),
    "another_name_after_signing": (
        lambda door, slo: re.sub(
            "SAMLRequest=[^&]*", "SAMLRequest=" + quote_plus(deflated(request_xml(door, slo))),
            signed_query(request_xml(door, slo, person=NOBODY), door.provider.pair)),
        "bad_signature"),
    "two_readings": (
        lambda door, slo: swapped("SAMLRequest=" + quote_plus(deflated(request_xml(door, slo))))
        + signed_query(request_xml(door, slo, person=NOBODY), door.provider.pair), "ambiguous"),
    "twice": (
        lambda door, slo: f"SAMLRequest={quote_plus(deflated(request_xml(door, slo)))}&"
        + signed_query(request_xml(door, slo, person=NOBODY), door.provider.pair), "ambiguous"),
    "only_spelled_otherwise": (
        lambda door, slo: signed_query(request_xml(door, slo), door.provider.pair)
        .replace("SAMLRequest=", "SAML%52equest="), "ambiguous"),
    "request_and_response": (
        lambda door, slo: signed_query(request_xml(door, slo), door.provider.pair)
        + "&SAMLResponse=" + quote_plus(deflated(request_xml(door, slo))), "ambiguous"),
    "request_as_response": (
        lambda door, slo: signed_query(request_xml(door, slo), door.provider.pair,
                                       name="SAMLResponse"), "wrong_message"),
    "no_destination": (
        lambda door, slo: signed_query(request_xml(door, slo, Destination=None),
                                       door.provider.pair), "no_destination"),
    "longer_destination": (
        lambda door, slo: signed_query(request_xml(door, slo, Destination=slo + "2"),
                                       door.provider.pair), "wrong_destination"),
    "wrong_issuer": (
        lambda door, slo: signed_query(
            request_xml(door, slo).replace(door.provider.entity_id, "https://other.example.com"),
            door.provider.pair), "wrong_issuer"),
    "no_issuer": (
        lambda door, slo: signed_query(
            request_xml(door, slo).replace(
                f"<saml:Issuer>{door.provider.entity_id}</saml:Issuer>", ""),
            door.provider.pair), "wrong_issuer"),
    "expired": (
        lambda door, slo: signed_query(request_xml(door, slo, NotOnOrAfter=stamp(minutes=-6)),
                                       door.provider.pair), "expired"),
    "old": (
        lambda door, slo: signed_query(request_xml(door, slo, IssueInstant=stamp(hours=-9)),
                                       door.provider.pair), "expired"),
    "from_the_future": (
        lambda door, slo: signed_query(request_xml(door, slo, IssueInstant=stamp(hours=1)),
                                       door.provider.pair), "not_yet_valid"),
    "commented": (
        lambda door, slo: signed_query(
            request_xml(door, slo).replace("vera", "ve<!---->ra"), door.provider.pair), "comment"),
    "doctype": (
        lambda door, slo: signed_query("<!DOCTYPE r>" + request_xml(door, slo),
                                       door.provider.pair), "doctype"),
    "bomb": (
        lambda door, _: signed_query("<a>" + " " * 2_000_000, door.provider.pair), "too_large"),
    "garbage": (
        lambda *_: "SAMLRequest=%00&Signature=a&SigAlg=" + quote(SHA256), "bad_signature"),
    "nothing": (lambda *_: "", "no_message"),
    "answer_to_nothing": (
        lambda door, slo: signed_query(
            f'<samlp:LogoutResponse xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="_a" '
            f'Version="2.0" IssueInstant="{stamp()}" Destination="{slo}" InResponseTo="_b">'
            f"<saml:Issuer>{door.provider.entity_id}</saml:Issuer><samlp:Status><samlp:StatusCode "
            f'Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
            f"</samlp:LogoutResponse>", door.provider.pair, name="SAMLResponse"),
        "unknown_request"),
}  # fmt: skip


@pytest.fixture(scope="module")
def victim(door):
    return entered(door, VERA)


@pytest.mark.parametrize("name", FALSE_REDIRECTS)
def test_a_false_message_ends_nothing(door, slo, victim, name):
    make, reason = FALSE_REDIRECTS[name]
    before = door.log("logout")
    answer = door.get(door.browser(), f"/saml/slo?{make(door, slo)}")
    assert answer.status_code in (403, 413)
    assert door.log("logout")[len(before) :] == [("refused", reason)]
    assert door.knows(victim)


def test_a_message_counts_once(door, slo):
    query = signed_query(request_xml(door, slo, person=NOBODY), door.provider.pair)
    assert door.get(door.browser(), f"/saml/slo?{query}").status_code == 303
    assert door.get(door.browser(), f"/saml/slo?{query}").status_code == 403
    assert door.log("logout")[-1] == ("refused", "replayed")


def test_a_false_form_ends_nothing(door, slo, victim):
    def form(change=None, key=None, after=None) -> str:
        document = parsed(request_xml(door, slo))
        if change is not None:
            sign(document, key or door.provider.pair, **change)
        if after:
            after(document)
        return encoded(written(document))

    def other_name(document) -> None:
        document.xpath("//*[local-name()='NameID']")[0].text = "bert"

    import xmlsec

    for message, reason in (
        (form(), "unsigned_message"),
        (form({}, key_pair("stranger")), "bad_signature"),
        (form({}, after=other_name), "bad_signature"),
        (form({"method": xmlsec.Transform.RSA_SHA1}), "weak_algorithm"),
        (form({"digest": xmlsec.Transform.SHA1}), "weak_algorithm"),
        (form({"uri": ""}), "wrong_reference"),
        ("a" * 300_000, "too_large"),
    ):
        answer = door.post(door.browser(), "/saml/slo", data={"SAMLRequest": message})
        assert answer.status_code in (403, 413)
        assert door.log("logout")[-1] == ("refused", reason)
    assert door.knows(victim)


@pytest.mark.parametrize("same_id", [True, False])
def test_a_signed_message_within_a_false_one_ends_nothing(door, slo, victim, same_id):
    """Signature wrapping: a real message about somebody else, carried along."""
    document = parsed(request_xml(door, slo, person=NOBODY))
    sign(document, door.provider.pair)
    evil = parsed(request_xml(door, slo))
    if same_id:
        evil.set("ID", document.get("ID"))
    signature = document.xpath("./*[local-name()='Signature']")[0]
    carried = etree.Element(f"{{{SAMLP}}}Extensions")
    evil[0].addnext(signature)
    signature.addnext(carried)
    etree.SubElement(carried, "{urn:example}any").append(document)
    answer = door.post(door.browser(), "/saml/slo", data={"SAMLRequest": encoded(written(evil))})
    assert answer.status_code == 403
    assert door.log("logout")[-1][1] in {"repeated_id", "wrong_reference", "bad_schema"}
    assert door.knows(victim)


def test_an_unsigned_message_would_have_ended_it_at_the_defaults(door, slo):
    """Why: the toolkit's defaults believe a request that nobody signed."""
    from onelogin.saml2.auth import OneLogin_Saml2_Auth

    from app.auth.saml_settings import _told, provider, request_data
    from app.settings import get_settings

    told = dict(_told(get_settings(), provider()))
    told["security"] = {"allowSingleLabelDomains": True}
    ended = []
    message = {"SAMLRequest": deflated(request_xml(door, slo))}
    auth = OneLogin_Saml2_Auth(request_data("/saml/slo", get_data=message), told)
    auth.process_slo(delete_session_cb=lambda: ended.append(True))
    assert ended == [True]
    answer = door.get(door.browser(), f"/saml/slo?{urlencode(message)}")
    assert answer.status_code == 403
