"""The metadata of an identity provider: who it is, where it answers, which keys it signs with."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML as Xml

LARGEST = 5_000_000
LEAST_RSA_BITS = 2048
# A key for encryption only never signs; one without a use does both.
SIGNING = "./md:KeyDescriptor[not(@use) or @use='signing']//ds:X509Certificate"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate in PEM, until when it lasts, and the SHA-256 by which people compare it."""

    pem: str
    ends: datetime
    fingerprint: str

    def __str__(self) -> str:
        """The fingerprint and the last day."""
        return f"{self.fingerprint} until {self.ends:%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """Who says who somebody is. Without `logout_url` it knows no single logout."""

    entity_id: str
    login_url: str
    logout_url: str | None
    logout_answer_url: str | None
    certificates: tuple[Certificate, ...]

    def __str__(self) -> str:
        """What people compare with what the provider shows."""
        return f"{self.entity_id} (certificates {', '.join(map(str, self.certificates))})"


def read(text: str) -> IdentityProvider:
    """The provider of a metadata document, or of the file at a path; ValueError says what to mend.

    It is never fetched: whoever answered that request would be whom Caseboard trusts.
    """
    if text.startswith(("http://", "https://")):
        raise ValueError("is an address; download the metadata and name the file")
    if not text.lstrip("\ufeff \t\r\n").startswith("<"):
        try:
            text = Path(text).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeError) as error:
            raise ValueError(f"is neither XML nor a file that can be read: {error}") from None
    if len(text) > LARGEST:
        raise ValueError("is larger than 5 MB; give only your own identity provider's metadata")
    try:
        document = Xml.to_etree(text.strip("\ufeff \t\r\n"))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ValueError(f"is not the XML of metadata: {error}") from None
    return _provider(document)


def certificate(pem: str) -> Certificate:
    """A certificate of its PEM text; ValueError when it cannot be read."""
    try:
        read_one = x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise ValueError(f"holds a certificate that cannot be read: {error}") from None
    key = read_one.public_key()
    if isinstance(key, RSAPublicKey) and key.key_size < LEAST_RSA_BITS:
        raise ValueError(
            f"holds a certificate with an RSA key of {key.key_size} bits; "
            f"it needs {LEAST_RSA_BITS} at least"
        )
    digest = read_one.fingerprint(hashes.SHA256()).hex(":").upper()
    return Certificate(pem, read_one.not_valid_after_utc.astimezone(UTC), digest)


def _provider(document: etree._Element) -> IdentityProvider:
    found = Xml.query(document, "//md:EntityDescriptor[md:IDPSSODescriptor]")
    if len(found) != 1:
        raise ValueError(f"describes {len(found)} identity providers, must describe one")
    descriptor = Xml.query(found[0], "./md:IDPSSODescriptor")[0]
    login = _place(descriptor, "SingleSignOnService", "Location")
    if not found[0].get("entityID") or not login:
        raise ValueError("lacks an entityID or a SingleSignOnService with HTTP-Redirect")
    certificates = tuple(
        certificate(_pem("".join((node.text or "").split())))
        for node in Xml.query(descriptor, SIGNING)
    )
    if not certificates:
        raise ValueError("holds no certificate to check signatures with")
    logout = _place(descriptor, "SingleLogoutService", "Location")
    answers = _place(descriptor, "SingleLogoutService", "ResponseLocation") or logout
    # A certificate may be listed for each of several protocols.
    distinct = {item.fingerprint: item for item in certificates}
    return IdentityProvider(
        found[0].get("entityID"), login, logout, answers, tuple(distinct.values())
    )


def _place(descriptor: etree._Element, service: str, attribute: str) -> str | None:
    path = f"./md:{service}[@Binding='{Names.BINDING_HTTP_REDIRECT}']/@{attribute}"
    places = Xml.query(descriptor, path)
    if places and not places[0].startswith(("http://", "https://")):
        raise ValueError(f"has a {service} that is no web address")
    return str(places[0]) if places else None


def _pem(text: str) -> str:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"holds a certificate that is not base64: {error}") from None
    lines = base64.encodebytes(raw).decode()
    return f"-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n"
