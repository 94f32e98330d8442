"""`VisaLink`: lines and blocks through pyvisa, for USB, GPIB, VXI-11 and HiSLIP instruments."""

import time
from typing import Any

from .link import Link

_CHUNK = 1 << 20
_READ_ON = (0, 0x3FFF0005, 0x3FFF0006)  # VI_SUCCESS, .._TERM_CHAR, .._MAX_CNT (VPP-4.3, table 3.4.1)


class VisaLink(Link):
    """Any VISA resource; `backend` is pyvisa's (``"@py"``, ``"@ivi"``, a library's path; by default pyvisa chooses).

    Interfaces that mark the end of a message (USB, GPIB, VXI-11, HiSLIP) are read a message at a time. On plain streams
    the line feed ends a line, and blocks are read by their exact length with the termination character off, so that a
    0x0A inside the data ends nothing. Raises LinkError when the resource cannot be opened.
    """

    def __init__(self, resource: str, *, backend: str = "", timeout: float = 2.0) -> None:
        super().__init__(resource, timeout=timeout)
        self._backend = backend
        self._stream = resource.upper().endswith("::SOCKET") or resource.upper().startswith("ASRL")
        self._pending = b""  # rest of a message that was longer than wanted
        self._line_mode = False
        self._connect()

    def _open(self, timeout: float) -> None:
        import pyvisa  # heavy, and most links are sockets or serial ports
        from pyvisa import constants

        self._errors = pyvisa.errors.VisaIOError
        self._timed_out = constants.StatusCode.error_timeout
        try:
            self._instrument: Any = pyvisa.ResourceManager(self._backend).open_resource(
                self.resource, open_timeout=int(timeout * 1e3)
            )
        except (pyvisa.Error, ValueError) as reason:
            raise OSError(str(reason)) from reason
        self._library, self._session = self._instrument.visalib, self._instrument.session
        self._limit = 0.0
        self._pending = b""

    def _shut(self) -> None:
        self._instrument.close()

    def _send(self, data: bytes, deadline: float) -> None:
        self._until(deadline)
        try:
            self._library.write(self._session, data)
        except self._errors as reason:
            raise self._translated(reason) from reason

    def _receive(self, deadline: float, want: int = 0) -> bytes:
        data = self._pending or self._read(deadline, want)
        if not want or len(data) <= want:
            self._pending = b""
            return data
        self._pending = data[want:]
        return data[:want]

    def _read(self, deadline: float, want: int) -> bytes:
        self._until(deadline)
        if self._stream and self._line_mode != (not want):
            self._line_mode = not want
            self._instrument.read_termination = "\n" if self._line_mode else None
        try:
            with self._instrument.ignore_warning(*_READ_ON):
                data, _ = self._library.read(self._session, want if self._stream and want else max(want, _CHUNK))
        except self._errors as reason:
            raise self._translated(reason) from reason
        if not data:
            raise ConnectionError("the instrument sent an empty message")
        return bytes(data)

    def _translated(self, reason: Any) -> OSError:
        return TimeoutError() if reason.error_code == self._timed_out else ConnectionError(str(reason))

    def _until(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if not 0.95 * self._limit <= left <= self._limit:
            self._limit = max(left, 1e-3)
            self._instrument.timeout = max(int(self._limit * 1e3), 1)
