"""Settings are typed, read once, and refused with everything that is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.setting_values import SlaPolicy
from app.settings import SettingsError, load

SECRET = "s3cret-" + "x" * 40


def test_without_any_variable_the_defaults_hold():
    settings = load({"PATH": "/bin"})
    assert settings.sla == SlaPolicy((14, 20, 90, 180))
    assert settings.closed_statuses == ("closed",)
    assert settings.database_url is None


def test_all_faults_are_told_at_once_each_with_its_variable():
    with pytest.raises(SettingsError) as fault:
        load(
            {
                "CASEBOARD_DATABASE_URL": "mysql://x",
                "CASEBOARD_SECRET_KEY": "short",
                "CASEBOARD_SLA": "1,2,3",
                "CASEBOARD_LOG_LEVEL": "loud",
                "CASEBOARD_DATABASE_URI": "postgresql://x",
                "CASEBOARD_NONSENSE": "1",
            }
        )
    message = str(fault.value)
    for words in (
        "CASEBOARD_DATABASE_URL must begin with postgresql://",
        "CASEBOARD_SECRET_KEY has 5 characters",
        "CASEBOARD_SLA is '1,2,3'",
        "CASEBOARD_LOG_LEVEL is 'loud'",
        "CASEBOARD_DATABASE_URI is not a setting; did you mean CASEBOARD_DATABASE_URL?",
        "CASEBOARD_NONSENSE is not a setting",
    ):
        assert words in message


def test_secrets_are_never_shown():
    settings = load({"CASEBOARD_SECRET_KEY": SECRET, "CASEBOARD_REDIS_URL": f"redis://:{SECRET}@h"})
    assert settings.secret_key == SECRET
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings.shown())
    with pytest.raises(SettingsError) as fault:
        load({"CASEBOARD_DATABASE_URL": f"mysql://user:{SECRET}@host"})
    assert SECRET not in str(fault.value)


def test_a_secret_may_lie_in_a_file(tmp_path):
    path = tmp_path / "key"
    path.write_text(f"{SECRET}\n")
    settings = load({"CASEBOARD_SECRET_KEY_FILE": str(path)})
    assert settings.secret_key == SECRET
    assert settings.sources["secret_key"] == "CASEBOARD_SECRET_KEY_FILE"
    with pytest.raises(SettingsError, match="both set"):
        load({"CASEBOARD_SECRET_KEY": SECRET, "CASEBOARD_SECRET_KEY_FILE": str(path)})
    with pytest.raises(SettingsError, match="cannot be read"):
        load({"CASEBOARD_SECRET_KEY_FILE": str(tmp_path / "nowhere")})


def test_an_account_may_have_targets_of_its_own():
    sla = load({"CASEBOARD_SLA": '{"1": 7, "accounts": {"Acme": {"2": 3}}}'}).sla
    assert sla.days == (7, 20, 90, 180)
    assert sla.accounts["Acme"] == (7, 3, 90, 180)


def test_a_status_map_is_laid_over_the_default():
    settings = load({"CASEBOARD_STATUS_MAP": '{"Done": "closed", "New": "vendor"}'})
    assert set(settings.closed_statuses) == {"closed", "done"}
    assert settings.status_map["New"] == "vendor"
    with pytest.raises(SettingsError, match="must be one of us, customer"):
        load({"CASEBOARD_STATUS_MAP": '{"Done": "finished"}'})


@given(text=st.text(max_size=60))
def test_any_text_is_a_setting_or_a_told_fault(text):
    for name in ("SLA", "STATUS_MAP", "DATABASE_URL", "SECRET_KEY", "BASE_URL"):
        try:
            load({f"CASEBOARD_{name}": text})
        except SettingsError as fault:
            assert f"CASEBOARD_{name}" in str(fault)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("SMTP_URL", "http://host", "must begin with smtp:// or smtps://"),
        ("SMTP_URL", "smtp://", "names no host"),
        ("SMTP_URL", "smtp://host:99999", "port"),
        ("SMTP_URL", f"smtp://me:{SECRET}/x@host", ""),
        ("SMTP_URL", "smtp://me@host", "both a user and a password"),
        ("SMTP_URL", "smtp://host?tls=off", "?starttls=no"),
        ("SMTP_URL", f"smtp://me:{SECRET}@host?starttls=no", "unprotected"),
        ("MAIL_FROM", "Board <board@example.com>", "not a mail address"),
        ("MAIL_FROM", "a@example.com\r\nBcc: b@example.com", "not a mail address"),
        ("MAIL_TO", "a@example.com, ,b@example.com", "not a mail address"),
        ("REPORT_SCHEDULE", "every monday", "must be a cron line"),
        ("REPORT_SCHEDULE", "0 0 31 2 *", "must be a cron line"),
        ("REPORT_VIEW", "severity=9", "severity: '9' is not one of 1, 2, 3, 4"),
        ("REPORT_CHANNEL", "<!channel>", "must be a channel"),
    ],
)
def test_settings_of_the_report_are_refused_with_what_is_wrong(name, text, words):
    with pytest.raises(SettingsError) as fault:
        load({f"CASEBOARD_{name}": text})
    assert f"CASEBOARD_{name} " in str(fault.value)
    assert words in str(fault.value)
    assert SECRET not in str(fault.value)


def test_a_mail_server_is_read_and_its_password_never_shown():
    told = f"smtp://me%40example.com:{SECRET}%2F@mail.example.com:587"
    settings = load({"CASEBOARD_SMTP_URL": told, "CASEBOARD_MAIL_TO": "a@x.org, b@x.org,a@x.org"})
    server = settings.smtp_url
    assert (server.host, server.port, server.tls) == ("mail.example.com", 587, "starttls")
    assert (server.user, server.password) == ("me@example.com", f"{SECRET}/")
    assert settings.mail_to == ("a@x.org", "b@x.org")
    for shown in (str(server), repr(server), repr(settings), str(settings.shown())):
        assert SECRET not in shown
    assert load({"CASEBOARD_SMTP_URL": "smtps://h"}).smtp_url.port == 465
