"""Caseboard's own metadata, to be given to the identity provider."""

from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML as Xml

from app.auth.saml_settings import LOGOUT_MESSAGES, address, toolkit


def metadata() -> str:
    """The XML: where answers and logout messages go, and the certificate of our signatures."""
    document = Xml.to_etree(toolkit().get_sp_metadata())
    [by_redirect] = Xml.query(document, "./md:SPSSODescriptor/md:SingleLogoutService")
    by_form = etree.SubElement(by_redirect.getparent(), by_redirect.tag)
    by_form.set("Binding", Names.BINDING_HTTP_POST)
    by_form.set("Location", address(LOGOUT_MESSAGES))
    by_redirect.addnext(by_form)
    return str(etree.tostring(document, encoding="unicode"))
