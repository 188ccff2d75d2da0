"""How a worker ends when it is told to: at once while it waits, after its ticket while it computes.

It may also be killed at any instruction; ending in order only spares the buyer an interrupted ticket.
"""

import signal
from collections.abc import Callable
from threading import Event


class Stopping(BaseException):
    """This process was told to end. A ticket that was taken and not claimed stays in the queue for the next one."""


class Stop:
    """Whether this process was told to end. Made in the main thread, which signals reach."""

    def __init__(self) -> None:
        self.event = Event()
        self.told = False
        self._busy = False

    def listen(self) -> None:
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: self.tell())

    def tell(self) -> None:
        self.event.set()
        self.told = True
        if not self._busy:
            raise Stopping

    def sparing(self, handle: Callable[[str], None]) -> Callable[[str], None]:
        """The same function; while it is at work, being told to end does not break it off."""

        def spared(token: str) -> None:
            self._busy = True
            try:
                handle(token)
            finally:
                self._busy = False

        return spared
