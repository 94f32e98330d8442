"""`Question`: one whose answer may come much later, looked for in short slices so that Ctrl-C and a cancel come through."""

import time

from neurorig.signals import LinkError

from .link import Link


class Question:
    """Asks `line` once, now; the answer is then looked for by `answer` as often as it takes.

    Until it has come nothing else should be asked over the link: what is asked gives the answer up, and the link gets back
    into step first. Raises LinkError when it cannot be sent.
    """

    def __init__(self, link: Link, line: str) -> None:
        self._link, self._line = link, line
        self._came = b""
        with link._lock:  # a transaction in two parts: only here, beside `Link` itself
            deadline = link._begin(None)
            try:
                link._transmit(link._line(line), deadline)
            except BaseException as reason:
                link._fail(reason, line, None)
            link._dirty, link._unread = False, True  # whoever asks something else must skip this answer

    def answer(self, within: float) -> str | None:
        """The answer, one line without its end; None when it has not come within so many seconds.

        What has come of it is kept. Raises LinkError when the link fails, or something else was asked meanwhile.
        """
        link, deadline = self._link, time.monotonic() + within
        with link._lock:
            if not link._unread:
                raise LinkError(
                    f"{link.resource}: the answer to '{self._line}' was given up as something else was asked."
                )
            link.last_used = time.monotonic()
            try:
                while link.framing.end not in self._came and not (self._came and link._ended):
                    self._came += link._more(deadline)
            except TimeoutError:
                return None
            except BaseException as reason:
                link._dirty = True
                link._fail(reason, self._line, within, self._came)
            answer, _, link._surplus = self._came.partition(link.framing.end)
            link._unread = False
            return str(answer.rstrip(b"\r"), "latin-1")
