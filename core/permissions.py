"""Who may do what: one table of permissions by role, and `require`.

A right follows from the role held in the organisation acted for; the thing acted on says
which organisations and region govern it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from core.errors import NotAllowed
from core.people.types import Actor, Role


class Permission(StrEnum):
    """Everything that can be allowed. Reading is not here: `visible_to` decides what is seen."""

    # listings
    REGISTER_PATENT = "register_patent"
    EDIT_PATENT = "edit_patent"
    RECORD_LEGAL_EVENT = "record_legal_event"
    LOAD_GAZETTE = "load_gazette"
    IMPORT_STOCK = "import_stock"
    SETTLE_CLAIM = "settle_claim"
    PUBLISH_LISTING = "publish_listing"
    ADMIT_INVENTORY = "admit_inventory"
    FAVOURITE = "favourite"
    REVIEW_SHEET = "review_sheet"
    SAVE_SEARCH = "save_search"
    RUN_DRIVE = "run_drive"
    ANSWER_DRIVE = "answer_drive"
    EXPORT_RESULTS = "export_results"
    RUN_AUCTION = "run_auction"
    PLACE_BID = "place_bid"
    RAISE_OBJECTION = "raise_objection"
    POST_PRICE = "post_price"
    CURATE = "curate"
    ANSWER_CONSENT = "answer_consent"  # as a co-owner
    KEEP_ALIVE = "keep_alive"  # annuities: payments, reductions, decisions
    SET_LAYER_RULE = "set_layer_rule"
    DISCLOSE = "disclose"
    EVALUATE_DISCLOSURE = "evaluate_disclosure"
    REQUEST_SERVICE = "request_service"
    ANSWER_SERVICE = "answer_service"
    # matching
    POST_NEED = "post_need"
    PUBLISH_NEED_LIST = "publish_need_list"  # for an industry or a scenario
    SUBSCRIBE = "subscribe"
    RATE_MATCH = "rate_match"
    RUN_MATCHING = "run_matching"
    RUN_GATHERING = "run_gathering"  # events: roadshows, matchmakings, auction seasons
    ATTEND_GATHERING = "attend_gathering"
    ANSWER_NEED = "answer_need"  # with a list of patents, as a service institution or a holder
    # licensing
    DECLARE_OPEN = "declare_open"
    TAKE_LICENCE = "take_licence"
    CONTEST_LICENCE = "contest_licence"
    FILE_LICENCE = "file_licence"
    RESOLVE_CONTEST = "resolve_contest"
    REPORT_ROYALTY = "report_royalty"  # as the licensee
    ACCEPT_ROYALTY = "accept_royalty"  # as the licensor: also questions, interest
    CLAIM_MILESTONE = "claim_milestone"  # either party: say that an event came, or answer
    END_LICENCE = "end_licence"  # either party: renew, end early, answer
    REPORT_OUTCOME = "report_outcome"
    OPEN_DEAL = "open_deal"  # ask for a patent or a right in it
    NEGOTIATE_DEAL = "negotiate_deal"  # either side: terms, papers, register
    CLOSE_DEAL = "close_deal"  # as the holder: answer, post, approve, seal, settle
    RUN_POOL = "run_pool"  # as its administrator: terms, admission, income
    JOIN_POOL = "join_pool"  # as a holder: apply, leave
    VERIFY_OUTCOME = "verify_outcome"
    DISTRIBUTE_INCOME = "distribute_income"  # draft, post, approve (another person), pay
    OBJECT_TO_INCOME = "object_to_income"  # anyone in the institution, while it is posted
    BUILD_CASE_FILE = "build_case_file"  # the holder's: it holds words of negotiations
    ASSESS_EQUITY = "assess_equity"
    REGISTER_CONTRACT = "register_contract"  # as a party: apply, waive, ask for a certificate
    DECIDE_REGISTRATION = "decide_registration"
    CERTIFY_DEAL = "certify_deal"  # as an exchange
    REPORT_DEAL = "report_deal"  # as an exchange: what was done there
    RUN_DISPUTE = "run_dispute"  # as a party of a contract: open, answer, propose, accept
    NAME_MEDIATOR = "name_mediator"  # the bureau of the region
    MEDIATE_DISPUTE = "mediate_dispute"  # as the organisation that was named
    ANSWER_CONDUCT = "answer_conduct"  # the party a note is about; reads the other side's
    STATE_CONDUCT = "state_conduct"  # the bureau of the region, with grounds
    # pledges
    CHECK_PLEDGE = "check_pledge"
    RECORD_PLEDGE = "record_pledge"
    RELEASE_PLEDGE = "release_pledge"
    CONSENT_AS_PLEDGEE = "consent_as_pledgee"
    # oversight and audit
    SEE_DASHBOARD = "see_dashboard"
    SEE_AUDIT = "see_audit"
    # interchange
    MANAGE_PARTNER = "manage_partner"
    MANAGE_WEBHOOKS = "manage_webhooks"
    READ_CHANGES = "read_changes"
    # core
    RATE_SERVICE = "rate_service"  # once it is finished
    ANSWER_RATING = "answer_rating"  # a low one, as who served or as the bureau
    EDIT_SETTINGS = "edit_settings"
    MANAGE_MEMBERS = "manage_members"  # as the administrator of an organisation, whatever the role
    REVIEW_JOINING = "review_joining"
    REVIEW_ERASURE = "review_erasure"  # personal data
    MANAGE_ACCESS = "manage_access"  # end others' sessions, take away a lost second factor


# Whoever works here may keep searches and export what they find; auditors change nothing.
_SEARCHER = frozenset({Permission.SAVE_SEARCH, Permission.EXPORT_RESULTS})
_SUPPLY = frozenset(
    {
        Permission.ANSWER_DRIVE,
        Permission.REGISTER_PATENT,
        Permission.EDIT_PATENT,
        Permission.RECORD_LEGAL_EVENT,
        Permission.LOAD_GAZETTE,
        Permission.IMPORT_STOCK,
        Permission.PUBLISH_LISTING,
        Permission.ADMIT_INVENTORY,
        Permission.REQUEST_SERVICE,
        Permission.ANSWER_SERVICE,
        Permission.KEEP_ALIVE,
        Permission.ANSWER_CONSENT,
        Permission.FAVOURITE,
        *_SEARCHER,
        Permission.RUN_AUCTION,
        Permission.RAISE_OBJECTION,
        Permission.POST_PRICE,
        Permission.RUN_GATHERING,
        Permission.ATTEND_GATHERING,
        Permission.ANSWER_NEED,
        Permission.CURATE,
        Permission.DECLARE_OPEN,
        Permission.RUN_POOL,
        Permission.JOIN_POOL,
        Permission.CONTEST_LICENCE,
        Permission.ACCEPT_ROYALTY,
        Permission.CLAIM_MILESTONE,
        Permission.END_LICENCE,
        Permission.FILE_LICENCE,
        Permission.REPORT_OUTCOME,
        Permission.NEGOTIATE_DEAL,
        Permission.CLOSE_DEAL,
        Permission.REGISTER_CONTRACT,
        Permission.RUN_DISPUTE,
        Permission.ANSWER_CONDUCT,
        Permission.CHECK_PLEDGE,
        Permission.RATE_SERVICE,
        Permission.ANSWER_RATING,
    }
)
_DEMAND = frozenset(
    {
        Permission.FAVOURITE,
        *_SEARCHER,
        Permission.PLACE_BID,
        Permission.ATTEND_GATHERING,
        Permission.RAISE_OBJECTION,
        Permission.ANSWER_CONSENT,
        Permission.POST_NEED,
        Permission.SUBSCRIBE,
        Permission.RATE_MATCH,
        Permission.TAKE_LICENCE,
        Permission.OPEN_DEAL,
        Permission.NEGOTIATE_DEAL,
        Permission.CLOSE_DEAL,  # as a licensee that sub-licenses, of its own side only
        Permission.ACCEPT_ROYALTY,
        Permission.REPORT_ROYALTY,
        Permission.CLAIM_MILESTONE,
        Permission.END_LICENCE,
        Permission.FILE_LICENCE,
        Permission.REGISTER_CONTRACT,
        Permission.RUN_DISPUTE,
        Permission.ANSWER_CONDUCT,
        Permission.CHECK_PLEDGE,
        Permission.RATE_SERVICE,
        Permission.ANSWER_RATING,
    }
)

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.ANONYMOUS: frozenset(),
    Role.INVENTOR: frozenset(
        {
            Permission.FAVOURITE,
            Permission.RAISE_OBJECTION,
            Permission.OBJECT_TO_INCOME,
            Permission.DISCLOSE,
            *_SEARCHER,
        }
    ),
    Role.OFFICE: _SUPPLY
    | {
        Permission.REVIEW_SHEET,
        Permission.DISCLOSE,
        Permission.EVALUATE_DISCLOSURE,
        Permission.DISTRIBUTE_INCOME,
        Permission.OBJECT_TO_INCOME,
        Permission.BUILD_CASE_FILE,
        Permission.ASSESS_EQUITY,
    },
    Role.ENTERPRISE: _DEMAND | {Permission.MANAGE_PARTNER, Permission.MANAGE_WEBHOOKS},
    Role.BROKER: _SUPPLY
    | _DEMAND
    | {Permission.RUN_DRIVE, Permission.PUBLISH_NEED_LIST, Permission.MEDIATE_DISPUTE},
    Role.BANK: frozenset(
        {
            Permission.CHECK_PLEDGE,
            Permission.RECORD_PLEDGE,
            Permission.RELEASE_PLEDGE,
            Permission.CONSENT_AS_PLEDGEE,
            Permission.FAVOURITE,
            *_SEARCHER,
            Permission.RAISE_OBJECTION,
        }
    ),
    Role.GUARANTOR: frozenset({Permission.CHECK_PLEDGE, *_SEARCHER}),
    Role.VALUER: frozenset({Permission.CHECK_PLEDGE, Permission.ANSWER_SERVICE, *_SEARCHER}),
    Role.EXCHANGE: frozenset(
        {
            Permission.MANAGE_WEBHOOKS,
            Permission.READ_CHANGES,
            Permission.MANAGE_PARTNER,
            Permission.ANSWER_SERVICE,
            Permission.CERTIFY_DEAL,
            Permission.REPORT_DEAL,
            Permission.MEDIATE_DISPUTE,
        }
    ),
    Role.BUREAU: frozenset(
        {
            Permission.REVIEW_JOINING,
            Permission.SEE_DASHBOARD,
            Permission.RUN_GATHERING,
            Permission.RUN_DRIVE,
            Permission.POST_NEED,
            Permission.PUBLISH_NEED_LIST,
            Permission.LOAD_GAZETTE,
            Permission.VERIFY_OUTCOME,
            Permission.RESOLVE_CONTEST,
            Permission.DECIDE_REGISTRATION,
            Permission.NAME_MEDIATOR,
            Permission.STATE_CONDUCT,
            Permission.MEDIATE_DISPUTE,
            Permission.SETTLE_CLAIM,
            Permission.CHECK_PLEDGE,
            *_SEARCHER,
            Permission.CURATE,
            Permission.SET_LAYER_RULE,
            Permission.ANSWER_RATING,
        }
    ),
    Role.AUDITOR: frozenset({Permission.SEE_DASHBOARD, Permission.SEE_AUDIT}),
    Role.SYSADMIN: frozenset(
        {
            Permission.REVIEW_JOINING,
            Permission.REVIEW_ERASURE,
            Permission.MANAGE_ACCESS,
            Permission.EDIT_SETTINGS,
            Permission.SETTLE_CLAIM,
            Permission.CURATE,
            Permission.SET_LAYER_RULE,
            Permission.LOAD_GAZETTE,
            Permission.RUN_MATCHING,
            Permission.SEE_DASHBOARD,
            Permission.SEE_AUDIT,
        }
    ),
}

# What a bureau does for itself only: overseeing a region gives it no hand in others' affairs.
OWN_ONLY = frozenset({Permission.POST_NEED})

# What belongs to running an organisation, not to a role in it.
FOR_ADMINISTRATORS = frozenset({Permission.MANAGE_MEMBERS})

# What a partner's token must carry besides the role (OAuth 2 scopes).
SCOPES: dict[str, str] = {
    "changes:read": "读取变更流",
    "webhooks:write": "管理回调地址",
    "listings:read": "读取挂牌",
    "deals:certify": "办理交易鉴证",
    "deals:report": "回传登记、鉴证和结算",
}
SCOPE_OF: dict[Permission, str] = {
    Permission.READ_CHANGES: "changes:read",
    Permission.MANAGE_WEBHOOKS: "webhooks:write",
    Permission.CERTIFY_DEAL: "deals:certify",
    Permission.REPORT_DEAL: "deals:report",
}


@dataclass(frozen=True, slots=True)
class Governance:
    """Whose a thing is: the organisations that may act on it, and the region it lies in."""

    organisations: frozenset[int] = field(default_factory=frozenset)
    region: str = ""


class Governed(Protocol):
    """A thing that says whose it is."""

    def governed_by(self) -> Governance: ...


def allowed(actor: Actor, permission: Permission, *, on: Governed | None = None) -> bool:
    """Whether the actor may do this, and to this thing where one is named.

    The system may do anything. Others need the permission through a role, a partner's program
    its scope as well (and has no right that no scope names); on a governed thing
    they must act for one of its organisations, or be a bureau whose prefix covers its region.
    """
    if actor.is_system:
        return True
    if permission in FOR_ADMINISTRATORS:
        own = actor.organisation_id
        return actor.administers and (on is None or own in on.governed_by().organisations)
    if not any(permission in GRANTS[role] for role in actor.roles):
        return False
    if actor.partner_id is not None and SCOPE_OF.get(permission) not in actor.scopes:
        return False
    if on is None:
        return True
    governance = on.governed_by()
    if actor.acts_for & governance.organisations:
        return True
    overseer = actor.has(Role.BUREAU) and permission in GRANTS[Role.BUREAU] - OWN_ONLY
    return overseer and governance.region.startswith(actor.region)


def require(actor: Actor, permission: Permission, *, on: Governed | None = None) -> None:
    """Let the actor pass, or raise NotAllowed with a Chinese sentence that says what to do."""
    if allowed(actor, permission, on=on):
        return
    if actor.is_anonymous:
        raise NotAllowed("请先登录，再办理这项操作。", code="login-required")
    raise NotAllowed(
        "您当前的身份不能办理这项操作。如您还在其他机构任职，请先在右上角切换身份；"
        "否则请联系本机构管理员。"
    )
