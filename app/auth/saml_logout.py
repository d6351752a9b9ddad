"""Single logout: what we tell the identity provider, and what it tells us. All of it is signed.

A message comes in the query of a redirect, signed beside it, or in a form, signed within.
"""

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from lxml import etree
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names
from onelogin.saml2.logout_request import OneLogin_Saml2_Logout_Request
from onelogin.saml2.logout_response import OneLogin_Saml2_Logout_Response
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Toolkit
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML as Xml

from app.auth.saml import LARGEST_MESSAGE, Subject, decoded, signed_address
from app.auth.saml_checks import (
    DRIFT,
    LONGEST_WINDOW,
    SIGNATURES,
    Refused,
    check_destination,
    check_identifiers,
    check_signature,
    check_text,
    instant,
)
from app.auth.saml_settings import LOGOUT_MESSAGES, address, provider, request_data, toolkit

KINDS = {"SAMLRequest": "LogoutRequest", "SAMLResponse": "LogoutResponse"}
SIGNED_NAMES = ("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature")


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """The identity provider says that somebody left; no index means all of their sessions."""

    id: str
    issuer: str
    name_id: str
    indexes: tuple[str, ...]
    until: datetime
    relay_state: str | None


@dataclass(frozen=True, slots=True)
class LogoutAnswer:
    """The identity provider answers our own request."""

    in_response_to: str | None
    done: bool


def ask(subject: Subject, index: str | None) -> tuple[str, str] | None:
    """A signed request to end somebody's session: its id and where to send the browser.

    None when the identity provider knows no single logout.
    """
    idp = provider()
    if idp.logout_url is None:
        return None
    request = OneLogin_Saml2_Logout_Request(
        toolkit(),
        name_id=subject.name_id,
        session_index=escape(index) if index else None,
        nq=subject.name_qualifier,
        name_id_format=subject.name_id_format,
        spnq=subject.sp_name_qualifier,
    )
    sent = signed_address(idp.logout_url, {"SAMLRequest": request.get_request()})
    return str(request.id), sent


def answer_address(request: LogoutRequest) -> str | None:
    """Where to send the browser with our signed answer, None when there is no such place."""
    place = provider().logout_answer_url
    if place is None:
        return None
    response = OneLogin_Saml2_Logout_Response(toolkit())
    response.build(escape(request.id, {'"': "&quot;"}))
    parameters = {"SAMLResponse": response.get_response()}
    if request.relay_state is not None:
        parameters["RelayState"] = request.relay_state
    return signed_address(place, parameters)


def read_redirect(
    query: str, values: Mapping[str, Sequence[str]], now: datetime | None = None
) -> LogoutRequest | LogoutAnswer:
    """What came in the query of an address; Refused when anything about it is wrong.

    The signature is over the query as it was sent, so no name in it may have two readings.
    """
    given = {name: values[name] for name in SIGNED_NAMES if name in values}
    if any(len(several) != 1 for several in given.values()) or any(
        sum(part.startswith(f"{name}=") for part in query.split("&")) != 1 for name in given
    ):
        raise Refused("ambiguous")
    told = {name: several[0] for name, several in given.items()}
    parameter = _parameter(told)
    if "Signature" not in told:
        raise Refused("unsigned_message")
    if told.get("SigAlg") not in SIGNATURES:
        raise Refused("weak_algorithm", str(told.get("SigAlg"))[:100])
    auth = OneLogin_Saml2_Auth(
        request_data(LOGOUT_MESSAGES, query_string=query, validate_signature_from_qs=True),
        toolkit(),
    )
    check = (
        auth.validate_request_signature
        if parameter == "SAMLRequest"
        else auth.validate_response_signature
    )
    if not check(told):
        raise Refused("bad_signature", str(auth.get_last_error_reason()))
    document = _parsed(_inflated(told[parameter]), parameter)
    return _judged(document, told.get("RelayState"), now or datetime.now(UTC))


def read_form(
    values: Mapping[str, Sequence[str]], now: datetime | None = None
) -> LogoutRequest | LogoutAnswer:
    """What came in a form; Refused when anything about it is wrong."""
    told = {name: several[0] for name, several in values.items() if len(several) == 1}
    parameter = _parameter(told)
    document = _parsed(decoded(told[parameter]), parameter)
    check_identifiers(document)
    signatures = Xml.query(document, "./ds:Signature")
    if not signatures:
        raise Refused("unsigned_message")
    if len(Xml.query(document, "//ds:Signature")) != 1:
        raise Refused("wrong_signed_element")
    check_signature(signatures[0], document.get("ID"))
    keys = [item.pem for item in provider().certificates]
    path = f"/samlp:{KINDS[parameter]}/ds:Signature"
    if not Toolkit.validate_sign(document, xpath=path, multicerts=keys):
        raise Refused("bad_signature")
    return _judged(document, told.get("RelayState"), now or datetime.now(UTC))


def _parameter(told: Mapping[str, str]) -> str:
    found = [name for name in KINDS if name in told]
    if len(found) != 1:
        raise Refused("no_message" if not found else "ambiguous")
    return found[0]


def _inflated(message: str) -> bytes:
    """The XML of a deflated message, no longer than a message may be."""
    try:
        inflate = zlib.decompressobj(-15)
        xml = inflate.decompress(base64.b64decode(message, validate=True), LARGEST_MESSAGE)
    except (ValueError, zlib.error):
        raise Refused("not_base64") from None
    if not inflate.eof:
        raise Refused("too_large" if inflate.unconsumed_tail else "not_base64")
    check_text(xml)
    return xml


def _parsed(xml: bytes, parameter: str) -> etree._Element:
    try:
        document = Xml.to_etree(xml)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refused("bad_xml", str(error)) from None
    if document.tag != f"{{{Names.NS_SAMLP}}}{KINDS[parameter]}":
        raise Refused("wrong_message", str(document.tag)[:100])
    if isinstance(Xml.validate_xml(document, "saml-schema-protocol-2.0.xsd"), str):
        raise Refused("bad_schema")
    return document


def _judged(
    document: etree._Element, relay_state: str | None, now: datetime
) -> LogoutRequest | LogoutAnswer:
    issuers = [node.text for node in Xml.query(document, "./saml:Issuer")]
    if issuers != [provider().entity_id]:
        raise Refused("wrong_issuer", str(issuers)[:300])
    check_destination(document, address(LOGOUT_MESSAGES))
    issued = instant(document.get("IssueInstant", ""))
    if issued > now + DRIFT:
        raise Refused("not_yet_valid", f"issued at {issued.isoformat()}")
    if issued < now - LONGEST_WINDOW:
        raise Refused("expired", f"issued at {issued.isoformat()}")
    if document.tag.endswith("}LogoutResponse"):
        status = Xml.query(document, "./samlp:Status/samlp:StatusCode/@Value")
        return LogoutAnswer(document.get("InResponseTo"), done=status == [Names.STATUS_SUCCESS])
    ends = document.get("NotOnOrAfter")
    if ends and instant(ends) + DRIFT <= now:
        raise Refused("expired", ends)
    named = [node.text for node in Xml.query(document, "./saml:NameID")]
    if len(named) != 1 or not named[0]:
        raise Refused("no_name_id")
    return LogoutRequest(
        id=document.get("ID"),
        issuer=provider().entity_id,
        name_id=named[0],
        indexes=tuple(
            node.text for node in Xml.query(document, "./samlp:SessionIndex") if node.text
        ),
        until=issued + LONGEST_WINDOW + DRIFT,
        relay_state=relay_state,
    )
