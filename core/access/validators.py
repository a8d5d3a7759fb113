"""What a password must be: no word of ours; more where graded protection is switched on."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.access import rules
from core.people import selectors as people
from core.people.models import User


class OurWordsValidator:
    """Not the platform's name, its trade or one's own organisation with a year behind it."""

    def validate(self, password: str, user: object = None) -> None:
        """Refuse what whoever knows the platform or the organisation would try first."""
        known = user.pk if isinstance(user, User) else None
        names = people.organisation_names(known) if known else []
        if rules.is_ours(password, names):
            raise ValidationError(
                _("密码只由平台、业务或本机构的名称加数字组成，容易被猜中，请再加几个别的字词。"),
                code="password_of_ours",
            )

    def get_help_text(self) -> str:
        return _("不能只由平台、业务或本机构的名称加数字组成。")


class ComplexityValidator:
    """At least three of lower case, upper case, digits and signs."""

    def validate(self, password: str, user: object = None) -> None:
        """Refuse a password of too few kinds of characters."""
        if rules.classes(password) < rules.LEAST_CLASSES:
            raise ValidationError(self.get_help_text(), code="password_too_plain")

    def get_help_text(self) -> str:
        return _("密码须包含大写字母、小写字母、数字、符号中的至少三类。")


class DifferentValidator:
    """A new password is not the old one: else rotation would be none."""

    def validate(self, password: str, user: object = None) -> None:
        check = getattr(user, "check_password", None)
        if check is not None and getattr(user, "pk", None) and check(password):
            raise ValidationError(_("新密码不能和现在的密码相同。"), code="password_unchanged")

    def get_help_text(self) -> str:
        return _("不能和现在的密码相同。")
