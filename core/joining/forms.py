"""What is asked of whoever wants an organisation to take part."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.joining.rules import NOT_BY_ASKING
from core.joining.selectors import place
from core.joining.services import Paper
from core.people import rules as codes
from core.people.models import OrganisationKind, User

KINDS = [
    (code, lazy(label)) for code, label in OrganisationKind.choices if code not in NOT_BY_ASKING
]


class OrganisationForm(forms.Form):
    """The organisation and whom to ask about it."""

    name = forms.CharField(
        label=lazy("机构全称"), max_length=200, help_text=lazy("与营业执照或登记证书一致。")
    )
    uscc = forms.CharField(
        label=lazy("统一社会信用代码"),
        max_length=40,
        help_text=lazy("18 位，在营业执照或事业单位法人证书上；空格和横线可以照抄。"),
    )
    kind = forms.ChoiceField(label=lazy("机构类型"), choices=[("", lazy("请选择")), *KINDS])
    region = forms.CharField(
        label=lazy("所在地"),
        max_length=60,
        required=False,
        help_text=lazy("写省、市、区（县）名称或六位代码；不填则按信用代码第 3–8 位。"),
    )
    person = forms.CharField(label=lazy("您的姓名"), max_length=60)
    phone = forms.CharField(
        label=lazy("联系电话"),
        max_length=30,
        required=False,
        help_text=lazy("只给审核的人看，材料有疑问时联系您。"),
    )
    evidence = forms.FileField(
        label=lazy("证明材料"),
        help_text=lazy("营业执照、法人证书或盖章的授权书，PDF、PNG 或 JPG，不超过 10 MB。"),
    )
    remark = forms.CharField(
        label=lazy("补充说明"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    examples = {
        "name": lazy("东海某某科技有限公司"),
        "uscc": "91310115MA10001800",
        "region": lazy("上海市浦东新区"),
    }

    def clean_uscc(self) -> str:
        code = codes.clean_uscc(self.cleaned_data["uscc"])
        if problem := codes.uscc_error(code):
            raise forms.ValidationError(problem)
        return code

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("region") or ("uscc" in data and "region" in data):
            found = place(data["region"], uscc=data.get("uscc", ""))
            if found.candidates:
                could_be = "、".join(found.candidates)
                told = _("有几个地方叫这个名字，请写全：%(names)s。")
                self.add_error("region", told % {"names": could_be})
            elif not found.code:
                self.add_error(
                    "region", _("找不到这个行政区划，请写全省、市、区（县）名称，或填六位代码。")
                )
            data["region"] = found.code
        return data

    def paper(self) -> Paper:
        data = self.cleaned_data
        names = ("name", "uscc", "kind", "region", "person", "phone", "remark")
        return Paper(**{name: data[name] for name in names})


class StrangerForm(OrganisationForm):
    """The same, with the account that is opened once the address is confirmed."""

    email = forms.EmailField(
        label=lazy("工作邮箱"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=lazy("以后用它登录；我们会发一封确认邮件。"),
    )
    password = forms.CharField(
        label=lazy("密码"),
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    consent = forms.BooleanField(
        label=lazy("我已阅读隐私说明，同意为办理入驻和账户处理上面填写的个人信息")
    )
    groups: ClassVar[list[Any]] = [
        (lazy("机构"), "", ["name", "uscc", "kind", "region", "evidence", "remark"]),
        (lazy("账户"), "", ["person", "phone", "email", "password", "consent"]),
    ]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = " ".join(password_validators_help_texts())

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if "password" in data:
            user = User(email=data.get("email", ""), display_name=data.get("person", ""))
            try:
                validate_password(data["password"], user)
            except forms.ValidationError as problem:
                self.add_error("password", problem)
        return data

    def password_hash(self) -> str:
        return make_password(self.cleaned_data["password"])


class NoteForm(forms.Form):
    """What the applicant is told."""

    note = forms.CharField(
        label=lazy("告诉申请人"), max_length=1000, widget=forms.Textarea(attrs={"rows": 4})
    )


class WelcomeForm(forms.Form):
    """The same, when there is nothing that must be said."""

    note = forms.CharField(
        label=lazy("告诉申请人"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class SupplyForm(forms.Form):
    """What was missing."""

    remark = forms.CharField(
        label=lazy("补充说明"), max_length=1000, widget=forms.Textarea(attrs={"rows": 4})
    )
    evidence = forms.FileField(
        label=lazy("新的证明材料"),
        required=False,
        help_text=lazy("PDF、PNG 或 JPG，不超过 10 MB；不上传则沿用原来的。"),
    )
