"""What the toolkit's strict mode lets pass, and Caseboard does not.

It runs after `OneLogin_Saml2_Response.is_valid`, which has checked the schema, the signatures, the
issuers and the status. Everything is read off the one assertion that was verified. `expected` is
the request that the answer must belong to, None where an unsolicited one may come.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Toolkit
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML as Xml

DRIFT = timedelta(seconds=Names.ALLOWED_CLOCK_DRIFT)
LONGEST_WINDOW = timedelta(hours=8)
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
SIGNATURES = {f"{MORE}{kind}-{size}" for kind in ("rsa", "ecdsa")
              for size in ("sha256", "sha384", "sha512")}  # fmt: skip
DIGESTS = {Names.SHA256, Names.SHA384, Names.SHA512}
CANONICAL = "http://www.w3.org/2001/10/xml-exc-c14n#"
TRANSFORMS = {"http://www.w3.org/2000/09/xmldsig#enveloped-signature", CANONICAL,
              f"{CANONICAL}WithComments"}  # fmt: skip
# The first that occurs names the reason.
SUSPICIOUS = {
    "<!--": "comment",
    "<![CDATA[": "cdata",
    "<!": "doctype",
    "<?": "processing_instruction",
    "EncryptedData": "encrypted",
}
DECLARATION = re.compile(r"""\s*<\?xml\s+version=["']1\.0["'](?P<rest>[^?]*)\?>""")
ENCODING = re.compile(r"""encoding=["']([^"']*)["']""")


class Refused(Exception):
    """A message that is not believed: `reason` is a code for the audit log, the text its detail.

    Neither is for the eyes of the sender.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer must be addressed to."""

    address: str
    audience: str
    unsolicited: bool


def check_text(xml: bytes) -> None:
    """Refuse XML with anything but elements and text in UTF-8, before a parser sees it.

    Comments split texts, entities and document types do worse, other encodings hide both. What is
    encrypted would be opened before its signature is checked; TLS keeps it from others already.
    """
    try:
        text = xml.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("not_utf8") from None
    declared = DECLARATION.match(text)
    if declared:
        encoding = ENCODING.search(declared["rest"])
        if encoding and encoding[1].lower() not in {"utf-8", "us-ascii"}:
            raise Refused("not_utf8", f"declares the encoding {encoding[1][:40]}")
        text = text[declared.end() :]
    if "\0" in text:
        raise Refused("not_utf8", "holds NUL")
    for mark, reason in SUSPICIOUS.items():
        if mark in text:
            raise Refused(reason)


def check_answer(document: etree._Element, expected: Expected, now: datetime) -> datetime:
    """Refuse an answer that strict mode would accept wrongly; until when its assertion is good."""
    check_identifiers(document)
    assertion = _only(Xml.query(document, "/samlp:Response/saml:Assertion"), "no_assertion")
    for signed in (document, assertion):
        for signature in Xml.query(signed, "./ds:Signature"):
            check_signature(signature, signed.get("ID"))
    check_destination(document, expected.address)
    _check_request(document, expected)
    _check_instants(assertion, now)
    _check_audience(assertion, expected.audience)
    return _confirmed_until(document, assertion, expected, now)


def check_identifiers(document: etree._Element) -> None:
    """Refuse a document in which one identifier could mean two elements."""
    identifiers = [value for node in document.iter() if (value := node.get("ID"))]
    if len(set(identifiers)) < len(identifiers):
        raise Refused("repeated_id")


def check_signature(signature: etree._Element, identifier: str | None) -> None:
    """Refuse a signature by old algorithms, or of anything but the element it stands in."""
    method = Xml.query(signature, "./ds:SignedInfo/ds:SignatureMethod/@Algorithm")
    if set(method) - SIGNATURES or not method:
        raise Refused("weak_algorithm", f"signature by {method}")
    reference = _only(Xml.query(signature, "./ds:SignedInfo/ds:Reference"), "wrong_reference")
    if not identifier or reference.get("URI") != f"#{identifier}":
        raise Refused("wrong_reference", f"signs {reference.get('URI')!r}")
    digests = Xml.query(reference, "./ds:DigestMethod/@Algorithm")
    if set(digests) - DIGESTS or not digests:
        raise Refused("weak_algorithm", f"digest by {digests}")
    if set(Xml.query(reference, "./ds:Transforms/ds:Transform/@Algorithm")) - TRANSFORMS:
        raise Refused("wrong_transform")
    canonical = Xml.query(signature, "./ds:SignedInfo/ds:CanonicalizationMethod/@Algorithm")
    if set(canonical) - TRANSFORMS:
        raise Refused("wrong_transform", f"canonicalised by {canonical}")


def check_destination(document: etree._Element, address: str) -> None:
    """Refuse a message that was not made for exactly this address."""
    destination = document.get("Destination")
    if not destination:
        raise Refused("no_destination")
    if destination != address:
        raise Refused("wrong_destination", destination[:300])


def instant(text: str) -> datetime:
    """An instant of SAML, in UTC; Refused when it is none."""
    try:
        return datetime.fromtimestamp(Toolkit.parse_SAML_to_time(text), UTC)
    except Exception:  # noqa: BLE001 - the toolkit raises just that
        raise Refused("bad_instant", text[:60]) from None


def _check_request(document: etree._Element, expected: Expected) -> None:
    if not document.get("InResponseTo") and not expected.unsolicited:
        raise Refused("unsolicited")


def _check_instants(assertion: etree._Element, now: datetime) -> None:
    issued = instant(assertion.get("IssueInstant", ""))
    if issued > now + DRIFT:
        raise Refused("not_yet_valid", f"issued at {issued.isoformat()}")
    if issued < now - LONGEST_WINDOW:
        raise Refused("expired", f"issued at {issued.isoformat()}")
    for conditions in Xml.query(assertion, "./saml:Conditions"):
        begins, ends = conditions.get("NotBefore"), conditions.get("NotOnOrAfter")
        if ends and instant(ends) - (instant(begins) if begins else now) > LONGEST_WINDOW:
            raise Refused("long_window", f"{begins} to {ends}")


def _check_audience(assertion: etree._Element, audience: str) -> None:
    restrictions = Xml.query(assertion, "./saml:Conditions/saml:AudienceRestriction")
    if not restrictions:
        raise Refused("no_audience")
    for restriction in restrictions:
        named = [node.text for node in Xml.query(restriction, "./saml:Audience")]
        if audience not in named:
            raise Refused("wrong_audience", str(named)[:300])


def _confirmed_until(
    document: etree._Element, assertion: etree._Element, expected: Expected, now: datetime
) -> datetime:
    path = f"./saml:Subject/saml:SubjectConfirmation[@Method='{Names.CM_BEARER}']"
    refusal = Refused("no_confirmation")
    for confirmation in Xml.query(assertion, f"{path}/saml:SubjectConfirmationData"):
        try:
            return _until(confirmation, document.get("InResponseTo"), expected, now)
        except Refused as fault:
            refusal = fault
    raise refusal


def _until(
    data: etree._Element, request: str | None, expected: Expected, now: datetime
) -> datetime:
    if data.get("Recipient") != expected.address:
        reason = "wrong_recipient" if data.get("Recipient") else "no_recipient"
        raise Refused(reason, (data.get("Recipient") or "")[:300])
    if data.get("InResponseTo") != request:
        raise Refused("wrong_in_response_to" if data.get("InResponseTo") else "no_in_response_to")
    if not data.get("NotOnOrAfter"):
        raise Refused("no_expiry")
    ends = instant(data.get("NotOnOrAfter"))
    if ends + DRIFT <= now:
        raise Refused("expired", f"on {ends.isoformat()}")
    if ends - now > LONGEST_WINDOW:
        raise Refused("long_window", f"until {ends.isoformat()}")
    begins = data.get("NotBefore")
    if begins and instant(begins) > now + DRIFT:
        raise Refused("not_yet_valid", begins)
    return ends


def _only(found: list[etree._Element], reason: str) -> etree._Element:
    if len(found) != 1:
        raise Refused(reason, f"{len(found)} found")
    return found[0]
