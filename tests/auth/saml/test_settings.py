"""What the operator sets: metadata of the identity provider, our key, and what doctor says of it."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from app.auth.idp_metadata import read
from app.auth.saml_metadata import metadata
from app.auth.saml_settings import checked, refuse_incomplete
from app.cli import main
from app.settings import SettingsError, get_settings, load
from tests.auth.keys import complete, described, key_pair
from tests.auth.people import SAML, settings, with_login

GOOD = described(key_pair("idp")[1], key_pair("idp-next")[1])


def test_metadata_may_be_text_or_a_file(tmp_path):
    path = tmp_path / "idp.xml"
    path.write_text(f"\ufeff{GOOD}")
    for told in (GOOD, f"\n  {GOOD}", f'<?xml version="1.0"?>{GOOD}', str(path)):
        found = read(told)
        assert found.entity_id == "https://idp.example.com"
        assert found.login_url == "https://idp.example.com/sso?a=1&b=2"
        assert found.logout_url == found.logout_answer_url == "https://idp.example.com/slo?a=1&b=2"
        assert len(found.certificates) == 2


def test_a_certificate_listed_twice_counts_once():
    pem = key_pair("idp")[1]
    assert len(read(described(pem, pem)).certificates) == 1


WEAK = described(key_pair("weak", bits=1024)[1])
BAD = {
    "https://idp.example.com/metadata": "is an address; download the metadata",
    "/no/such/file.xml": "neither XML nor a file that can be read",
    "<a>": "is not the XML of metadata",
    "<a/>": "describes 0 identity providers",
    "<!DOCTYPE x>" + GOOD: "is not the XML of metadata",
    f"<x>{GOOD}{GOOD}</x>": "describes 2 identity providers",
    described(): "holds no certificate",
    described("bm90IGE="): "holds a certificate that cannot be read",
    described("%%%"): "is not base64",
    WEAK: "an RSA key of 1024 bits",
    GOOD.replace("SingleSignOnService", "ArtifactResolutionService"): "lacks an entityID",
    GOOD.replace("https://idp.example.com/sso", "javascript:x"): "that is no web address",
    GOOD.replace('use="signing"', 'use="encryption"'): "holds no certificate",
}


@pytest.mark.parametrize("text", BAD, ids=[words[:30] for words in BAD.values()])
def test_metadata_that_cannot_be_used_say_why(text):
    with pytest.raises(SettingsError, match=re.escape(BAD[text])) as fault:
        load({"CASEBOARD_SAML_IDP_METADATA": text})
    assert "CASEBOARD_SAML_IDP_METADATA" in str(fault.value)


def test_keys_and_names_that_cannot_be_used_say_why():
    for name, text, words in (
        ("SAML_SP_KEY", "secret", "must be the text of a PEM file"),
        ("SAML_SP_CERT", key_pair("caseboard")[0], "must be the text of a PEM file"),
        ("SAML_SP_ENTITY_ID", 'urn:"x"', "must hold neither spaces nor quotes"),
        ("SAML_SIGNED", "nothing", "must be one of assertion, response"),
    ):
        with pytest.raises(SettingsError, match=words) as fault:
            load({f"CASEBOARD_{name}": text})
        assert "PRIVATE KEY-----\n" not in str(fault.value)


EMPTY_KEY = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("laid_over", "words"),
    [
        ({"SAML_IDP_METADATA": ""}, "Set CASEBOARD_SAML_IDP_METADATA too"),
        ({"SAML_SP_KEY": ""}, "openssl req -x509"),
        ({"SAML_SP_KEY": EMPTY_KEY}, "CASEBOARD_SAML_SP_KEY cannot be read"),
        ({"SAML_SP_CERT": key_pair("idp")[1]}, "is not the certificate of CASEBOARD_SAML_SP_KEY"),
    ],
)
def test_a_login_that_cannot_work_is_refused_at_the_start(laid_over, words):
    from app.server import create_app

    with with_login(BASE_URL="https://board.example.com", **laid_over):
        with pytest.raises(SettingsError, match=words):
            create_app()
        with settings(AUTH="none"):
            refuse_incomplete(get_settings())


def test_a_complete_login_starts():
    with with_login(BASE_URL="https://board.example.com"):
        refuse_incomplete(get_settings())


def test_our_metadata_say_where_and_with_which_key():
    with with_login(BASE_URL="https://board.example.com"):
        told = metadata()
        assert 'entityID="https://board.example.com/saml/metadata"' in told
        assert told.count('Location="https://board.example.com/saml/slo"') == 2
        assert 'Location="https://board.example.com/saml/acs"' in told
        assert 'WantAssertionsSigned="true"' in told
        assert "validUntil" not in told
        for line in key_pair("caseboard")[1].splitlines()[1:3]:
            assert line in "".join(told.split("\n")) or line in told
        assert "PRIVATE" not in told
        with settings(SAML_SP_ENTITY_ID="urn:example:caseboard"):
            assert 'entityID="urn:example:caseboard"' in metadata()


def test_doctor_looks_at_every_certificate():
    later = key_pair("later", days=365)[1]
    with with_login(SAML_IDP_METADATA=described(key_pair("soon", days=20)[1], later)):
        levels = [level for level, _ in checked()]
        assert levels == ["ok", "warning", "ok", "ok"]
        assert "add the new one beside it now" in checked()[1][1]
        told = checked(datetime.now(UTC) + timedelta(days=21))
        assert [level for level, _ in told] == ["ok", "wrong", "ok", "ok"]
    with with_login(SAML_IDP_METADATA=described(key_pair("ended", days=-1)[1])):
        assert [level for level, _ in checked()] == ["ok", "wrong", "ok"]
    without = described(later).replace("SingleLogoutService", "ManageNameIDService")
    with with_login(SAML_IDP_METADATA=without):
        assert "signing out ends here only" in checked()[1][1]


@pytest.mark.database
def test_doctor_tells_it(empty, capsys):
    with with_login():
        assert main(["doctor"]) == 0
        told = capsys.readouterr().out
        assert "saml: identity provider https://idp.example.com" in told
        assert re.search(r"saml: own certificate ([0-9A-F]{2}:){31}[0-9A-F]{2} lasts until", told)
        assert main(["doctor", "--settings"]) == 0
        shown = capsys.readouterr().out
        assert "CASEBOARD_SAML_SP_KEY=****" in shown
        assert "BEGIN PRIVATE KEY" not in shown
        with settings(SAML_IDP_METADATA=described(key_pair("soon", days=20)[1])):
            assert main(["doctor"]) == 0
            assert "saml: warning: identity provider's certificate" in capsys.readouterr().out
        with settings(SAML_IDP_METADATA=described(key_pair("ended", days=-1)[1])):
            assert main(["doctor"]) == 1
            assert "ended on" in capsys.readouterr().out
    assert main(["doctor"]) == 0
    assert "saml" not in capsys.readouterr().out


def test_what_is_complete_is_what_the_tests_lay_over():
    assert {f"CASEBOARD_{name}" for name in complete()}.isdisjoint(SAML)
