"""The one table of event names.

An event is emitted by the service that changes the fact, in its transaction, and consumed by
name; a name that is not here is refused. The payload's keys follow the description.
"""

from __future__ import annotations

EVENTS: dict[str, str] = {
    # listings: patent_id, listing_id | null, organisation_id
    "patent.imported": "It was registered.",
    "patent.changed": "Its bibliographic data, offer sheet or tags changed.",
    "patent.listed": "Its listing went on the public board.",
    "patent.suspended": "Its listing was taken down for the time being.",
    "patent.withdrawn": "Its listing was withdrawn by the holder.",
    "patent.converted": "Its listing ended in a deal.",
    "patent.lapsed": "It is no longer in force.",
    "patent.restored": "It is in force again.",
    "patent.bound": "The register binds it: encumbrance, kind, source, reference, starts_on.",
    "patent.freed": "By the register's word something no longer binds it: the same, ended_on.",
    "patent.contradicted": "An event does not fit what is recorded of it: contradiction_id.",
    "patent.layer_moved": "Its layer in the library changed.",
    # co-owners: patent_id, organisation_id (who keeps it), holder_name, co_owner_id | null, reason
    "consent.withdrawn": "A co-owner took back what it had agreed to.",
    # drives: drive_id, organisation_id (organiser, or the institution that confirmed)
    "drive.launched": "An enrolment drive was opened.",
    "drive.confirmed": "An institution confirmed that its stock is taken: counts.",
    "drive.closed": "An enrolment drive ended with its result.",
    # listings: batch_id, organisation_id, patent_ids
    "stock.imported": "A portion of a batch brought these patents in or changed them.",
    # auctions: auction_id, patent_ids, organisation_id (who sells), region, right; awarded also
    # buyer_id, price, licence_months, sign_by
    "auction.announced": "An auction is announced with its terms.",
    "auction.awarded": "The highest bidder won: the parties owe each other a contract by sign_by.",
    "auction.failed": "It ended without an award.",
    "auction.cancelled": "It was called off.",
    "annuity.paid": "An annuity was recorded as paid: year, paid_to.",
    "annuity.corrected": "A recorded payment was taken back: year, paid_to.",
    "annuity.dropped": "Its keeper decided to pay no more for it: reason.",
    "annuity.kept": "That decision was revoked.",
    # postings: posting_id, patent_id, organisation_id, region, route, price, counterparty
    "posting.posted": "An agreed price is posted before the contract is signed.",
    "posting.completed": "The posting stood for its days without an upheld objection.",
    "posting.withdrawn": "The posting was taken back.",
    # bundles: bundle_id, patent_ids, organisation_id, region
    "bundle.reduced": "Patents were taken out of it: these are in patent_ids.",
    "bundle.listed": "Several patents are offered as one.",
    "bundle.suspended": "A bundle was taken down for the time being.",
    "bundle.withdrawn": "A bundle was withdrawn.",
    # licensing: declaration_id | licence_id | outcome_id, patent_id, licensor_id, licensee_id,
    # region
    "open_declaration.announced": "An open licence is on offer.",
    "open_declaration.withdrawn": "An open licence is no longer on offer.",
    "licence.noticed": "A firm served notice that it takes the licence.",
    "licence.paid": "A payment was recorded.",
    "licence.effective": "The licence took effect.",
    "licence.contested": "The holder contests the notice or the payment.",
    "licence.resolved": "A contest was decided.",
    "licence.filed": "The licence was filed with the administration.",
    # deals: deal_id, patent_ids, holder_id, taker_id, region, kind, status
    "deal.opened": "A firm asked for a patent or a right in it, or won it at an auction.",
    "deal.agreed": "Both sides accepted one version of the terms.",
    "deal.signed": "The contract is signed, its seals were checked; a licence binds.",
    "deal.registered": "The transfer was registered, or the licence filed.",
    "deal.settled": "The money was settled.",
    "deal.closed": "It ended without a contract.",
    # the end of a contract: also ending_id, ending_status
    "deal.ending_opened": "A party proposes to end the contract, or gives notice of it.",
    "deal.ending_answered": "The other party agreed, refused, or objected.",
    "deal.ending_stopped": "It was withdrawn, mended or lapsed; the contract goes on.",
    "deal.ended": "A contract that grants no licence ended before it was performed.",
    # pools: pool_id, patent_ids, administrator_id, region;
    # licensed also pool_licence_id, licensee_id; royalties also report_id, starts_on, ends_on
    "pool.admitted": "A patent stands in a pool: later licences of the pool contain it.",
    "pool.left": "A patent left a pool: later licences do not contain it, running ones keep it.",
    "pool.licence_filed": "A licence of a pool was filed with the administration.",
    "pool.royalty_accepted": "The administrator accepted a report; what it owes fell due.",
    "pool.royalty_reported": "A licensee of a pool reported a period.",
    "pool.licensed": "A firm took a licence of all patents of a pool.",
    "royalty.reported": "A licensee reported a period: report_id, starts_on, ends_on.",
    "milestone.claimed": "A party says that an event of the fee plan came: claim_id, reached_on.",
    "milestone.confirmed": "The other party agreed, or its time was over; what it owes falls due.",
    "milestone.disputed": "The other party does not agree.",
    "royalty.accepted": "The holder accepted that report; what it owes fell due.",
    # renewals and terminations: licence_id and the rest, ending_id, ending_status
    "licence.renewal_asked": "The licensee asks that the licence goes on after its term.",
    "licence.renewal_refused": "The licensor does not agree, and says why.",
    "licence.renewal_withdrawn": "The licensee took that back.",
    "licence.renewal_lapsed": "Nobody answered in time, or the licence ended first.",
    "licence.prolonged": "The licence goes on: a new last day.",
    "licence.ending_opened": "A party proposes to end the licence early, or gives notice of it.",
    "licence.ending_answered": "The other party agreed, refused, or objected.",
    "licence.ending_stopped": "It was withdrawn, mended or lapsed; the licence goes on.",
    "licence.terminated": "The licence ended before its term.",
    # disputes: dispute_id; deal_id, licence_id, pool_licence_id, one of them; patent_id (null for
    # a pool's licence, whose holder_id is its administrator), taker_id, region, topic, status
    "dispute.raised": "A party opened a dispute about a contract.",
    "dispute.replied": "The other party answered.",
    "dispute.unanswered": "The other party did not answer in time.",
    "dispute.paper_added": "A paper was handed in.",
    "dispute.mediation_asked": "A party asked for mediation.",
    "dispute.mediation_agreed": "The other party agreed to it: the bureau names a mediator.",
    "dispute.mediation_declined": "The bureau does not take it.",
    "dispute.mediator_named": "A mediator was named.",
    "dispute.mediator_left": "The mediator stood down: another is to be named.",
    "dispute.session_called": "The mediator called a session.",
    "dispute.session_noted": "The minutes of a session were noted.",
    "dispute.extended": "The time of the mediation was extended.",
    "dispute.settlement_proposed": "A way to settle it was proposed.",
    "dispute.settlement_answered": "A party accepted or refused it.",
    "dispute.settlement_reached": "Both parties accepted: it is settled.",
    "dispute.closed": "It ended without agreement, or was withdrawn.",
    # conduct notes: note_id, organisation_id, deal_id | null, licence_id | null, region, kind,
    # status
    "conduct.changed": "A note on a party was stated, answered, appealed, struck or ran out.",
    "outcome.reported": "A holder reported what became of a patent.",
    "outcome.verified": "A bureau verified or rejected a reported outcome.",
    "outcome.corrected": "A holder corrected or took back a report; a verified one counts no more.",
    # registrations, certificates: registration_id | certificate_id, deal_id | null, licence_id |
    # null, patent_id, region; registered: contract_kind, number, registered_on; certified: number,
    # certified_on, exchange_id; reported: report_id, sort, state, exchange_id
    "contract.registered": "The technology contract was registered by the bureau.",
    "deal.certified": "An exchange certified the contract.",
    "deal.reported": "An exchange reported what was done there.",
    # income: distribution_id, organisation_id, region, patent number, status
    "income.posted": "A distribution of income was posted in-house.",
    "income.approved": "It was approved after its posting.",
    "income.paid": "Everybody was paid.",
    # pledges: pledge_id, patent_ids, pledgor_id, pledgee_id, region
    "pledge.recorded": "A registered pledge was recorded.",
    "pledge.released": "A pledge ended.",
    # matching: need_id / lead_id, patent_id, organisation_id
    "need.opened": "A need is open for matching.",
    "need.changed": "An open need was edited.",
    "need.closed": "A need is no longer open.",
    "subscription.changed": "A subscription was created or edited.",
    # events of matching: gathering_id, organisation_id, region
    "gathering.published": "An event was put on the public page.",
    "gathering.cancelled": "A published event was called off.",
    # lists of patents for a need: shortlist_id, need_id, organisation_id (the firm), sender_id
    "shortlist.sent": "An institution sent a firm a list of patents.",
    "shortlist.withdrawn": "It took that list back.",
    "match.run_requested": "Patents or demands wait to be matched: run_id.",
    "match.run_finished": "A matching run finished.",
    "match.pushed": "A match was pushed to its receiver.",
    "match.rated": "A receiver rated a match: prospect 1-5, interested, reason.",
    "demand.measured": "A run found materially other demand for patents: patents [{patent_id, "
    "needs, subscriptions, best}].",
    # people: application_id
    "joining.asked": "A visitor asked that an organisation takes part; the address is unconfirmed.",
    "joining.pending": "An application waits for an answer.",
    "joining.answered": "It was approved, refused, or more was asked for.",
    "member.invited": "A colleague is invited: invitation_id, edition.",
    "member.joined": "The invitation was accepted: invitation_id, user_id.",
    "personal.copy_asked": "A person asked for a copy of what is held about them: copy_id.",
    "personal.erasure": "A request to be forgotten moved: erasure_id, status.",
    "personal.erased": "A person was forgotten; rooms clear their texts: user_id, erasure_id.",
    "account.kept": "An administrator ended somebody's sessions or took a lost second factor "
    "away: user_id, what.",
    "member.changed": "Somebody has other roles, or none: user_id, organisation_id, roles.",
    # core
    "service.rated": "A finished service was rated: rating_id, service, grade, organisation_id, "
    "provider_id, region.",
    "service.rating_answered": "A low rating was answered: the same.",
    "notice.sent": "A notice was put into somebody's bell.",
}
