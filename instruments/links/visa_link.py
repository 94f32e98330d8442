"""`VisaLink`: lines and blocks through pyvisa, for USB, GPIB, VXI-11 and HiSLIP instruments."""

import time
from typing import Any

from .link import Link

_LINE = 16384  # longer than lines are
_CHUNK = 1 << 20
_READ_ON = (0, 0x3FFF0005, 0x3FFF0006)  # VI_SUCCESS, .._TERM_CHAR, .._MAX_CNT (VPP-4.3, table 3.4.1)
_MORE = _READ_ON[2]


class VisaLink(Link):
    """Any VISA resource; `backend` is pyvisa's (``"@py"``, ``"@ivi"``, a library's path; by default pyvisa chooses).

    Interfaces that mark the end of a message (USB, GPIB, VXI-11, HiSLIP) are read a message at a time: an answer without
    a line feed and an indefinite block are whole there, and a device clear comes first after a failure. On plain streams
    the line feed ends a line, and blocks are read by their exact length with the termination character off, so that a
    0x0A inside the data ends nothing. Raises LinkError when the resource cannot be opened.
    """

    def __init__(self, resource: str, *, address: str = "", backend: str = "", timeout: float = 2.0) -> None:
        super().__init__(resource, timeout=timeout)
        self._address, self._backend = address or resource, backend
        kind = self._address.upper()
        self.marks_end = not (kind.endswith(("::SOCKET", "::RAW")) or kind.startswith("ASRL"))
        self._pending = b""  # rest of a message that was longer than wanted
        self._last = False  # whether the interface marked an end behind what was read last
        self._line_mode = False
        self._connect()

    def _open(self, timeout: float) -> None:
        import pyvisa  # heavy, and most links are sockets or serial ports
        from pyvisa import constants

        self._timed_out = constants.StatusCode.error_timeout
        try:
            self._instrument: Any = pyvisa.ResourceManager(self._backend).open_resource(
                self._address, open_timeout=int(timeout * 1e3)
            )
        except Exception as reason:  # back ends raise what they like
            raise OSError(str(reason)) from reason
        self._library, self._session = self._instrument.visalib, self._instrument.session
        self._limit = 0.0
        self._pending, self._line_mode = b"", False

    def _shut(self) -> None:
        self._instrument.close()

    def _clear(self, deadline: float) -> bool:
        if not self.marks_end:
            return False
        self._until(deadline)
        try:
            self._library.clear(self._session)
        except Exception:  # an interface or a back end without it: the sentinel decides
            return False
        self._pending = b""
        return True

    def _send(self, data: bytes, deadline: float) -> None:
        self._until(deadline)
        self._ended = False
        try:
            self._library.write(self._session, data)
        except Exception as reason:
            raise self._translated(reason) from reason

    def _receive(self, deadline: float, want: int = 0) -> bytes:
        data = self._pending or self._read(deadline, want)
        self._pending = data[want:] if want else b""
        self._ended = self._last and not self._pending
        return data[:want] if self._pending else data

    def _read(self, deadline: float, want: int) -> bytes:
        self._until(deadline)
        if not self.marks_end and self._line_mode != (not want):
            self._line_mode = not want
            self._instrument.read_termination = "\n" if self._line_mode else None
        most = min(want, _CHUNK) if want else _LINE
        try:
            with self._instrument.ignore_warning(*_READ_ON):
                data, status = self._library.read(self._session, most if not self.marks_end else most + 2)
        except Exception as reason:
            raise self._translated(reason) from reason
        if not data:
            raise ConnectionError("the instrument sent an empty message")
        # pyvisa-py tells the end of a HiSLIP message as if a termination character had been read.
        self._last = self.marks_end and status != _MORE
        return bytes(data)

    def _translated(self, reason: Exception) -> OSError:
        timed_out = getattr(reason, "error_code", None) == self._timed_out
        return TimeoutError() if timed_out else ConnectionError(str(reason) or type(reason).__name__)

    def _until(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if not 0.95 * self._limit <= left <= self._limit:
            self._limit = max(left, 1e-3)
            self._instrument.timeout = max(int(self._limit * 1e3), 1)
