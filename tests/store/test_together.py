"""Work of several threads that is done together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from bot.store.together import Together


def run_behind(
    first: str, others: Sequence[str], do: Callable[[Sequence[str]], Sequence[BaseException | None]]
) -> tuple[list[list[str]], dict[str, Future[None]]]:
    """What is done together when `others` come while `first` is being done, and how each ended."""
    calls: list[list[str]] = []
    entered, go_on = threading.Event(), threading.Event()

    def noted(few: Sequence[str]) -> Sequence[BaseException | None]:
        calls.append(sorted(few))
        if len(calls) == 1:
            entered.set()
            assert go_on.wait(10)
        return do(few)

    together = Together(noted)
    with ThreadPoolExecutor(len(others) + 1) as pool:
        ends = {first: pool.submit(together, first)}
        assert entered.wait(10)
        ends |= {one: pool.submit(together, one) for one in others}
        while len(together._waiting) < len(others):
            time.sleep(0.001)
        go_on.set()
    return calls, ends


def test_what_comes_meanwhile_is_done_together() -> None:
    """By one thread; the errors go to the threads that they belong to."""
    lost = ValueError("c is lost")
    calls, ends = run_behind("a", "bcd", lambda few: [lost if one == "c" else None for one in few])
    assert calls == [["a"], ["b", "c", "d"]]
    assert {one: end.exception() for one, end in ends.items()} == {"a": None, "b": None, "c": lost, "d": None}


def test_a_failure_of_the_whole_reaches_each_thread() -> None:
    """None waits for ever for work that nobody does any more."""

    def fail(few: Sequence[str]) -> Sequence[None]:
        raise OSError("no database")

    _, ends = run_behind("a", "bc", fail)
    for end in ends.values():
        with pytest.raises(OSError, match="no database"):
            end.result()
