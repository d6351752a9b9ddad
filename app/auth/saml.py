"""SAML with the identity provider: asking it who somebody is, and judging its answer.

The toolkit (python3-saml, strict) checks schema, signatures and status; `saml_checks` what it lets
pass. What needs a memory (was it asked for, was it seen before) is in `saml_store`.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import xmlsec
from lxml import etree
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.authn_request import OneLogin_Saml2_Authn_Request
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Toolkit

from app.auth.saml_checks import DRIFT, Expected, Refused, check_answer, check_text
from app.auth.saml_settings import ANSWER, address, entity_id, provider, request_data, toolkit
from app.auth.users import Identity
from app.settings import get_settings

LARGEST_MESSAGE = 256 * 1024
LONGEST_NAME = 256
Error = OneLogin_Saml2_ValidationError

# The toolkit's findings as codes of the audit log; others are `invalid`.
REASONS: Mapping[int, str] = {
    Error.STATUS_CODE_IS_NOT_SUCCESS: "denied_there",
    Error.WRONG_NUMBER_OF_ASSERTIONS: "wrong_number_of_assertions",
    Error.WRONG_SIGNED_ELEMENT: "wrong_signed_element",
    Error.DUPLICATED_ID_IN_SIGNED_ELEMENTS: "repeated_id",
    Error.INVALID_SIGNED_ELEMENT: "wrong_reference",
    Error.INVALID_XML_FORMAT: "bad_schema",
    Error.ASSERTION_TOO_EARLY: "not_yet_valid",
    Error.ASSERTION_EXPIRED: "expired",
    Error.WRONG_DESTINATION: "wrong_destination",
    Error.EMPTY_DESTINATION: "no_destination",
    Error.WRONG_AUDIENCE: "wrong_audience",
    Error.WRONG_ISSUER: "wrong_issuer",
    Error.ISSUER_MULTIPLE_IN_RESPONSE: "wrong_issuer",
    Error.ISSUER_NOT_FOUND_IN_ASSERTION: "wrong_issuer",
    Error.SESSION_EXPIRED: "expired",
    Error.WRONG_SUBJECTCONFIRMATION: "no_confirmation",
    Error.NO_SIGNED_MESSAGE: "unsigned_response",
    Error.NO_SIGNED_ASSERTION: "unsigned_assertion",
    Error.NO_SIGNATURE_FOUND: "unsigned_assertion",
    Error.NO_NAMEID: "no_name_id",
    Error.EMPTY_NAMEID: "no_name_id",
    Error.SP_NAME_QUALIFIER_NAME_MISMATCH: "wrong_audience",
    Error.DUPLICATED_ATTRIBUTE_NAME_FOUND: "repeated_attribute",
    Error.INVALID_SIGNATURE: "bad_signature",
    Error.DEPRECATED_SIGNATURE_METHOD: "weak_algorithm",
    Error.DEPRECATED_DIGEST_METHOD: "weak_algorithm",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What the identity provider calls somebody when it says that they left."""

    name_id: str
    name_id_format: str | None
    name_qualifier: str | None
    sp_name_qualifier: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is believed: who it is, to which request, and which assertion until when."""

    identity: Identity
    subject: Subject
    in_response_to: str | None
    assertion_id: str
    until: datetime


def ask() -> tuple[str, str]:
    """A signed question to the identity provider: its id, and the address to send a browser to."""
    settings = toolkit()
    request = OneLogin_Saml2_Authn_Request(settings)
    return request.get_id(), signed_address(
        provider().login_url, {"SAMLRequest": request.get_request()}
    )


def signed_address(url: str, parameters: dict[str, str]) -> str:
    """An address of the identity provider with a signed message in its query."""
    auth = OneLogin_Saml2_Auth(request_data(ANSWER), toolkit())
    sign = (
        auth.add_request_signature if "SAMLRequest" in parameters else auth.add_response_signature
    )
    sign(parameters, Names.RSA_SHA256)
    return str(Toolkit.redirect(url, parameters))


def read_answer(message: str, now: datetime | None = None) -> Answer:
    """What a `SAMLResponse` says, when all about it is right; Refused with the reason when not."""
    settings, text = get_settings(), decoded(message)
    expected = Expected(address(ANSWER), entity_id(), settings.saml_allow_unsolicited)
    response, instant = _verified(base64.b64encode(text).decode()), now or datetime.now(UTC)
    until = check_answer(response.get_xml_document(), expected, instant)
    try:
        named = response.get_nameid_data()
        told = {**response.get_friendlyname_attributes(), **response.get_attributes()}
        index, assertion_id = response.get_session_index(), response.get_assertion_id()
    except Error as error:
        raise _refused(error) from None
    subject = Subject(
        named["Value"], named.get("Format"), named.get("NameQualifier"),
        named.get("SPNameQualifier"),
    )  # fmt: skip
    return Answer(
        _identity(subject, index, told),
        subject,
        response.get_in_response_to(),
        assertion_id,
        until + DRIFT,
    )


def decoded(message: str) -> bytes:
    """The XML of a base64 text, before any parser sees it; Refused when too large or suspicious."""
    if len(message) > LARGEST_MESSAGE:
        raise Refused("too_large", f"{len(message)} characters")
    try:
        text = base64.b64decode("".join(message.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("not_base64") from None
    check_text(text)
    return text


def _verified(message: str) -> OneLogin_Saml2_Response:
    try:
        response = OneLogin_Saml2_Response(toolkit(), message)
        response.is_valid(request_data(ANSWER), raise_exceptions=True)
    except (Error, OneLogin_Saml2_Error) as error:
        raise _refused(error) from None
    except etree.XMLSyntaxError as error:
        raise Refused("bad_xml", str(error)) from None
    except (xmlsec.Error, ValueError, AttributeError, TypeError) as error:
        raise Refused("invalid", repr(error)) from None
    except Exception as error:  # the toolkit raises just that for instants it cannot read
        if type(error) is not Exception:
            raise
        raise Refused("invalid", str(error)) from None
    return response


def _refused(error: Exception) -> Refused:
    known = REASONS.get(error.code, "invalid") if isinstance(error, Error) else "invalid"
    return Refused(known, str(error))


def _identity(subject: Subject, index: str | None, told: Mapping[str, list[Any]]) -> Identity:
    """Who it is: by the NameID exactly as it stands, or by the attribute of the settings."""
    settings = get_settings()

    def values(name: str) -> tuple[str, ...]:
        return tuple(value for value in told.get(name, ()) if isinstance(value, str))

    key, kind = subject.name_id, subject.name_id_format or Names.NAMEID_UNSPECIFIED
    if settings.saml_user_attribute:
        named = values(settings.saml_user_attribute)
        if len(named) != 1:
            raise Refused("no_user_attribute", f"{settings.saml_user_attribute}: {len(named)}")
        key, kind = named[0], f"attribute:{settings.saml_user_attribute}"
    elif kind == Names.NAMEID_TRANSIENT:
        raise Refused("transient_name_id", "another NameID format or SAML_USER_ATTRIBUTE is needed")
    if len(key) > LONGEST_NAME or not key.strip():
        raise Refused("bad_name_id", f"{len(key)} characters")
    email = next(iter(values(settings.saml_email_attribute)), None)
    name = next(iter(values(settings.saml_name_attribute)), None) or email or key
    return Identity(
        issuer=provider().entity_id,
        name_id=key,
        name_id_format=kind,
        session_index=index,
        name=name,
        email=email,
        groups=values(settings.saml_groups_attribute),
    )
