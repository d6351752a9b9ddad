"""Answers of an identity provider as an attacker would have them, and a verifier that they fool."""

import base64
import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from tests.auth.keys import key_pair
from tests.auth.saml.idp import Provider

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
NAMES = {"saml": SAML, "samlp": SAMLP, "ds": DS}
Element = etree._Element
Change = Callable[[Element], object]


def one(element: Element, path: str) -> Element:
    [found] = element.xpath(path, namespaces=NAMES)
    return found


def assertion_of(document: Element) -> Element:
    return document.xpath("//saml:Assertion", namespaces=NAMES)[0]


def sign(
    element: Element, pair: tuple[str, str], *, method=xmlsec.Transform.RSA_SHA256,
    digest=xmlsec.Transform.SHA256, transforms=(xmlsec.Transform.ENVELOPED,
    xmlsec.Transform.EXCL_C14N), uri: str | None = None, hmac_key: bytes | None = None,
) -> None:  # fmt: skip
    """Sign an element in place, right behind its Issuer, as its schema wants it."""
    signature = xmlsec.template.create(element, xmlsec.Transform.EXCL_C14N, method, ns="ds")
    element.find(f"{{{SAML}}}Issuer").addnext(signature)
    reference = xmlsec.template.add_reference(
        signature, digest, uri=f"#{element.get('ID')}" if uri is None else uri
    )
    for transform in transforms:
        xmlsec.template.add_transform(reference, transform)
    context = xmlsec.SignatureContext()
    if hmac_key is None:
        data = xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
        xmlsec.template.x509_data_add_certificate(data)
        context.key = xmlsec.Key.from_memory(pair[0], xmlsec.KeyFormat.PEM)
        context.key.load_cert_from_memory(pair[1].encode(), xmlsec.KeyFormat.CERT_PEM)
    else:
        context.key = xmlsec.Key.from_binary_data(xmlsec.KeyData.HMAC, hmac_key)
    xmlsec.tree.add_ids(element.getroottree().getroot(), ["ID"])
    context.sign(signature)


def parsed(xml: str) -> Element:
    return etree.fromstring(xml.encode())


def written(document: Element) -> str:
    return etree.tostring(document, encoding="unicode")


def forged(
    xml: str, provider: Provider, *, change: Change | None = None, signed: str = "both",
    after: Change | None = None, key: str | None = None, **how,
) -> str:  # fmt: skip
    """An unsigned answer, changed, signed (`assertion`, `response`, `both`, `none`), changed again."""
    document = parsed(xml)
    if change:
        change(document)
    pair = key_pair(key) if key else provider.pair
    if signed in ("assertion", "both"):
        sign(assertion_of(document), pair, **how)
    if signed in ("response", "both"):
        sign(document, pair, **how)
    if after:
        after(document)
    return written(document)


# Changes, each to a whole answer.


def attribute(path: str, name: str, value: str | None) -> Change:
    """Set an attribute of the one element at a path, or take it away."""

    def change(document: Element) -> None:
        element = document if path == "." else one(document, path)
        if value is None:
            element.attrib.pop(name)
        else:
            element.set(name, value)

    return change


def text(path: str, value: str) -> Change:
    def change(document: Element) -> None:
        one(document, path).text = value

    return change


def gone(path: str) -> Change:
    def change(document: Element) -> None:
        element = one(document, path)
        element.getparent().remove(element)

    return change


def all_of(*changes: Change) -> Change:
    def change(document: Element) -> None:
        for each in changes:
            each(document)

    return change


def stamp(**away: float) -> str:
    """An instant, some time away from now, as SAML writes it."""
    return (datetime.now(UTC) + timedelta(**away)).strftime("%Y-%m-%dT%H:%M:%SZ")


def commented(document: Element) -> None:
    """Split the NameID by a comment: the signature, which leaves comments out, still holds."""
    name = one(document, "//saml:NameID")
    whole = name.text
    name.text = whole[:5]
    comment = etree.Comment("")
    comment.tail = whole[5:]
    name.append(comment)


# Signature wrapping: the signed part stays somewhere, an evil one is read. The classic eight.


def _evil(element: Element, *, keep_signature: bool = False) -> Element:
    """A copy that says that the attacker is the victim, under an identifier of its own."""
    twin = copy.deepcopy(element)
    if not keep_signature:
        for signature in twin.xpath("./ds:Signature", namespaces=NAMES):
            twin.remove(signature)
    for name in twin.xpath(".//saml:NameID", namespaces=NAMES):
        name.text = "victim"
    if twin.tag.endswith("}Response"):
        for inner in twin.xpath("./saml:Assertion", namespaces=NAMES):
            for signature in inner.xpath("./ds:Signature", namespaces=NAMES):
                inner.remove(signature)
    twin.set("ID", f"_evil{twin.get('ID')[:8]}")
    return twin


def _bare(element: Element) -> Element:
    twin = copy.deepcopy(element)
    for signature in twin.xpath("./ds:Signature", namespaces=NAMES):
        twin.remove(signature)
    return twin


def _own_signature(element: Element) -> Element:
    return copy.deepcopy(one(element, "./ds:Signature"))


def _behind_issuer(element: Element, signature: Element) -> None:
    element.find(f"{{{SAML}}}Issuer").addnext(signature)


def xsw1(document: Element) -> Element:
    """Evil Response with the signature, in which the original Response lies."""
    evil, signature = _evil(document), _own_signature(document)
    _behind_issuer(evil, signature)
    signature.append(_bare(document))
    return evil


def xsw2(document: Element) -> Element:
    """Evil Response with the signature, the original Response beside it."""
    evil, signature = _evil(document), _own_signature(document)
    _behind_issuer(evil, signature)
    signature.addprevious(_bare(document))
    return evil


def xsw3(document: Element) -> Element:
    """Evil Assertion before the original one."""
    original = assertion_of(document)
    original.addprevious(_evil(original))
    return document


def xsw4(document: Element) -> Element:
    """Evil Assertion around the original one."""
    original = assertion_of(document)
    evil = _evil(original)
    original.addprevious(evil)
    evil.append(original)
    return document


def xsw5(document: Element) -> Element:
    """Evil Assertion with the original signature, the original Assertion at the end."""
    original = assertion_of(document)
    evil = _evil(original)
    _behind_issuer(evil, _own_signature(original))
    original.addprevious(evil)
    bare = _bare(original)
    document.remove(original)
    document.append(bare)
    return document


def xsw6(document: Element) -> Element:
    """Evil Assertion with the original signature, in which the original Assertion lies."""
    original = assertion_of(document)
    evil, signature = _evil(original), _own_signature(original)
    _behind_issuer(evil, signature)
    signature.append(_bare(original))
    original.addprevious(evil)
    document.remove(original)
    return document


def xsw7(document: Element) -> Element:
    """Evil Assertion in Extensions, where the schema lets anything be."""
    original = assertion_of(document)
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(_evil(original))
    one(document, "./saml:Issuer").addnext(extensions)
    return document


def xsw8(document: Element) -> Element:
    """Evil Assertion with the original signature, the original Assertion in its Object."""
    original = assertion_of(document)
    evil, signature = _evil(original), _own_signature(original)
    _behind_issuer(evil, signature)
    holder = etree.SubElement(signature, f"{{{DS}}}Object")
    holder.append(_bare(original))
    original.addprevious(evil)
    document.remove(original)
    return document


# Which of the two must be signed for the wrapping, and how.
WRAPPINGS: dict[str, tuple[str, Callable[[Element], Element]]] = {
    "xsw1": ("response", xsw1),
    "xsw2": ("response", xsw2),
    "xsw3": ("assertion", xsw3),
    "xsw4": ("assertion", xsw4),
    "xsw5": ("assertion", xsw5),
    "xsw6": ("assertion", xsw6),
    "xsw7": ("assertion", xsw7),
    "xsw8": ("assertion", xsw8),
}


HASHES = {
    f"{DS}rsa-sha1": hashes.SHA1, f"{DS}sha1": hashes.SHA1,
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": hashes.SHA256,
    "http://www.w3.org/2001/04/xmlenc#sha256": hashes.SHA256,
}  # fmt: skip


NAME_ID = "saml:Assertion/saml:Subject/saml:NameID"


def naive(message: str) -> set[str]:
    """Who it is to verifiers as people write them; raises when even those are not fooled.

    If there is a signature, it must be right, by the certificate that comes with it, for whatever
    element has the identifier that it names. Then one takes the first NameID of the document, the
    other the first one in its proper place, up to what splits its text.
    """
    document = etree.fromstring(base64.b64decode(message))
    signatures = document.xpath("//ds:Signature", namespaces=NAMES)
    if signatures:
        _naively_verified(document, signatures[0])
    paths = ("//saml:NameID", f"/samlp:Response/{NAME_ID}")
    return {str(document.xpath(path, namespaces=NAMES)[0].text) for path in paths}


def _naively_verified(document: Element, signature: Element) -> None:
    certificate = x509.load_der_x509_certificate(
        base64.b64decode(one(signature, "./ds:KeyInfo//ds:X509Certificate").text)
    )
    signed = one(signature, "./ds:SignedInfo")
    reference = one(signed, "./ds:Reference")
    target = copy.deepcopy(document.xpath("//*[@ID=$id]", id=reference.get("URI")[1:])[0])
    target.tail = None
    for enveloped in target.xpath("./ds:Signature", namespaces=NAMES):
        target.remove(enveloped)
    digest = hashes.Hash(HASHES[one(reference, "./ds:DigestMethod").get("Algorithm")]())
    digest.update(_canonical(target))
    if digest.finalize() != base64.b64decode(one(reference, "./ds:DigestValue").text):
        raise ValueError("the digest differs")
    certificate.public_key().verify(
        base64.b64decode(one(signature, "./ds:SignatureValue").text),
        _canonical(signed),
        padding.PKCS1v15(),
        HASHES[one(signed, "./ds:SignatureMethod").get("Algorithm")](),
    )


def _canonical(element: Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
