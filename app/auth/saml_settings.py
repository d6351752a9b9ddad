"""How Caseboard and its identity provider speak SAML: all of it from the settings.

No request is asked for anything here: Host and X-Forwarded-* say what the sender likes.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names
from onelogin.saml2.errors import OneLogin_Saml2_Error
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from app.auth.idp_metadata import Certificate, IdentityProvider, certificate
from app.settings import Settings, SettingsError, get_settings

METADATA, LOGIN, ANSWER, FINISH, LOGOUT, LOGOUT_MESSAGES = (
    f"/saml/{name}" for name in ("metadata", "login", "acs", "finish", "logout", "slo")
)
NEEDED = ("saml_idp_metadata", "saml_sp_key", "saml_sp_cert")
MAKE_A_PAIR = (
    "openssl req -x509 -newkey rsa:3072 -nodes -days 1095 -subj /CN=caseboard "
    "-keyout sp.key -out sp.crt"
)
WARN_BEFORE = timedelta(days=30)


def provider() -> IdentityProvider:
    """The identity provider; SettingsError when none is set."""
    found = get_settings().saml_idp_metadata
    if found is None:
        raise SettingsError(
            "CASEBOARD_SAML_IDP_METADATA is not set: name the file with your identity provider's "
            "metadata."
        )
    return found


def entity_id() -> str:
    """What the identity provider knows Caseboard as."""
    return get_settings().saml_sp_entity_id or address(METADATA)


def address(path: str) -> str:
    """The public address of one of our paths."""
    return get_settings().base_url.rstrip("/") + path


def request_data(path: str, **data: Any) -> dict[str, Any]:
    """A request as the toolkit wants to be told of it: it came to our public address."""
    parts = urlsplit(address(path))
    return {
        "https": "on" if parts.scheme == "https" else "off",
        "http_host": parts.netloc,
        "script_name": parts.path,
        **data,
    }


def toolkit() -> OneLogin_Saml2_Settings:
    """The toolkit's settings: strict, signed, nothing deprecated. SettingsError when unusable."""
    settings = get_settings()
    try:
        return OneLogin_Saml2_Settings(_told(settings, provider()))
    except OneLogin_Saml2_Error as error:
        raise SettingsError(f"The settings of SAML cannot be used: {error}") from None


def _told(settings: Settings, idp: IdentityProvider) -> Mapping[str, Any]:
    # The toolkit pastes addresses into XML as they are.
    logout = {
        "url": escape(idp.logout_url or ""),
        "responseUrl": escape(idp.logout_answer_url or ""),
        "binding": Names.BINDING_HTTP_REDIRECT,
    }
    return {
        "strict": True,
        "debug": False,
        "sp": {
            "entityId": entity_id(),
            "assertionConsumerService": {
                "url": address(ANSWER),
                "binding": Names.BINDING_HTTP_POST,
            },
            "singleLogoutService": {
                "url": address(LOGOUT_MESSAGES),
                "binding": Names.BINDING_HTTP_REDIRECT,
            },
            "NameIDFormat": Names.NAMEID_UNSPECIFIED,
            "x509cert": settings.saml_sp_cert,
            "privateKey": settings.saml_sp_key,
        },
        "idp": {
            "entityId": idp.entity_id,
            "singleSignOnService": {
                "url": escape(idp.login_url),
                "binding": Names.BINDING_HTTP_REDIRECT,
            },
            **({"singleLogoutService": logout} if idp.logout_url else {}),
            "x509certMulti": {"signing": [item.pem for item in idp.certificates]},
        },
        "security": {
            "authnRequestsSigned": True,
            "logoutRequestSigned": True,
            "logoutResponseSigned": True,
            "wantAssertionsSigned": True,
            "wantMessagesSigned": settings.saml_signed == "response",
            "wantNameId": True,
            # People may come without any attribute; what they then may do is for roles to say.
            "wantAttributeStatement": False,
            "allowRepeatAttributeName": False,
            "rejectDeprecatedAlgorithm": True,
            "signatureAlgorithm": Names.RSA_SHA256,
            "digestAlgorithm": Names.SHA256,
            # How somebody proves who they are is the identity provider's matter.
            "requestedAuthnContext": False,
            "allowSingleLabelDomains": True,
            # Providers that were given the metadata once would else forget it after two days.
            "metadataValidUntil": "",
            "metadataCacheDuration": "",
        },
    }


def refuse_incomplete(settings: Settings) -> None:
    """SettingsError when people are to sign in by SAML, and could not."""
    fault = wrong(settings) if settings.auth == "saml" else None
    if fault:
        raise SettingsError(f"CASEBOARD_AUTH is saml. {fault}")


def wrong(settings: Settings) -> str | None:
    """What is wrong with the settings of SAML, in words that say what to do; None: nothing."""
    missing = [f"CASEBOARD_{name.upper()}" for name in NEEDED if getattr(settings, name) is None]
    if missing:
        return f"Set {', '.join(missing)} too. A key and its certificate are made by: {MAKE_A_PAIR}"
    try:
        key = load_pem_private_key((settings.saml_sp_key or "").encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "CASEBOARD_SAML_SP_KEY cannot be read: give a private key in PEM without a password."
    if not isinstance(key, RSAPrivateKey):
        return f"CASEBOARD_SAML_SP_KEY is no RSA key. Make one by: {MAKE_A_PAIR}"
    try:
        own = load_pem_x509_certificate((settings.saml_sp_cert or "").encode())
    except ValueError:
        return "CASEBOARD_SAML_SP_CERT cannot be read: give the certificate in PEM."
    if own.public_key() != key.public_key():
        return "CASEBOARD_SAML_SP_CERT is not the certificate of CASEBOARD_SAML_SP_KEY."
    return None


def checked(now: datetime | None = None) -> list[tuple[str, str]]:
    """(`ok`, `warning` or `wrong`; what is so) of the identity provider and each certificate."""
    settings = get_settings()
    fault = wrong(settings)
    if fault:
        return [("wrong", fault)]
    idp = provider()
    found = [("ok", f"identity provider {idp.entity_id}")]
    if idp.logout_url is None:
        told = "it offers no single logout by HTTP-Redirect, so signing out ends here only"
        found.append(("warning", told))
    own = certificate(settings.saml_sp_cert or "")
    named = [("identity provider's", item) for item in idp.certificates] + [("own", own)]
    return found + [_lasting(whose, item, now or datetime.now(UTC)) for whose, item in named]


def _lasting(whose: str, item: Certificate, now: datetime) -> tuple[str, str]:
    told = f"{whose} certificate {item.fingerprint}"
    if item.ends <= now:
        return "wrong", f"{told} ended on {item.ends:%Y-%m-%d}: put the new one in its place"
    if item.ends - now <= WARN_BEFORE:
        return "warning", f"{told} ends on {item.ends:%Y-%m-%d}: add the new one beside it now"
    return "ok", f"{told} lasts until {item.ends:%Y-%m-%d}"
