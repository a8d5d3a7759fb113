"""Mail by Django's backend: SMTP where EMAIL_URL names a server, files in development."""

from __future__ import annotations

from smtplib import SMTPException

from django.core.mail import EmailMultiAlternatives

from matching.exchanges.port import Letter


class DjangoPostman:
    """Carries letters as text with an HTML alternative."""

    def carry(self, letter: Letter) -> None:
        message = EmailMultiAlternatives(
            subject=letter.subject,
            body=letter.text,
            to=[letter.to],
            headers={"Message-ID": letter.message_id, **letter.headers},
        )
        message.attach_alternative(letter.html, "text/html")
        try:
            message.send()
        except SMTPException as problem:  # an OSError too, but for what the server refused
            raise OSError(str(problem)) from problem
