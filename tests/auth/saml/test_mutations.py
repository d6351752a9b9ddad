"""Right answers with something changed: refused, or exactly who they were; never a fault of ours.

TEST_SAML_MUTATIONS=100000 makes it as long as you like.
"""

import base64
import copy
import os
import random

import pytest

from app.auth.saml import read_answer
from app.auth.saml_checks import Refused
from tests.auth.saml.forging import forged, parsed, written
from tests.auth.saml.idp import Person, encoded

pytestmark = pytest.mark.database

MUTATIONS = int(os.environ.get("TEST_SAML_MUTATIONS", "500"))
BYTES = b"<>&\"'/=! \x00\xff#:;-?[]aA0"
ANNA = Person("anna", "Anna", ["support", "others"])


@pytest.fixture(scope="module", params=["assertion", "both"])
def right(door, request):
    """A right answer, and who it is."""
    xml = forged(door.unsigned(door.ask(door.browser()), ANNA), door.provider, signed=request.param)
    return xml, read_answer(encoded(xml))


def judged(message: bytes, right) -> bool:
    """Whether it was believed; then it must say what the right one says."""
    try:
        found = read_answer(base64.b64encode(message).decode())
    except Refused:
        return False
    assert found.identity == right.identity
    assert found.subject == right.subject
    assert found.assertion_id == right.assertion_id
    assert found.in_response_to == right.in_response_to
    assert found.until == right.until
    return True


def test_bytes_changed(right):
    xml, answer = right
    chance = random.Random(6)
    believed = 0
    for _ in range(MUTATIONS):
        told = bytearray(xml.encode())
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            place = chance.randrange(len(told))
            match chance.randrange(4):
                case 0:
                    told[place] = chance.choice(BYTES)
                case 1:
                    told.insert(place, chance.choice(BYTES))
                case 2:
                    del told[place]
                case 3:
                    end = min(len(told), place + chance.randrange(1, 200))
                    told[place:place] = told[place:end]
        believed += judged(bytes(told), answer)
    assert believed < MUTATIONS / 10


def test_elements_moved_copied_and_dropped(right):
    xml, answer = right
    chance = random.Random(7)
    for _ in range(MUTATIONS // 2):
        document = parsed(xml)
        for _ in range(chance.choice((1, 1, 2, 3))):
            _stir(document, chance)
        judged(written(document).encode(), answer)


def _stir(document, chance: random.Random) -> None:
    elements = [element for element in document.iter() if element.getparent() is not None]
    if not elements:
        return
    one, other = chance.choice(elements), chance.choice([document, *elements])
    match chance.randrange(6):
        case 0:
            one.getparent().remove(one)
        case 1:
            other.insert(chance.randrange(len(other) + 1), copy.deepcopy(one))
        case 2:
            if other not in one.iter():
                other.insert(chance.randrange(len(other) + 1), one)
        case 3:
            one.text = chance.choice(("victim", "", "board-admins", other.text))
        case 4:
            name = chance.choice(list(one.attrib) or ["ID"])
            one.set(name, chance.choice((*other.attrib.values(), "", "#x", "2026-01-01T00:00:00Z")))
        case 5:
            one.tag = other.tag
