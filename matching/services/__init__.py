"""Commands of this room."""

from matching.services.demands import (
    as_input,
    close_need,
    edit_need,
    edit_subscription,
    finish_need,
    open_need,
    pause_subscription,
    post_need,
    profile_of,
    resume_subscription,
    solve_need,
    subscribe,
)
from matching.services.drafting import drop_draft, forget_drafts, keep_draft
from matching.services.measuring import measure_after
from matching.services.pushing import push_waiting
from matching.services.rating import (
    lift_opt_out,
    mark,
    opt_out,
    rate_match,
    remember,
    view_match,
)
from matching.services.runs import (
    active_engine,
    freeze_engine,
    note,
    put_back_engine,
    run_everything,
    run_for_demand,
    run_for_patent,
    run_incremental,
    run_shard,
    start_full_run,
    sweep,
    take_down,
)
from matching.services.standing import keep_standing, renew_need
from matching.services.turns import tell_receivers

__all__ = [
    "active_engine",
    "as_input",
    "close_need",
    "drop_draft",
    "edit_need",
    "edit_subscription",
    "finish_need",
    "forget_drafts",
    "freeze_engine",
    "keep_draft",
    "keep_standing",
    "lift_opt_out",
    "mark",
    "measure_after",
    "note",
    "open_need",
    "opt_out",
    "pause_subscription",
    "post_need",
    "profile_of",
    "push_waiting",
    "put_back_engine",
    "rate_match",
    "remember",
    "renew_need",
    "resume_subscription",
    "run_everything",
    "run_for_demand",
    "run_for_patent",
    "run_incremental",
    "run_shard",
    "solve_need",
    "start_full_run",
    "subscribe",
    "sweep",
    "take_down",
    "tell_receivers",
    "view_match",
]
