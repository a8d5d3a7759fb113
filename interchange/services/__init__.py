"""What interchange does: the room's door for commands."""

from interchange.services.partners import (
    FORGET,
    NAMED,
    add_endpoint,
    change_endpoint,
    forget,
    issue_key,
    join,
    remove_endpoint,
    replay,
    revoke_key,
    rotate_secret,
    send_test,
)
from interchange.services.pushing import (
    lanes,
    nudge,
    owe,
    push_delivery,
    push_lane,
    signed_headers,
)

__all__ = [
    "FORGET",
    "NAMED",
    "add_endpoint",
    "change_endpoint",
    "forget",
    "issue_key",
    "join",
    "lanes",
    "nudge",
    "owe",
    "push_delivery",
    "push_lane",
    "remove_endpoint",
    "replay",
    "revoke_key",
    "rotate_secret",
    "send_test",
    "signed_headers",
]
