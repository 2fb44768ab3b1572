"""P6: "sent" never becomes "held" without the custodian's read-back, on any path through the table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.holds import TRANSITIONS, Cause, IllegalMove, State, move


def _reachable(start: State, *, without: Cause) -> set[State]:
    seen, queue = {start}, [start]
    while queue:
        state = queue.pop()
        for (before, cause), after in TRANSITIONS.items():
            if before is state and cause is not without and after not in seen:
                seen.add(after)
                queue.append(after)
    return seen


@pytest.mark.parametrize("start", [state for state in State if state is not State.HELD])
def test_nothing_is_held_without_a_read_back(start: State) -> None:
    assert State.HELD not in _reachable(start, without=Cause.READ_BACK)


def test_a_read_back_counts_only_after_an_acknowledgement() -> None:
    """A custodian that never gave a reference cannot be read back."""
    holding = {before for (before, cause) in TRANSITIONS if cause is Cause.READ_BACK}
    assert holding == {State.ACKNOWLEDGED, State.MATCHED, State.AWAITING_UPLOAD}
    assert not holding & _reachable(State.RECEIVED, without=Cause.ACKNOWLEDGED)


def test_every_state_can_be_reached() -> None:
    assert {State.RECEIVED} | set(TRANSITIONS.values()) == set(State)


def test_a_hold_that_failed_can_still_be_held() -> None:
    """No state but the custodian's own word ends a hold: whatever else happened, it can still succeed."""
    for state in set(State) - {State.HELD, State.REFUSED}:
        assert State.HELD in _reachable(state, without=Cause.WIDENED), state


def test_held_and_refused_end_unless_more_is_asked_for() -> None:
    leaving = {cause for (before, cause) in TRANSITIONS if before in (State.HELD, State.REFUSED)}
    assert leaving == {Cause.WIDENED}


def test_widening_asks_anew_from_everywhere() -> None:
    """A wider window that the custodian has not heard of must not look held."""
    for state in set(State) - {State.RECEIVED}:
        assert move(state, Cause.WIDENED) is State.RECEIVED


@given(st.lists(st.sampled_from(list(Cause)), max_size=60))
def test_random_histories_are_held_only_by_their_last_read_back(causes: list[Cause]) -> None:
    state, since_sent = State.RECEIVED, []
    for cause in causes:
        try:
            state = move(state, cause)
        except IllegalMove:
            assert (state, cause) not in TRANSITIONS
            continue
        since_sent = [] if cause in (Cause.SENT, Cause.WIDENED) else [*since_sent, cause]
        if state is State.HELD:
            assert since_sent[-1] is Cause.READ_BACK
            assert Cause.ACKNOWLEDGED in since_sent
