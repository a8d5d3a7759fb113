"""Where Django looks for core's tables; each lives with its topic."""

from core.attachments.models import Attachment
from core.audit.models import AuditEntry, AuditPerson
from core.guard.models import PolicyReport
from core.idempotency.models import IdempotencyKey
from core.joining.models import JoinApplication
from core.members.models import Invitation
from core.notices.models import Notice, NoticePreference
from core.outbox.models import OutboxDelivery, OutboxEvent
from core.people.models import Mandate, Membership, Organisation, RegionSetting, User
from core.privacy.models import ErasureRequest, PersonalCopy
from core.ratings.models import ServiceRating

__all__ = [
    "Attachment",
    "AuditEntry",
    "AuditPerson",
    "ErasureRequest",
    "IdempotencyKey",
    "Invitation",
    "JoinApplication",
    "Mandate",
    "Membership",
    "Notice",
    "NoticePreference",
    "Organisation",
    "OutboxDelivery",
    "OutboxEvent",
    "PersonalCopy",
    "PolicyReport",
    "RegionSetting",
    "ServiceRating",
    "User",
]
