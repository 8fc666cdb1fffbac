"""Work of several threads that is done together when it comes at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

W = TypeVar("W")


class Together(Generic[W]):
    """Does the work of all threads that wait for their turn, in the thread whose turn it is."""

    def __init__(self, do: Callable[[Sequence[W]], Sequence[BaseException | None]]) -> None:
        """`do`: does several pieces of work; what went wrong with each, in their order, None for nothing."""
        self._do = do
        self._waiting: deque[tuple[W, Future[None]]] = deque()
        self._turn = threading.Lock()

    def __call__(self, work: W) -> None:
        """Return when it is done. Raises what went wrong with it, and what `do` raised for all."""
        future = Future[None]()
        self._waiting.append((work, future))
        with self._turn:
            if not future.done():
                self._do_all()
        future.result()

    def _do_all(self) -> None:
        few = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            errors = self._do([work for work, _ in few])
        except BaseException as failure:  # each thread raises it
            errors = [failure] * len(few)
        for (_, future), error in zip(few, errors, strict=True):
            if error:
                future.set_exception(error)
            else:
                future.set_result(None)
