"""Pages: the people of one's organisation, and the link of an invitation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Conflict, DomainError, Missing
from core.idempotency.web import submitted
from core.members import selectors, services
from core.people import selectors as people
from core.people.models import User
from core.people.types import Role
from core.permissions import Permission, require
from core.templatetags.ui import role_name
from core.web.doors import login_needed
from core.web.forms import attempt
from core.web.limits import too_many, within_limit
from core.web.types import Request


class MemberForm(forms.Form):
    """What a colleague is here."""

    roles = forms.MultipleChoiceField(
        label=_("角色"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("决定能看到和办理什么；可以不止一个。"),
    )
    administrator = forms.BooleanField(
        label=_("机构管理员"),
        required=False,
        help_text=_("可以邀请、修改和移除成员，答复加入申请。"),
    )

    def __init__(self, *args: Any, choices: list[Role], **kwargs: Any):
        super().__init__(*args, **kwargs)
        field: Any = self.fields["roles"]
        field.choices = [(role.value, role_name(role)) for role in choices]
        if len(choices) == 1:
            field.initial = [choices[0].value]


class InviteForm(MemberForm):
    """The same for somebody who is not here yet."""

    email = forms.EmailField(label=_("对方的工作邮箱"), max_length=254)
    field_order = ("email", "roles", "administrator")


class AccountForm(forms.Form):
    """The account of somebody who was invited and has none."""

    display_name = forms.CharField(label=_("姓名"), max_length=60)
    password = forms.CharField(
        label=_("密码"),
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    consent = forms.BooleanField(label=_("我已阅读隐私说明，同意为开通账户处理我的姓名和工作邮箱"))

    def __init__(self, *args: Any, email: str, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.email = email
        self.fields["password"].help_text = " ".join(password_validators_help_texts())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "password" in data:
            user = User(email=self.email, display_name=data.get("display_name", ""))
            try:
                validate_password(data["password"], user)
            except forms.ValidationError as problem:
                self.add_error("password", problem)
        return data


def _choices(request: Request, held: tuple[str, ...] = ()) -> list[Role]:
    kind = people.organisation(request.actor.organisation_id or 0).kind
    give = selectors.roles_to_give(kind, viewer=request.actor)
    return list(dict.fromkeys([*give, *(Role(role) for role in held)]))


@require_GET
@login_needed
def index(request: Request) -> HttpResponse:
    """The people of the organisation acted for."""
    actor = request.actor
    if actor.organisation_id is None:
        return redirect("core:acting-as")
    context = {
        "members": selectors.members(viewer=actor),
        "invitations": selectors.pending(viewer=actor),
        "organisation": people.organisation(actor.organisation_id),
        "now": timezone.now(),
    }
    return render(request, "core/members.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_needed
def invite(request: Request) -> HttpResponse:
    """Ask a colleague in."""
    require(request.actor, Permission.MANAGE_MEMBERS)
    sent = request.POST if request.method == "POST" else None
    form = InviteForm(sent, choices=_choices(request))

    def run() -> str:
        services.invite(**form.cleaned_data, by=request.actor, now=timezone.now())
        messages.success(request, _("邀请已发出，链接七天内有效。"))
        return reverse("core:members")

    if form.is_valid():
        if not within_limit(request, "invite", str(request.actor.organisation_id)):
            return too_many(request)
        if done := submitted(request, form, run):
            return done
    return _answer(request, "core/member_invite.html", form, {})


def _answer(request: Request, page: str, form: forms.Form, more: dict[str, Any]) -> HttpResponse:
    status = 422 if form.is_bound and form.errors else 200
    return render(request, page, {"form": form, **more}, status=status)


def _member(request: Request, user_id: int) -> selectors.Member:
    found = selectors.member(user_id, viewer=request.actor)
    if found is None:
        raise Missing("本机构没有这位成员。")
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@login_needed
def edit(request: Request, user_id: int) -> HttpResponse:
    """Change a colleague's roles."""
    row = _member(request, user_id)
    require(request.actor, Permission.MANAGE_MEMBERS)
    form = MemberForm(
        request.POST if request.method == "POST" else None,
        choices=_choices(request, row.roles),
        initial={"roles": row.roles, "administrator": row.administrator},
    )

    def run() -> str:
        services.set_roles(
            user_id=user_id, **form.cleaned_data, by=request.actor, now=timezone.now()
        )
        messages.success(request, _("已保存，对方会收到通知。"))
        return reverse("core:members")

    if done := submitted(request, form, run):
        return done
    return _answer(request, "core/member_edit.html", form, {"member": row})


@require_http_methods(["GET", "HEAD", "POST"])
@login_needed
def remove(request: Request, user_id: int) -> HttpResponse:
    """Remove a colleague, or leave."""
    row = _member(request, user_id)
    leaves = user_id == request.actor.user_id
    if not leaves:
        require(request.actor, Permission.MANAGE_MEMBERS)
    form = forms.Form(request.POST if request.method == "POST" else None)

    def run() -> str:
        services.remove(user_id=user_id, by=request.actor, now=timezone.now())
        messages.success(request, _("已退出本机构。") if leaves else _("已移除。"))
        return "/" if leaves else reverse("core:members")

    if done := submitted(request, form, run):
        return done
    return _answer(request, "core/member_remove.html", form, {"member": row, "leaves": leaves})


def _button(command: Any, told: Any) -> Any:
    """Something done to an invitation at once."""

    @require_POST
    @login_needed
    def view(request: Request, invitation_id: int) -> HttpResponse:
        try:
            command(invitation_id=invitation_id, by=request.actor, now=timezone.now())
            messages.success(request, told)
        except Conflict as refusal:
            messages.error(request, refusal.message)
        return redirect("core:members")

    return view


resend = _button(services.resend, _("邀请已重发，原来的链接作废。"))
revoke = _button(services.revoke, _("邀请已撤销，链接作废。"))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def accept(request: Request, link: str) -> HttpResponse:
    """Where the letter leads: log in, open an account, or just say yes."""
    now = timezone.now()
    try:
        row = services.behind(link, now=now)
    except Missing as problem:
        context = {"problem": _(problem.message)}
        return render(request, "core/member_accept.html", context, status=404)
    if not request.actor.is_anonymous:
        return _accept_as_user(request, link, row)
    if services.has_account(row):
        login = f"{reverse('account_login')}?{urlencode({'next': request.path})}"
        return redirect(login)
    sent = request.POST if request.method == "POST" else None
    form = AccountForm(sent, email=row.email)
    if form.is_valid():
        done = attempt(
            form,
            lambda: services.accept_as_new(
                link=link,
                display_name=form.cleaned_data["display_name"],
                password_hash=make_password(form.cleaned_data["password"]),
                now=now,
            ),
        )
        if done is not None:
            messages.success(request, _("账户已开通，请登录。"))
            return redirect("account_login")
    return _answer(request, "core/member_accept.html", form, {"row": row})


def _accept_as_user(request: Request, link: str, row: Any) -> HttpResponse:
    fits = request.user.email == row.email
    if request.method == "POST" and fits:
        try:
            services.accept(link=link, by=request.actor, now=timezone.now())
        except DomainError as problem:
            refused = {"problem": problem.message}
            return render(request, "core/member_accept.html", refused, status=problem.status)
        messages.success(request, _("已加入。在右上角“切换身份”可以代表这家机构。"))
        return redirect("core:acting-as")
    context = {"row": row, "fits": fits, "known": True}
    return render(request, "core/member_accept.html", context, status=200 if fits else 403)


urlpatterns = [
    path("members/", index, name="members"),
    path("members/invite/", invite, name="member-invite"),
    path("members/accept/<str:link>/", accept, name="member-accept"),
    path("members/invitations/<int:invitation_id>/resend/", resend, name="member-resend"),
    path("members/invitations/<int:invitation_id>/revoke/", revoke, name="member-revoke"),
    path("members/<int:user_id>/", edit, name="member"),
    path("members/<int:user_id>/remove/", remove, name="member-remove"),
]
