"""Who may ask what of writing, keeping and ending needs."""

from __future__ import annotations

from tests.matrix import Row, only
from tests.matrix.matching import ASKERS, api, need, of, to_owner

EXPECTATIONS: dict[str, Row] = {
    "matching:need-new": Row(get=only(*ASKERS), post=only(*ASKERS, status=422)),
    "matching:need-check": Row(post=only(*ASKERS)),
    "matching:need-discard": Row(post=only(*ASKERS, status=302)),
    "matching:need-edit": Row(kwargs=of(need), get=to_owner(200), post=to_owner(422)),
    "matching:need-finish": Row(kwargs=of(need), get=to_owner(200), post=to_owner(422)),
    "matching-api:need-renew": Row(kwargs=of(need), post=api(200, 403, 403)),
}
