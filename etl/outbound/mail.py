"""Handing a mail to its server: once, within time limits, and saying what became of it."""

import contextlib
import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from app.message_values import MailServer
from etl.errors import Later, Refused, Unsure

TIMEOUT_SECONDS = 20.0
LONGEST_SUBJECT = 200
SETTING = "CASEBOARD_SMTP_URL"
FAULTS = (OSError, smtplib.SMTPException)


def letter(
    sender: str, to: tuple[str, ...], subject: str, plain: str, html: str, *, key: str, at: datetime
) -> EmailMessage:
    """A mail with a plain and an HTML part.

    `key` names what it tells: the same key, the same Message-ID, by which a reader knows a copy.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Subject"] = " ".join(subject.split())[:LONGEST_SUBJECT]
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{key}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(plain, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message


def send(server: MailServer, sender: str, to: tuple[str, ...], message: EmailMessage) -> str:
    """Hand a mail over; tells in words who does not get it, nothing when all do.

    Raises Later or Refused when it was surely not sent, Unsure when nobody knows.
    """
    smtp = _connected(server)
    try:
        try:
            _greet(smtp, server)
            refused = _envelope(smtp, sender, to)
        except smtplib.SMTPResponseException as fault:
            raise _answered(server, fault.smtp_code, fault.smtp_error) from None
        except FAULTS as fault:
            raise Later(f"The mail server {server} {_cause(fault)}; nothing was sent.") from None
        _hand_over(smtp, server, message)
    finally:
        # The letter is taken, or it is not: how the conversation ends does not matter.
        with contextlib.suppress(*FAULTS):
            smtp.quit()
        smtp.close()
    return "; ".join(f"{name} was refused ({why})" for name, why in refused.items())


def greet(server: MailServer) -> None:
    """Go as far as the login, and leave. Raises Later or Refused when we are not taken."""
    smtp = _connected(server)
    try:
        _greet(smtp, server)
    except smtplib.SMTPResponseException as fault:
        raise _answered(server, fault.smtp_code, fault.smtp_error) from None
    except FAULTS as fault:
        raise Later(f"The mail server {server} {_cause(fault)}.") from None
    finally:
        with contextlib.suppress(*FAULTS):
            smtp.quit()
        smtp.close()


def _connected(server: MailServer) -> smtplib.SMTP:
    try:
        if server.tls != "wrapped":
            return smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        secure = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=secure)
    except smtplib.SMTPResponseException as fault:
        raise _answered(server, fault.smtp_code, fault.smtp_error) from None
    except FAULTS as fault:
        told = f"The mail server {server} {_cause(fault)}; check {SETTING} and the way to it."
        raise Later(told) from None


def _greet(smtp: smtplib.SMTP, server: MailServer) -> None:
    """Protect the connection where it is not yet, and log in."""
    smtp.ehlo_or_helo_if_needed()
    if server.tls == "starttls":
        if smtp.has_extn("starttls"):
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
        elif server.user:
            raise Refused(
                f"The mail server {server} offers no STARTTLS, and a password is not sent "
                f"unprotected; nothing was sent. Use smtps:// in {SETTING}, or leave the login out."
            )
    if server.user and server.password:
        try:
            smtp.login(server.user, server.password)
        except smtplib.SMTPNotSupportedError:
            raise Refused(
                f"The mail server {server} takes no login; leave it out of {SETTING}."
            ) from None
        except smtplib.SMTPAuthenticationError as fault:
            raise Refused(
                f"The mail server {server} refuses our login ({_words(fault.smtp_error)}); "
                f"check user and password in {SETTING}."
            ) from None


def _envelope(smtp: smtplib.SMTP, sender: str, to: tuple[str, ...]) -> dict[str, str]:
    """Say who it is from and for; tells who was refused. Raises when nobody is left."""
    code, words = smtp.mail(sender)
    if code != 250:
        raise smtplib.SMTPResponseException(code, words)
    refused: dict[str, str] = {}
    for address in to:
        code, words = smtp.rcpt(address)
        if code not in (250, 251):
            refused[address] = f"{code} {_words(words)}"
    if len(refused) == len(to):
        raise smtplib.SMTPResponseException(code, words)
    return refused


def _hand_over(smtp: smtplib.SMTP, server: MailServer, message: EmailMessage) -> None:
    """Send the letter itself: from its first byte on, only an answer tells whether it is taken."""
    try:
        code, words = smtp.data(message.as_bytes())
    except smtplib.SMTPDataError as fault:
        raise _answered(server, fault.smtp_code, fault.smtp_error) from None
    except FAULTS as fault:
        raise Unsure(
            f"The mail server {server} {_cause(fault)} while it took the mail: nobody knows "
            "whether it was sent."
        ) from None
    if code != 250:
        raise _answered(server, code, words)


def _answered(server: MailServer, code: int, words: bytes | str) -> Later | Refused:
    """What a refusal in the middle means: 4xx asks to come back, others will not change."""
    told = f"The mail server {server} refuses the mail: {code} {_words(words)}."
    if 400 <= code < 500:
        return Later(told)
    return Refused(f"{told} Check {SETTING}, CASEBOARD_MAIL_FROM and CASEBOARD_MAIL_TO.")


def _words(told: bytes | str) -> str:
    text = told.decode("utf-8", "replace") if isinstance(told, bytes) else told
    return " ".join(text.split())[:300]


def _cause(fault: BaseException) -> str:
    if isinstance(fault, ssl.SSLCertVerificationError):
        return (
            f"shows a certificate that cannot be trusted ({fault.verify_message}); a CA of your "
            "own is named by SSL_CERT_FILE"
        )
    if isinstance(fault, ssl.SSLError):
        return f"cannot be spoken to in TLS ({fault.reason or fault})"
    if isinstance(fault, TimeoutError):
        return "did not answer in time"
    if isinstance(fault, ConnectionRefusedError):
        return "cannot be reached (connection refused)"
    if isinstance(fault, smtplib.SMTPServerDisconnected | ConnectionError):
        return "broke off the connection"
    return f"cannot be spoken to ({_words(str(fault))})"
