"""Keys with their certificates, and the metadata of an identity provider that nobody runs."""

import datetime as dt
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

METADATA = """<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"
  xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{name}">
<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
{keys}<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
  Location="https://idp.example.com/slo?a=1&amp;b=2"/>
<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
  Location="https://idp.example.com/sso?a=1&amp;b=2"/>
</md:IDPSSODescriptor></md:EntityDescriptor>"""


@cache
def key_pair(name: str, bits: int = 2048, days: int = 365) -> tuple[str, str]:
    """(private key, self-signed certificate) in PEM; the same ones for the same name."""
    key = rsa.generate_private_key(65537, bits)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    begins = min(now, now + dt.timedelta(days=days)) - dt.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(now + dt.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


def bare(pem: str) -> str:
    """What stands between the first and the last line of a PEM text."""
    return "".join(line for line in pem.splitlines() if "-----" not in line)


def described(*certificates: str, name: str = "https://idp.example.com") -> str:
    """The metadata of an identity provider with these certificates."""
    keys = "".join(
        '<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>'
        f"{bare(pem)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for pem in certificates
    )
    return METADATA.format(keys=keys, name=name)


@cache
def complete() -> dict[str, str]:
    """The settings that a login by SAML needs, names without prefix."""
    key, certificate = key_pair("caseboard")
    return {
        "SAML_IDP_METADATA": described(key_pair("idp")[1]),
        "SAML_SP_KEY": key,
        "SAML_SP_CERT": certificate,
    }
