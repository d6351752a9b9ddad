"""Answers that must not be believed: each refused with its reason, each proven to be an attack.

`naive` (in `forging`) is a verifier as people write them. What it takes for the victim, or takes at
all, is a live attack; a test that even it would refuse would prove nothing.
"""

import base64
import io
import itertools
import time

import pytest
import xmlsec
from werkzeug.test import create_environ, run_wsgi_app

from tests.auth.keys import key_pair
from tests.auth.saml.forging import (
    WRAPPINGS,
    all_of,
    attribute,
    commented,
    forged,
    gone,
    naive,
    parsed,
    sign,
    stamp,
    text,
    written,
)
from tests.auth.saml.idp import Person, Provider, encoded

pytestmark = pytest.mark.database

ANNA = Person("anna", "Anna", ["support"])
CONFIRMATION = "//saml:SubjectConfirmationData"
CONDITIONS = "//saml:Conditions"
RESPONSE_ISSUER, ASSERTION_ISSUER = "./saml:Issuer", "//saml:Assertion/saml:Issuer"
ELSEWHERE = "https://evil.example.com/saml/acs"
SHA1 = {"method": xmlsec.Transform.RSA_SHA1}
SHA1_DIGEST = {"digest": xmlsec.Transform.SHA1}
NO_EXPIRY = all_of(
    attribute(CONFIRMATION, "NotOnOrAfter", None), attribute(CONDITIONS, "NotOnOrAfter", None)
)

# Name: how it is forged, and the reason that the audit log must tell. All are signed by the real
# key of the identity provider, and right in all else, unless they say otherwise.
SIGNED_BY_IT = {
    "unsigned": ({"signed": "none"}, "unsigned_assertion"),
    "unsigned_assertion": ({"signed": "response"}, "unsigned_assertion"),
    "signature_taken_out": (
        {"signed": "assertion", "after": gone("//ds:Signature")}, "unsigned_assertion"
    ),
    "wrong_signer": ({"key": "stranger"}, "bad_signature"),
    "changed_name": ({"after": text("//saml:NameID", "victim")}, "bad_signature"),
    "changed_group": (
        {"after": text("(//saml:AttributeValue)[1]", "board-admins")}, "bad_signature"
    ),
    "commented_name": ({"signed": "assertion", "after": commented}, "comment"),
    "sha1_signature": (SHA1, "weak_algorithm"),
    "sha1_digest": (SHA1_DIGEST, "weak_algorithm"),
    "sha1_of_assertion_only": ({"signed": "assertion", **SHA1}, "weak_algorithm"),
    "whole_document_reference": ({"signed": "assertion", "uri": ""}, "invalid"),
    "no_audience": ({"change": gone("//saml:AudienceRestriction")}, "no_audience"),
    "wrong_audience": (
        {"change": text("//saml:Audience", "https://other.example.com/saml")}, "wrong_audience"
    ),
    "longer_audience": (
        {"change": text("//saml:Audience", "https://board.example.com/saml/metadata2")},
        "wrong_audience",
    ),
    "no_recipient": ({"change": attribute(CONFIRMATION, "Recipient", None)}, "no_recipient"),
    "wrong_recipient": (
        {"change": attribute(CONFIRMATION, "Recipient", ELSEWHERE)}, "no_confirmation"
    ),
    "recipient_around_ours": (
        {"change": attribute(CONFIRMATION, "Recipient",
                             "https://evil.example.com/?https://board.example.com/saml/acs")},
        "wrong_recipient",
    ),
    "longer_recipient": (
        {"change": attribute(CONFIRMATION, "Recipient", "https://board.example.com/saml/acs2")},
        "wrong_recipient",
    ),
    "no_destination": ({"change": attribute(".", "Destination", None)}, "no_destination"),
    "empty_destination": ({"change": attribute(".", "Destination", "")}, "no_destination"),
    "wrong_destination": ({"change": attribute(".", "Destination", ELSEWHERE)},
                          "wrong_destination"),
    "longer_destination": (
        {"change": attribute(".", "Destination", "https://board.example.com/saml/acs.evil.com")},
        "wrong_destination",
    ),
    "destination_with_query": (
        {"change": attribute(".", "Destination", "https://board.example.com/saml/acs?x=1")},
        "wrong_destination",
    ),
    "wrong_issuer_of_response": (
        {"change": text(RESPONSE_ISSUER, "https://other.example.com")}, "wrong_issuer"
    ),
    "wrong_issuer_of_assertion": (
        {"change": text(ASSERTION_ISSUER, "https://other.example.com")}, "wrong_issuer"
    ),
    "expired": (
        {"change": all_of(attribute(CONFIRMATION, "NotOnOrAfter", stamp(minutes=-6)),
                          attribute(CONDITIONS, "NotOnOrAfter", stamp(minutes=-6)))},
        "expired",
    ),
    "expired_confirmation": (
        {"change": attribute(CONFIRMATION, "NotOnOrAfter", stamp(minutes=-6))}, "no_confirmation"
    ),
    "not_yet_valid": (
        {"change": attribute(CONDITIONS, "NotBefore", stamp(minutes=59))}, "not_yet_valid"
    ),
    "issued_in_future": (
        {"change": attribute("//saml:Assertion", "IssueInstant", stamp(hours=1))}, "not_yet_valid"
    ),
    "issued_long_ago": (
        {"change": attribute("//saml:Assertion", "IssueInstant", stamp(hours=-9))}, "expired"
    ),
    "no_expiry_of_confirmation": (
        {"change": attribute(CONFIRMATION, "NotOnOrAfter", None)}, "no_expiry"
    ),
    "no_expiry_at_all": ({"change": NO_EXPIRY}, "no_expiry"),
    "long_confirmation": (
        {"change": attribute(CONFIRMATION, "NotOnOrAfter", stamp(hours=9))}, "long_window"
    ),
    "long_conditions": (
        {"change": attribute(CONDITIONS, "NotOnOrAfter", stamp(days=365))}, "long_window"
    ),
    "unsolicited": (
        {"change": all_of(attribute(".", "InResponseTo", None),
                          attribute(CONFIRMATION, "InResponseTo", None))},
        "unsolicited",
    ),
    "no_request_on_response": ({"change": attribute(".", "InResponseTo", None)}, "unsolicited"),
    "no_request_on_confirmation": (
        {"change": attribute(CONFIRMATION, "InResponseTo", None)}, "no_in_response_to"
    ),
    "two_requests": (
        {"change": attribute(CONFIRMATION, "InResponseTo", "_other")}, "no_confirmation"
    ),
    "foreign_request": (
        {"change": all_of(attribute(".", "InResponseTo", "_foreign"),
                          attribute(CONFIRMATION, "InResponseTo", "_foreign"))},
        "unknown_request",
    ),
    "no_confirmation": ({"change": gone("//saml:SubjectConfirmation")}, "no_confirmation"),
    "confirmed_otherwise": (
        {"change": attribute("//saml:SubjectConfirmation", "Method",
                             "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches")},
        "no_confirmation",
    ),
    "session_over": (
        {"change": attribute("//saml:AuthnStatement", "SessionNotOnOrAfter",
                             stamp(minutes=-1))},
        "expired",
    ),
    "denied_there": (
        {"change": attribute("./samlp:Status/samlp:StatusCode", "Value",
                             "urn:oasis:names:tc:SAML:2.0:status:Responder")},
        "denied_there",
    ),
    "old_version": ({"change": attribute(".", "Version", "1.1")}, "invalid"),
    "transient_name": (
        {"change": attribute("//saml:NameID", "Format",
                             "urn:oasis:names:tc:SAML:2.0:nameid-format:transient")},
        "transient_name_id",
    ),
    "empty_name": ({"change": text("//saml:NameID", "")}, "no_name_id"),
    "endless_name": ({"change": text("//saml:NameID", "a" * 300)}, "bad_name_id"),
    "name_for_another_service": (
        {"change": attribute("//saml:NameID", "SPNameQualifier", "https://other.example.com")},
        "wrong_audience",
    ),
}  # fmt: skip

# What a naive verifier does not take either, or what is no matter of belief.
HARMLESS_TO_NAIVE = {"changed_name", "changed_group", "empty_name", "whole_document_reference"}


def refused(door, browser, message: str, reason: str, **more) -> None:
    """The message is refused, nobody is let in, and the audit log tells why, the sender nothing."""
    sessions, before = door.count("sessions"), len(door.log())
    answer = door.enter(browser, message, **more)
    assert answer.status_code in (403, 413), (answer.status_code, answer.text)
    assert door.log()[before:] == [("refused", reason)]
    assert door.count("sessions") == sessions
    assert not door.knows(browser)
    assert "could not be signed in" in answer.text
    assert reason not in answer.text


def test_the_same_answer_unchanged_is_believed(door):
    browser = door.browser()
    question = door.ask(browser)
    message = encoded(forged(door.unsigned(question, ANNA), door.provider))
    assert naive(message) == {"anna"}
    assert door.enter(browser, message).status_code == 303
    assert door.knows(browser)
    assert door.log()[-1] == ("done", None)


@pytest.mark.parametrize("name", SIGNED_BY_IT)
def test_a_false_answer_is_refused(door, name):
    how, reason = SIGNED_BY_IT[name]
    browser = door.browser()
    message = encoded(forged(door.unsigned(door.ask(browser), ANNA), door.provider, **how))
    if name not in HARMLESS_TO_NAIVE:
        naive(message)
    refused(door, browser, message, reason)


@pytest.mark.parametrize("name", WRAPPINGS)
def test_signature_wrapping_is_refused(door, name):
    what, wrap = WRAPPINGS[name]
    browser = door.browser()
    # The identity provider's own signatures, made by xmlsec1.
    xml = door.provider.answer(
        door.ask(browser), door.place, door.service, ANNA,
        sign_response=what == "response", sign_assertion=True,
    )  # fmt: skip
    message = encoded(written(wrap(parsed(xml))))
    assert "victim" in naive(message)
    sessions = door.count("sessions")
    assert door.enter(browser, message).status_code == 403
    assert door.log()[-1][0] == "refused"
    assert door.log()[-1][1] in {
        "wrong_number_of_assertions", "wrong_signed_element", "repeated_id", "wrong_reference",
        "bad_schema", "bad_signature", "unsigned_assertion", "cdata", "invalid",
    }  # fmt: skip
    assert door.count("sessions") == sessions


def test_both_kinds_of_signature_keep_wrappings_out_in_any_order(door):
    """A wrapping within a wrapping, with both signatures in place."""
    for first, second in itertools.permutations(("xsw3", "xsw4", "xsw7"), 2):
        browser = door.browser()
        xml = forged(door.unsigned(door.ask(browser), ANNA), door.provider)
        document = WRAPPINGS[second][1](WRAPPINGS[first][1](parsed(xml)))
        assert door.enter(browser, encoded(written(document))).status_code == 403


def test_a_signature_by_the_public_key_as_a_password_is_refused(door):
    browser = door.browser()
    xml = forged(
        door.unsigned(door.ask(browser), ANNA), door.provider, signed="assertion",
        method=xmlsec.Transform.HMAC_SHA256, hmac_key=door.provider.pair[1].encode(),
    )  # fmt: skip
    refused(door, browser, encoded(xml), "bad_signature")


def test_a_signature_in_an_odd_place_is_refused(door):
    browser = door.browser()

    def twice(document) -> None:
        sign(document.xpath("//*[local-name()='Assertion']")[0], door.provider.pair)

    xml = forged(door.unsigned(door.ask(browser), ANNA), door.provider, signed="assertion",
                 after=twice)  # fmt: skip
    assert door.enter(browser, encoded(xml)).status_code == 403


def test_an_answer_counts_once_in_whatever_browser(door):
    browser = door.browser()
    message = encoded(forged(door.unsigned(door.ask(browser), ANNA), door.provider))
    assert door.enter(browser, message).status_code == 303
    for again in (door.browser(), door.browser()):
        assert naive(message) == {"anna"}
        refused(door, again, message, "replayed")
    browser.delete_cookie("__Host-caseboard", domain="board.example.com")
    refused(door, browser, message, "replayed")


def test_a_question_is_answered_once(door):
    """Two different answers, both right, to one question: the second is too late."""
    browser = door.browser()
    question = door.ask(browser)
    first, second = (
        encoded(forged(door.unsigned(question, ANNA), door.provider)) for _ in range(2)
    )
    assert door.enter(browser, first).status_code == 303
    refused(door, door.browser(), second, "unknown_request")


def test_an_answer_enters_only_the_browser_that_asked(door):
    """Login CSRF: the attacker's own answer, posted by the victim's browser."""
    attacker, victim = door.browser(), door.browser()
    door.ask(victim)
    message = encoded(forged(door.unsigned(door.ask(attacker), ANNA), door.provider))
    assert naive(message) == {"anna"}
    refused(door, victim, message, "other_browser")
    # The code is spent, also for the one who asked.
    refused(door, attacker, message, "replayed")


def test_a_code_is_worth_nothing_twice_or_guessed(door):
    browser = door.browser()
    message = encoded(forged(door.unsigned(door.ask(browser), ANNA), door.provider))
    place = door.hand(browser, message).location.removeprefix(door.base)
    assert door.get(browser, place).status_code == 303
    for path in (place, "/saml/finish", "/saml/finish?code=", f"/saml/finish?code={'a' * 43}"):
        assert door.get(browser, path).status_code == 403
        assert door.log()[-1] == ("refused", "unknown_code")


BOMB = """<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>"""
TRICKS = {
    "doctype": (lambda xml: "<!DOCTYPE r>" + xml, "doctype"),
    "entities": (lambda xml: BOMB + xml.replace(">anna<", ">&b;<"), "doctype"),
    "external": (
        lambda xml: '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        + xml.replace(">anna<", ">&x;<"),
        "doctype",
    ),
    "external_dtd": (
        lambda xml: '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/evil.dtd">' + xml, "doctype"
    ),
    "undeclared_entity": (lambda xml: xml.replace(">anna<", ">&nobody;<"), "bad_xml"),
    "instruction": (lambda xml: xml.replace(">anna<", "><?x y?>anna<"), "processing_instruction"),
    "style_sheet": (
        lambda xml: '<?xml-stylesheet href="http://127.0.0.1:1/"?>' + xml, "processing_instruction"
    ),
    "cdata": (lambda xml: xml.replace(">anna<", "><![CDATA[anna]]><"), "cdata"),
    "broken": (lambda xml: xml[:-20], "bad_xml"),
    "no_xml": (lambda _: "who goes there", "bad_xml"),
    "nothing": (lambda _: "", "bad_xml"),
    "another_message": (
        lambda _: '<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>',
        "invalid",
    ),
    "deep": (lambda _: "<a>" * 20_000 + "</a>" * 20_000, "bad_xml"),
}  # fmt: skip


@pytest.mark.parametrize("name", TRICKS)
def test_xml_with_anything_but_elements_and_text_is_refused(door, name):
    trick, reason = TRICKS[name]
    browser = door.browser()
    xml = forged(door.unsigned(door.ask(browser), ANNA), door.provider)
    begun = time.perf_counter()
    refused(door, browser, encoded(trick(xml)), reason)
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-7", "utf-32", "latin-1"])
def test_another_encoding_cannot_hide_a_comment(door, encoding):
    browser = door.browser()
    xml = forged(door.unsigned(door.ask(browser), ANNA), door.provider, after=commented)
    declared = f'<?xml version="1.0" encoding="{encoding}"?>{xml}'
    message = base64.b64encode(declared.encode(encoding)).decode()
    refused(door, browser, message, "not_utf8")


@pytest.mark.parametrize(
    ("message", "reason"),
    [("%%%", "not_base64"), ("a" * (256 * 1024 + 4), "too_large"), ("", "bad_xml")],
)
def test_what_is_no_message_is_refused(door, message, reason):
    browser = door.browser()
    door.ask(browser)
    refused(door, browser, message, reason)


@pytest.mark.parametrize("fields", [{}, {"SAMLResponse": ["a", "b"]}, {"SAMLRequest": "a"}])
def test_a_form_without_one_answer_is_refused(door, fields):
    answer = door.post(door.browser(), "/saml/acs", data=fields)
    assert answer.status_code == 403
    assert door.log()[-1][1] in {"ambiguous", "no_message"}


def test_a_hundred_megabytes_are_refused_before_anything_is_read(door, monkeypatch):
    from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

    monkeypatch.setattr(
        OneLogin_Saml2_XML, "to_etree", lambda *_: pytest.fail("it was given to a parser")
    )

    class Body(io.RawIOBase):
        """A body that never ends, and counts how much of it was asked for."""

        read_of_it = 0

        def readable(self) -> bool:
            return True

        def readinto(self, place) -> int:
            self.read_of_it += len(place)
            return len(place)

    body = Body()
    begun = time.perf_counter()
    told = create_environ(
        "/saml/acs", door.base, method="POST", content_type="application/x-www-form-urlencoded"
    )
    told |= {"wsgi.input": body, "CONTENT_LENGTH": "100000000"}
    _, status, _ = run_wsgi_app(door.app, told)
    assert status.startswith("413")
    assert body.read_of_it < 1_000_000
    assert time.perf_counter() - begun < 1
    assert door.log()[-1] == ("refused", "too_large")


def test_what_is_encrypted_is_not_opened(door):
    """Its signature could be checked only afterwards; answers to broken ones would be an oracle."""
    browser = door.browser()
    certificate = "".join(key_pair("caseboard")[1].splitlines()[1:-1])
    xml = door.provider.answer(
        door.ask(browser), door.place, door.service, ANNA, sign_response=True,
        sign_assertion=True, encrypt_assertion=True, encrypt_cert_assertion=certificate,
    )  # fmt: skip
    assert "EncryptedAssertion" in xml
    refused(door, browser, encoded(xml), "encrypted")


def test_a_name_is_taken_as_it_stands(door):
    """White space, case and wide letters make another person, not the same one."""
    for name in ("bob", "Bob", "bob ", "ｂｏｂ", "bob\u200b"):
        browser = door.browser()
        xml = forged(door.unsigned(door.ask(browser), ANNA), door.provider,
                     change=text("//saml:NameID", name))  # fmt: skip
        assert door.enter(browser, encoded(xml)).status_code == 303
    from app import database

    found = database.fetch("select name_id from users", {})
    assert {"bob", "Bob", "bob ", "ｂｏｂ", "bob\u200b"} <= {row[0] for row in found}


def test_a_repeated_attribute_is_refused(door):
    browser = door.browser()

    def twice(document) -> None:
        attributes = document.xpath("//*[local-name()='AttributeStatement']")[0]
        again = parsed(written(attributes[0]))
        again[0].text = "board-admins"
        attributes.append(again)

    xml = forged(door.unsigned(door.ask(browser), ANNA), door.provider, change=twice)
    refused(door, browser, encoded(xml), "repeated_attribute")


def test_the_toolkit_alone_would_have_believed_some(door):
    """Why there are checks of our own: strict mode at its defaults takes these for true."""
    from onelogin.saml2.response import OneLogin_Saml2_Response
    from onelogin.saml2.settings import OneLogin_Saml2_Settings

    from app.auth.saml_settings import _told, provider, request_data
    from app.settings import get_settings

    told = dict(_told(get_settings(), provider()))
    told["security"] = {"allowSingleLabelDomains": True}
    strict = OneLogin_Saml2_Settings(told)
    believed = set()
    for name, (how, _) in SIGNED_BY_IT.items():
        question = door.ask(door.browser())
        xml = forged(door.unsigned(question, ANNA), door.provider, **how)
        response = OneLogin_Saml2_Response(strict, encoded(xml))
        if response.is_valid(request_data("/saml/acs"), question):
            believed.add(name)
    assert believed >= {
        "sha1_signature", "sha1_digest", "no_audience", "no_recipient", "recipient_around_ours",
        "longer_recipient", "no_destination", "longer_destination", "no_expiry_of_confirmation",
        "no_expiry_at_all", "no_request_on_response", "unsolicited", "commented_name",
    }  # fmt: skip


def test_a_second_provider_of_the_same_name_is_nobody(door, idp_folder):
    """Another key, the same entity id and all else."""
    browser = door.browser()
    other = Provider(idp_folder, key="other")
    assert other.entity_id == door.provider.entity_id
    assert key_pair("other") != door.provider.pair
    xml = forged(door.unsigned(door.ask(browser), ANNA), other)
    refused(door, browser, encoded(xml), "bad_signature")
