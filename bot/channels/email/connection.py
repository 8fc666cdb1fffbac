"""SMTP connections that accept only what RFC 5321 calls a reply, whole and in time.

smtplib's own reader takes `2` and `25` for codes and `250` without the end of its line for a reply, and waits without
end for one that comes byte by byte.
"""

from __future__ import annotations

import errno
import re
import smtplib
import time

#: RFC 5321, 4.2, but with any second digit, longer, and also without the carriage return.
_LINE = re.compile(rb"[2-5]\d\d(?:[ -].{0,8000})?\r?\n", re.DOTALL)
_LONGEST_LINE, _MOST_LINES = 8192, 200


class ReplyError(smtplib.SMTPServerDisconnected):
    """What the server said is not a reply; the connection is closed. `strerror` says what is wrong with it."""

    def __init__(self, problem: str) -> None:
        super().__init__(errno.EPROTO, problem)


class Connection(smtplib.SMTP):
    """`timeout`: seconds for a connection, for sending, and for a whole reply."""

    _unread = b""  #: received after the last reply

    def getreply(self) -> tuple[int, bytes]:
        """The reply to a command: the code, from 200 to 599, and the text, its lines joined by line feeds.

        Raises ReplyError when what the server said is not one reply, OSError when there is none. The connection is
        closed then.
        """
        if not self._unread:
            reply = self.read_reply()
        if self._unread:  # by which the replies to all further commands would be mistaken for earlier ones
            self.close()
            raise ReplyError("the server said more than a reply")
        return reply

    def read_reply(self) -> tuple[int, bytes]:
        """As `getreply`, whatever comes after the reply."""
        end, lines = time.monotonic() + self.timeout, list[bytes]()
        try:
            while not lines or lines[-1][3:4] == b"-":
                line = self._read_line(end)
                is_same = not lines or line[:3] == lines[0][:3]
                if not (_LINE.fullmatch(line) and is_same and len(lines) < _MOST_LINES):
                    raise ReplyError("the reply is not SMTP")
                lines.append(line)
        except OSError:
            self.close()
            raise
        return int(lines[0][:3]), b"\n".join(line[4:].strip() for line in lines)

    def _read_line(self, end: float) -> bytes:
        """With its line feed; or too long without one. `end`: by the monotonic clock."""
        assert self.sock
        received = bytearray(self._unread)
        while b"\n" not in received and len(received) <= _LONGEST_LINE:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.sock.settimeout(left)
            more = self.sock.recv(4096)
            if not more:
                raise ReplyError("closed within a reply" if received else "closed without a reply")
            received += more
        line, feed, self._unread = bytes(received).partition(b"\n")
        return line + feed

    def send(self, s: bytes | str) -> None:  # type: ignore[override]  # typeshed: also any buffer
        if self.sock:
            self.sock.settimeout(self.timeout)  # reading has shortened it
        super().send(s)


class TlsConnection(Connection, smtplib.SMTP_SSL):
    """Encrypted from the first byte."""
