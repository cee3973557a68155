"""F-11: who does not answer is left alone for a while."""

from datastream.core.circuits import Circuit


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> Circuit:
    circuit = Circuit(failures=5, pause_s=60, clock=clock)
    for _ in range(5):
        assert circuit.closed_in_s() == 0
        circuit.note(is_answered=False)
    return circuit


def test_f_11_it_opens_after_five_failures_in_a_row() -> None:
    clock = Clock()
    circuit = opened(clock)
    assert circuit.closed_in_s() == 60
    clock.now += 45
    assert circuit.closed_in_s() == 15


def test_an_answer_in_between_begins_the_count_anew() -> None:
    circuit = Circuit(failures=2)
    for is_answered in (False, True, False):
        circuit.note(is_answered=is_answered)
    assert circuit.closed_in_s() == 0


def test_after_the_pause_one_may_try_and_the_others_wait_for_it() -> None:
    clock = Clock()
    circuit = opened(clock)
    clock.now += 60
    assert circuit.closed_in_s() == 0
    assert circuit.closed_in_s() == 60
    circuit.note(is_answered=True)
    assert circuit.closed_in_s() == 0


def test_a_try_that_fails_leaves_it_open() -> None:
    clock = Clock()
    circuit = opened(clock)
    clock.now += 61
    assert circuit.closed_in_s() == 0
    circuit.note(is_answered=False)
    assert circuit.closed_in_s() == 60
