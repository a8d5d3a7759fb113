"""Letters about an account, which its owner needs whatever notices are switched off."""

from __future__ import annotations

from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string


def send(*, to: str, subject: str, template: str, **context: object) -> None:
    """Send a plain letter from `templates/letters/`; OSError when the mail server does not take it.

    Called by consumers of events, which try again.
    """
    text = render_to_string(f"letters/{template}.txt", {"site": settings.PUBLIC_URL, **context})
    prefix = settings.ACCOUNT_EMAIL_SUBJECT_PREFIX
    message = EmailMessage(subject=f"{prefix}{subject}", body=text.strip() + "\n", to=[to])
    try:
        message.send()
    except SMTPException as problem:
        raise OSError(str(problem)) from problem
