"""A sheet from writer to reviewer to public: versions, reviews, files, what can never be stored."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import Membership
from core.people.types import Role
from listings import selectors, services
from listings.models import Listing, SheetDesk, SheetFile, SheetReview, SheetVersion
from listings.models.sheets import SheetState
from listings.selectors.offering import sheets
from listings.types import Contrast, Gain
from tests.factories import core
from tests.factories import listings as make
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.4 test"


@pytest.fixture
def writer() -> Membership:
    return core.office()


@pytest.fixture
def reviewer(writer: Membership) -> Membership:
    return core.MembershipFactory(role=Role.OFFICE, organisation=writer.organisation)


def reviewed(member: Membership) -> None:
    services.set_sheet_policy(review_required=True, by=core.actor(member), now=NOON)


def public(writer: Membership) -> Listing:
    return Listing.objects.get(patent=make.listed_patent(writer))


def edit(listing: Listing, by: Membership, **fields: Any) -> int:
    listing.refresh_from_db()
    return services.edit_listing(
        listing_id=listing.pk,
        offer=make.offer(**fields),
        version=listing.version,
        by=core.actor(by),
        now=NOON,
    )


def submit(listing: Listing, by: Membership) -> None:
    services.submit_sheet(listing_id=listing.pk, by=core.actor(by), now=NOON)


def approve(listing: Listing, by: Membership, version: int, **more: Any) -> None:
    services.approve_sheet(
        listing_id=listing.pk, version=version, by=core.actor(by), now=NOON, **more
    )


def send_back(listing: Listing, by: Membership, version: int, remarks: str = "写清数字") -> None:
    services.send_back_sheet(
        listing_id=listing.pk, version=version, remarks=remarks, by=core.actor(by), now=NOON
    )


def told(member: Membership) -> list[str]:
    rows = Notice.objects.filter(user=member.user, kind="sheet.review").order_by("pk")
    return [row.title.partition("：")[0] for row in rows]


def test_every_save_is_a_version_and_an_older_one_can_be_put_back(writer: Membership) -> None:
    listing = make.draft(make.patent(writer))
    edit(listing, writer, problem="乙", gains=(Gain("寿命", Decimal("2"), "年", "旧款 1 年"),))
    edit(listing, writer, problem="乙", gains=(Gain("寿命", Decimal("2"), "年", "旧款 1 年"),))
    found = sheets.sheet_versions(listing.patent_id, viewer=core.actor(writer))
    assert (found[0].number, set(found[0].changed)) == (2, {"problem", "gains"})
    assert len(found) == 2, "the same text again is no version"
    assert found[0].saved_by == str(writer.user)
    services.restore_sheet(listing_id=listing.pk, number=1, by=core.actor(writer), now=NOON)
    listing.refresh_from_db()
    assert listing.problem == make.offer().problem
    assert listing.gains == []
    newest = SheetVersion.objects.get(listing=listing, number=3)
    assert newest.restored_from == 1
    assert AuditEntry.objects.filter(event="sheet.put_back").count() == 1


def test_a_text_that_came_by_another_door_is_kept_before_it_is_written_over(
    writer: Membership,
) -> None:
    listing = make.draft(make.patent(writer))
    Listing.objects.filter(pk=listing.pk).update(problem="由导入写入")
    edit(listing, writer, problem="人工改写")
    kept = SheetVersion.objects.filter(listing=listing).order_by("number")
    assert [v.content["problem"] for v in kept] == [
        make.offer().problem, "由导入写入", "人工改写",
    ]  # fmt: skip


def test_without_the_rule_an_edit_of_a_listed_sheet_is_public_at_once(writer: Membership) -> None:
    listing = public(writer)
    edit(listing, writer, summary="一句话", scenes=("冷库",), trl=7)
    card = selectors.card(listing.patent_id, viewer=core.actor(core.enterprise()))
    assert (card.summary, card.scenes, card.trl) == ("一句话", ("冷库",), 7)
    desk = SheetDesk.objects.get(listing=listing)
    assert desk.head_id == desk.live_id
    assert OutboxEvent.objects.filter(name="patent.changed").exists()


def test_with_the_rule_the_public_text_is_pinned_until_a_colleague_approves(
    writer: Membership, reviewer: Membership
) -> None:
    listing = public(writer)
    reviewed(writer)
    edit(listing, writer, problem="新写法", contrasts=(Contrast("成本", "高", "低"),))
    anyone = core.actor(core.enterprise())
    assert selectors.card(listing.patent_id, viewer=anyone).problem == make.offer().problem
    assert not OutboxEvent.objects.filter(name="patent.changed").exists()
    mine = sheets.sheet(listing.patent_id, viewer=core.actor(writer))
    assert (mine.offer.problem, mine.waits, mine.head, mine.live) == ("新写法", True, 2, 1)
    submit(listing, writer)
    assert told(reviewer) == ["推介表待审核"]
    assert told(writer) == []
    approve(listing, reviewer, 2)
    assert selectors.card(listing.patent_id, viewer=anyone).problem == "新写法"
    assert told(writer) == ["推介表已审核通过"]
    assert OutboxEvent.objects.filter(name="patent.changed").count() == 1
    assert not sheets.sheet(listing.patent_id, viewer=core.actor(writer)).waits


def test_nobody_approves_their_own_text_while_a_colleague_could(
    writer: Membership, reviewer: Membership
) -> None:
    listing = make.draft(make.patent(writer))
    edit(listing, writer, problem="自己写的")
    submit(listing, reviewer)
    with pytest.raises(NotAllowed) as refusal:
        approve(listing, writer, 2)
    assert refusal.value.code == "four-eyes"
    approve(listing, reviewer, 2)
    assert SheetReview.objects.get(listing=listing).by_author is False


def test_the_only_member_may_approve_and_it_is_recorded(writer: Membership) -> None:
    reviewed(writer)
    row = make.patent(writer)
    listing = make.draft(row)
    edit(listing, writer, problem="一个人的办公室")
    with pytest.raises(Conflict) as refusal:
        services.publish_listing(listing_id=listing.pk, by=core.actor(writer), now=NOON)
    assert refusal.value.code == "sheet-not-reviewed"
    submit(listing, writer)
    listing.refresh_from_db()
    assert listing.status == "submitted"
    approve(listing, writer, 2, publish=True)
    listing.refresh_from_db()
    assert listing.status == "listed"
    assert SheetReview.objects.get(listing=listing).by_author is True
    entry = AuditEntry.objects.get(event="sheet.approved")
    assert entry.changes == {"version": 2, "by_author": True}


def test_the_rule_never_hides_a_patent_without_a_sheet(writer: Membership) -> None:
    reviewed(writer)
    by, row = core.actor(writer), make.patent(writer)
    pk = services.draft_listing(patent_id=row.pk, offer=type(make.offer())(), by=by, now=NOON)
    services.publish_listing(listing_id=pk, by=by, now=NOON)
    assert Listing.objects.get(pk=pk).status == "listed"
    assert services.publish_stock(patent_ids=[make.patent(writer).pk], by=by, now=NOON).listed == 1


def test_many_at_once_obey_the_rule_too(writer: Membership) -> None:
    reviewed(writer)
    by, row = core.actor(writer), make.patent(writer)
    listing = make.draft(row)
    done = services.publish_stock(patent_ids=[row.pk], by=by, now=NOON)
    assert done.listed == 0
    assert [b.code for b in done.refused[row.pk]] == ["sheet-not-reviewed"]
    submit(listing, writer)
    approve(listing, writer, 1)
    assert services.publish_stock(patent_ids=[row.pk], by=by, now=NOON).listed == 1
    desk = SheetDesk.objects.get(listing=listing)
    assert desk.live_id == desk.head_id


def test_sent_back_with_remarks_then_mended_and_handed_in_again(
    writer: Membership, reviewer: Membership
) -> None:
    listing = make.draft(make.patent(writer))
    submit(listing, writer)
    with pytest.raises(Invalid) as refusal:
        send_back(listing, reviewer, 1, remarks="  ")
    assert "remarks" in refusal.value.fields
    send_back(listing, reviewer, 1)
    listing.refresh_from_db()
    assert listing.status == "draft"
    assert SheetDesk.objects.get(listing=listing).state == "returned"
    assert told(writer) == ["推介表已退回修改"]
    edit(listing, writer, problem="写清了数字")
    submit(listing, writer)
    assert [r.label for r in sheets.reviews(listing.pk)] == ["等待审核", "退回修改"]


def test_an_edit_during_the_review_ends_it(writer: Membership, reviewer: Membership) -> None:
    listing = make.draft(make.patent(writer))
    submit(listing, writer)
    edit(listing, writer, problem="又改了")
    listing.refresh_from_db()
    assert listing.status == "draft"
    with pytest.raises(Conflict) as refusal:
        approve(listing, reviewer, 1)
    assert refusal.value.code == "not-in-review"
    submit(listing, writer)
    with pytest.raises(Conflict) as refusal:
        approve(listing, reviewer, 1)
    assert refusal.value.code == "edited-meanwhile", "the reviewer had read version 1"


def test_an_empty_sheet_is_not_handed_in(writer: Membership) -> None:
    by, row = core.actor(writer), make.patent(writer)
    pk = services.draft_listing(patent_id=row.pk, offer=type(make.offer())(), by=by, now=NOON)
    with pytest.raises(Invalid, match="空的"):
        services.submit_sheet(listing_id=pk, by=by, now=NOON)


def test_files_go_public_with_the_text_they_belong_to(
    writer: Membership, reviewer: Membership
) -> None:
    listing = public(writer)
    reviewed(writer)
    by, anyone = core.actor(writer), core.actor(core.enterprise())
    upload = SimpleUploadedFile("报告.pdf", PDF)
    key = services.add_sheet_file(
        listing_id=listing.pk, file=upload, caption="第三方", by=by, now=NOON
    )
    assert sheets.attachment(listing.patent_id, key, viewer=by).name == "报告.pdf"
    with pytest.raises(Missing):
        sheets.attachment(listing.patent_id, key, viewer=anyone)
    submit(listing, writer)
    approve(listing, reviewer, 2)
    assert sheets.attachment(listing.patent_id, key, viewer=anyone).name == "报告.pdf"
    edit(listing, writer, problem="附件还在")
    assert sheets.sheet(listing.patent_id, viewer=by).files[0].id == key
    services.remove_sheet_file(listing_id=listing.pk, file_id=key, by=by, now=NOON)
    assert sheets.sheet(listing.patent_id, viewer=by).files == ()
    with pytest.raises(Invalid):
        services.add_sheet_file(
            listing_id=listing.pk,
            file=SimpleUploadedFile("a.exe", b"MZ"),
            caption="",
            by=by,
            now=NOON,
        )


STRANGER: list[Any] = [
    lambda pk, by: services.submit_sheet(listing_id=pk, by=by, now=NOON),
    lambda pk, by: services.approve_sheet(listing_id=pk, version=1, by=by, now=NOON),
    lambda pk, by: services.send_back_sheet(listing_id=pk, version=1, remarks="x", by=by, now=NOON),
    lambda pk, by: services.restore_sheet(listing_id=pk, number=1, by=by, now=NOON),
    lambda pk, by: services.add_sheet_file(
        listing_id=pk, file=SimpleUploadedFile("a.pdf", PDF), caption="", by=by, now=NOON
    ),
    lambda pk, by: services.remove_sheet_file(listing_id=pk, file_id=1, by=by, now=NOON),
]


@pytest.mark.parametrize("command", STRANGER)
def test_a_stranger_is_refused_and_changes_nothing(command: Any, writer: Membership) -> None:
    listing = public(writer)
    before = AuditEntry.objects.count()
    for stranger in (core.office(), core.enterprise(), core.bureau()):
        with pytest.raises((Missing, NotAllowed)):
            command(listing.pk, core.actor(stranger))
    assert AuditEntry.objects.count() == before


def test_only_an_office_sets_its_own_rule() -> None:
    for member in (core.enterprise(), core.inventor(), core.broker()):
        with pytest.raises(NotAllowed):
            reviewed(member)


def test_where_every_sheet_stands_in_a_fixed_number_of_queries(
    writer: Membership, reviewer: Membership, django_assert_max_num_queries: Any
) -> None:
    by = core.actor(writer)
    bare, drafted = make.patent(writer), make.draft(make.patent(writer))
    waiting, back = make.draft(make.patent(writer)), make.draft(make.patent(writer))
    ready, live = make.draft(make.patent(writer)), public(writer)
    for listing in (waiting, back, ready):
        submit(listing, writer)
    send_back(back, reviewer, 1)
    approve(ready, reviewer, 1)
    assert sheets.sheet_counts(viewer=by) == {
        "to_write": 2, "in_review": 1, "returned": 1, "ready": 1, "live": 1,
    }  # fmt: skip
    with django_assert_max_num_queries(7):
        rows = list(sheets.sheet_rows(viewer=by))
        lines = {line.patent_id: line for line in sheets.sheet_lines(rows)}
    assert len(lines) == 6
    assert lines[bare.pk].state == lines[drafted.patent_id].state == "to_write"
    assert lines[waiting.patent_id].state == "in_review"
    assert (lines[live.patent_id].state, lines[live.patent_id].live) == ("live", 1)
    assert lines[live.patent_id].whole.points > lines[bare.pk].whole.points
    assert [r.pk for r in sheets.sheet_rows(viewer=by, state="returned")] == [back.patent_id]
    assert list(sheets.sheet_rows(viewer=core.actor(core.office()))) == []


def refuses(constraint: str, act: Any) -> None:
    with pytest.raises(DatabaseError, match=constraint), transaction.atomic():
        act()


def test_what_can_never_be_stored(writer: Membership) -> None:
    listing = make.draft(make.patent(writer))
    version = SheetVersion.objects.get(listing=listing)
    common: dict[str, Any] = {"listing": listing, "content": {}, "saved_at": NOON}
    common["saved_by"] = "system"
    refuses("sheet_version_once", lambda: SheetVersion.objects.create(number=1, **common))
    refuses("sheet_version_from_1", lambda: SheetVersion.objects.create(number=0, **common))
    refuses(
        "sheet_version_restores_older",
        lambda: SheetVersion.objects.create(number=2, restored_from=2, **common),
    )
    refuses("sheet_version_append_only|Cannot update", lambda: version.save())
    desks = SheetDesk.objects.filter(listing=listing)
    refuses("sheet_state_known", lambda: desks.update(state="lost"))
    handed: dict[str, Any] = {
        "listing": listing, "version": version, "submitted_at": NOON, "submitted_by": "system",
    }  # fmt: skip
    review = SheetReview.objects.create(**handed)
    refuses("sheet_review_one_open", lambda: SheetReview.objects.create(**handed))
    open_one = SheetReview.objects.filter(pk=review.pk)
    refuses("sheet_review_decided_pair", lambda: open_one.update(decided_at=NOON))
    refuses("sheet_review_verdict_when_decided", lambda: open_one.update(verdict="approved"))
    refuses(
        "sheet_review_return_says_why",
        lambda: open_one.update(verdict="returned", decided_at=NOON, decided_by="system"),
    )
    kept = services.add_sheet_file(
        listing_id=listing.pk, file=SimpleUploadedFile("a.pdf", PDF), caption="",
        by=core.actor(writer), now=NOON,
    )  # fmt: skip
    again = SheetFile.objects.get(pk=kept)
    again.pk = None
    refuses("sheet_file_once", lambda: again.save())


def test_the_states_of_the_column_are_those_of_the_rule() -> None:
    from listings.rules.sheets import SheetState as Rule

    assert set(SheetState.values) == {state.value for state in Rule}
