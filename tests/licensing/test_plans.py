"""Composing a fee plan: from parts typed one by one to a declaration or a proposal."""

from decimal import Decimal

import pytest
from django.urls import reverse

from core.people.types import Actor
from licensing.models import OpenDeclaration
from licensing.rules import fees, plans
from licensing.rules.fees import FeeMode, FeePart, PartKind, RoyaltyBase, Tier, parts_for
from licensing.services import deals
from licensing.services.fee_plans import write_plan
from licensing.web import plan_forms
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON
from tests.licensing.refusing import names
from tests.licensing.test_web import text

D = Decimal
ENTRY = FeePart(PartKind.ENTRY, amount=D(50_000))
ROYALTY = FeePart(
    PartKind.RUNNING,
    base=RoyaltyBase.NET_SALES,
    rate=D(3),
    floor=D(20_000),
    cap=D(500_000),
    tiers=(Tier(D(10_000_000), D(2)),),
)
MILESTONE = FeePart(PartKind.MILESTONE, amount=D(30_000), trigger="样机通过验收")


# --- rules ---------------------------------------------------------------------------------------


def test_a_plan_in_one_sentence():
    free = FeePart(PartKind.FREE_UNTIL, free_months=6)
    assert plans.sentence((ENTRY, free, ROYALTY, MILESTONE), months=36) == (
        "在 36 个月的许可期内，被许可人取得许可时付入门费 5 万元；前 6 个月免费使用；"
        "按净销售额的 3% 付提成，一年中超过 1,000 万元 的部分按 2%，每年至少 2 万元，"
        "每年至多 50 万元；达到“样机通过验收”并经确认后付 3 万元。"
        "无论销售多少都要付的合计 5 万元，另有提成、里程碑款。"
    )


def test_instalments_add_up_in_the_sentence():
    parts = [FeePart(PartKind.INSTALMENT, amount=D(10_000), due_days=n) for n in (0, 180)]
    assert plans.sentence(parts).endswith("合计 2 万元，此外不再付费。")


@pytest.mark.parametrize("mode", fees.OFFERED_MODES)
def test_the_five_modes_are_plain(mode):
    parts = parts_for(mode, amount=D(5), due_days=9, base=RoyaltyBase.PROFIT, rate=D(3), cap=D(9))
    assert plans.plain(parts)


@pytest.mark.parametrize(
    "parts",
    [
        (ROYALTY,),
        (ENTRY, MILESTONE),
        (FeePart(PartKind.LUMP, amount=D(5), due_days=30),),
        (FeePart(PartKind.FREE_UNTIL, free_months=6),),
    ],
)
def test_what_the_short_form_cannot_say_is_not_plain(parts):
    assert not plans.plain(parts)


@pytest.mark.parametrize("text", ["1000万 2", "1000000", "1 2 3", "NaN 2", "1e5000000 x"])
def test_a_tier_nobody_understands_names_its_line(text):
    with pytest.raises(ValueError, match="第 1 行"):
        plans.tiers_from(text)


def test_tiers_survive_being_written_out():
    tiers = plans.tiers_from("10,000,000 2%\n\n50000000 1.5")
    assert tiers == (Tier(D(10_000_000), D(2)), Tier(D(50_000_000), D("1.5")))
    assert plans.tiers_from(plans.tiers_text(tiers)) == tiers


@pytest.mark.parametrize("kind", PartKind)
def test_every_error_of_an_empty_part_has_its_field(kind):
    for error in fees.part_errors(FeePart(kind)):
        assert plans.field_of(error, kind) in plans.FIELDS[kind]


@pytest.mark.parametrize(
    ("do", "order"),
    [
        ("up:2", "bac"), ("down:2", "acb"), ("remove:1", "bc"), ("up:1", "abc"),
        ("down:3", "abc"), ("remove:9", "abc"), ("remove:x", "abc"), ("add:nothing", "abc"),
    ],
)  # fmt: skip
def test_buttons_reorder(do, order):
    raws = [{"kind": "lump", "amount": name} for name in "abc"]
    assert "".join(raw["amount"] for raw in plan_forms.changed(raws, do)) == order


def test_no_more_than_twelve_parts():
    raws = [{"kind": "lump"}] * plans.MOST_PARTS
    assert plan_forms.changed(raws, "add:lump") == raws


@pytest.mark.parametrize(
    "parts", [(ENTRY, ROYALTY, MILESTONE), (FeePart(PartKind.EQUITY, share=D(5)),)]
)
def test_a_plan_survives_the_form(parts):
    form = plan_forms.PlanForm(plan_forms.raw_of(parts), judged=True)
    assert form.is_valid()
    assert form.parts() == parts


# --- pages ---------------------------------------------------------------------------------------


@pytest.fixture
def office(db):
    return make.office(region="310115")


def filled(*parts, **more):
    data = {}
    for number, raw in enumerate(plan_forms.raw_of(parts), start=1):
        data |= {f"p{number}-{name}": value for name, value in raw.items()}
    return data | more


def test_a_new_declaration_from_composed_parts(client, office):
    patent = lic.patent(office)
    client.force_login(office.user)
    url = reverse("licensing:plan", args=["patent", patent])
    assert "还没有付费项" in text(client.get(url))
    page = client.post(url, {"do": "add:entry"})
    assert 'name="p1-amount"' in page.content.decode()
    said = filled(ENTRY, ROYALTY, do="preview", sales="20,000,000")
    told = text(client.post(url, said))
    assert "无论销售多少都要付的合计 5 万元" in told
    # 10,000,000 × 3 % + 10,000,000 × 2 % = 500,000 (the cap), + 50,000 in the first year
    assert "550,000" in told
    assert "占比" in told
    done = client.post(url, said | {"do": "save"})
    row = OpenDeclaration.objects.get()
    assert done.url == reverse("licensing:declaration-edit", args=[row.pk])
    assert row.plan.terms() == (ENTRY, ROYALTY)
    edit = client.get(done.url)
    assert "保留组合方案：" in text(edit)
    client.post(done.url, {"mode": "composed", "months": "24", "revision": row.revision})
    row.refresh_from_db()
    assert (row.months, row.plan.terms()) == (24, (ENTRY, ROYALTY))


def test_errors_stand_at_their_part_and_nothing_is_lost(client, office):
    row = lic.draft(office)
    client.force_login(office.user)
    url = reverse("licensing:plan", args=["declaration", row.pk])
    said = {
        "p1-kind": "milestone", "p1-trigger": "通过验收", "p1-amount": "一百",
        "p2-kind": "running", "p2-rate": "300", "p2-tiers": "很多 2", "do": "save",
    }  # fmt: skip
    page = client.post(url, said)
    assert page.status_code == 422
    told = page.content.decode()
    assert "第 1 项（里程碑款）" in told
    assert "第 2 项（提成）" in told
    assert 'value="通过验收"' in told
    assert 'value="一百"' in told
    assert "很多 2" in told
    moved = client.post(url, said | {"do": "up:2"}).content.decode()
    assert 'name="p1-rate" value="300"' in moved
    assert 'name="p2-amount" value="一百"' in moved
    row.refresh_from_db()
    assert row.revision == 1


@pytest.mark.parametrize("name", ["p007-kind", "p0-kind", "p１-kind"])
def test_a_part_numbered_oddly_is_no_part(client, office, name):
    row = lic.draft(office)
    client.force_login(office.user)
    url = reverse("licensing:plan", args=["declaration", row.pk])
    assert client.post(url, {name: "lump", "do": "save"}).status_code == 422


def test_a_piece_of_the_page_names_the_parts_in_error(client, office):
    row = lic.draft(office)
    client.force_login(office.user)
    url = reverse("licensing:plan", args=["declaration", row.pk])
    piece = client.post(
        url, {"p1-kind": "lump", "p1-amount": "0", "do": "preview"}, headers={"HX-Request": "true"}
    )
    assert "<html" not in piece.content.decode()
    assert "第 1 项（一次总付）：请填写大于 0 的金额" in text(piece)


def test_a_colleague_was_faster(client, office):
    row = lic.draft(office)
    client.force_login(office.user)
    url = reverse("licensing:plan", args=["declaration", row.pk])
    first = client.post(url, filled(ENTRY, ROYALTY, do="save", seen=str(row.revision)))
    assert first.status_code == 302
    late = client.post(url, filled(ENTRY, do="save", seen=str(row.revision)))
    assert late.status_code == 422
    assert "刚被同事修改过" in text(late)


def test_an_announced_declaration_leads_back(client, office):
    row = lic.declaration(office)
    client.force_login(office.user)
    url = reverse("licensing:plan", args=["declaration", row.pk])
    assert client.get(url).url == reverse("licensing:declaration", args=[row.pk])
    refused = client.post(url, filled(ENTRY, do="save", seen=str(row.revision)))
    assert refused.status_code == 422
    row.refresh_from_db()
    assert row.plan.mode == FeeMode.FIXED


def test_a_version_of_the_terms_from_composed_parts(client, db):
    at = given.table()
    row = given.talking(at)
    url = reverse("licensing:plan", args=["deal", row.pk])
    client.force_login(at.firm.user)
    done = client.post(url, filled(ENTRY, ROYALTY, MILESTONE, do="save", seen="0"))
    assert done.url == reverse("licensing:deal", args=[row.pk])
    version = row.versions.get()
    assert version.plan.terms() == (ENTRY, ROYALTY, MILESTONE)
    assert version.side == "taker"
    deals.answer_terms(
        deal_id=row.pk, version=1, accept=False, reason="太低", by=at.holder, now=lic.NOON
    )
    again = client.get(reverse("licensing:deal-step", args=[row.pk, "propose"]))
    assert "保留组合方案：" in text(again)
    assert url in again.content.decode()


def test_a_stranger_composes_nothing(client, office):
    row = lic.draft(office)
    stranger = make.office(region="310115")
    client.force_login(stranger.user)
    url = reverse("licensing:plan", args=["declaration", row.pk])
    assert client.post(url, filled(ENTRY, do="save")).status_code == 404
    assert client.get(reverse("licensing:plan", args=["loan", row.pk])).status_code == 404
    row.refresh_from_db()
    assert row.plan.mode == FeeMode.FIXED
    assert actor(stranger).organisation_id != row.licensor_id


def test_programs_reckon_a_plan_without_storing_it(client, office):
    client.force_login(office.user)
    parts = [
        {"kind": "entry", "amount": "50000.00"},
        {"kind": "running", "base": "net_sales", "rate": "3"},
    ]
    url = reverse("licensing-api:plan-estimate")
    found = client.post(
        url, {"fee_parts": parts, "base": "1000000.00", "months": 12}, "application/json"
    ).json()
    assert found["forecast"]["total"] == "80000.00"
    assert "入门费 5 万元" in found["sentence"]
    refused = client.post(url, {"fee_parts": [{"kind": "lump"}]}, "application/json")
    assert refused.status_code == 422


@pytest.mark.django_db
@pytest.mark.parametrize("rate", ["-0.1", "100.1"])
def test_agreed_interest_is_a_yearly_rate_of_at_most_a_hundred_percent(rate):
    known = {"by": Actor.system(), "now": NOON}
    names("mode", ask=lambda: write_plan((ENTRY, ROYALTY), late_rate=D(rate), **known))
    for fits in (D(0), D(100)):
        plan = write_plan((ENTRY, ROYALTY), late_rate=fits, **known)
        assert plan.late_rate == fits
        assert list(plan.parts.order_by("position").values_list("position", flat=True)) == [1, 2]
