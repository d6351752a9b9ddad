"""What a picture is given once it is drawn: words that go with the file, and nothing that acts."""

import re
import struct
import zlib
from collections.abc import Mapping

from lxml import etree

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Pixels in a metre at 96 in an inch, so that a sharper picture is not a larger one in a document.
METRE = 3_780
ACTS = {"script", "foreignObject", "animate", "animateMotion", "animateTransform", "set", "a"}
HERE = re.compile(r"(?i)#|data:image/(png|jpeg);base64,")
POINTS = re.compile(r"(?i)url\(\s*[\"']?(?!#)")
SVG = "{http://www.w3.org/2000/svg}"


class NotAPicture(Exception):
    """What came out of the browser is not what was asked for."""


def finished_png(drawn: bytes, texts: Mapping[str, str], scale: int) -> bytes:
    """The PNG with texts (`Title`, `Description`, ...) and its resolution in it."""
    if not drawn.startswith(SIGNATURE) or drawn[12:16] != b"IHDR":
        raise NotAPicture("the browser drew no PNG")
    end = len(SIGNATURE) + 25  # behind the header, which comes first and has one size
    told = b"".join(_chunk(b"iTXt", _international(key, text)) for key, text in texts.items())
    dots = _chunk(b"pHYs", struct.pack(">IIB", METRE * scale, METRE * scale, 1))
    return drawn[:end] + dots + told + drawn[end:]


def finished_svg(drawn: str) -> bytes:
    """The SVG without anything that acts or leads elsewhere, as UTF-8 with its declaration."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(drawn.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise NotAPicture(f"the browser drew no SVG: {error}") from None
    if root.tag != f"{SVG}svg" or root.getroottree().docinfo.doctype:
        raise NotAPicture("the browser drew no SVG")
    for element in list(root.iter()):
        name = etree.QName(element).localname if isinstance(element.tag, str) else "script"
        if name in ACTS and element.getparent() is not None:
            element.getparent().remove(element)
            continue
        _disarm(element)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _disarm(element: etree._Element) -> None:
    if element.tag == f"{SVG}style" and (
        POINTS.search(element.text or "") or "@" in str(element.text)
    ):
        element.text = ""
    for key, value in list(element.attrib.items()):
        name = etree.QName(key).localname.lower()
        leads = name in {"href", "src"} and not HERE.match(str(value))
        if name.startswith("on") or leads or POINTS.search(str(value)):
            del element.attrib[key]


def _international(key: str, text: str) -> bytes:
    """A text in any script: keyword, neither compressed nor in a named language."""
    return key.encode("latin-1") + b"\0\0\0\0\0" + text.encode()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
