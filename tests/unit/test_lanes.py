"""The two lanes to the world that routes."""

from __future__ import annotations

from threading import Event, Thread

from router.lanes import Lanes

WAIT = 30  # seconds after which a test gives up; never waited when all is well


def test_single_tickets_pass_a_batch_that_never_pauses() -> None:
    lanes, stop, passed = Lanes(), Event(), 0

    def batch() -> None:
        while not stop.is_set():
            with lanes.entered(bulk=True):
                sum(range(1_000))

    running = Thread(target=batch)
    running.start()
    for _ in range(50):
        with lanes.entered(bulk=False):
            passed += 1
    stop.set()
    running.join(WAIT)
    assert passed == 50


def test_a_batch_gets_on_while_single_tickets_never_pause() -> None:
    lanes, stop = Lanes(), Event()

    def singles() -> None:
        while not stop.is_set():
            with lanes.entered(bulk=False):
                sum(range(1_000))

    running = [Thread(target=singles) for _ in range(3)]
    for one in running:
        one.start()
    done = Event()

    def batch() -> None:
        for _ in range(20):
            with lanes.entered(bulk=True):
                pass
        done.set()

    Thread(target=batch, daemon=True).start()
    assert done.wait(WAIT)
    stop.set()
    for one in running:
        one.join(WAIT)


def test_nobody_is_inside_with_another() -> None:
    lanes, inside, most = Lanes(), 0, 0

    def work(bulk: bool) -> None:
        nonlocal inside, most
        for _ in range(300):
            with lanes.entered(bulk=bulk):
                inside += 1
                most = max(most, inside)
                inside -= 1

    running = [Thread(target=work, args=(bulk,)) for bulk in (True, False, True, False)]
    for one in running:
        one.start()
    for one in running:
        one.join(WAIT)
    assert (inside, most) == (0, 1)
