"""`SerialLink`: lines and blocks over a serial port."""

import time

from .link import Link


class SerialLink(Link):
    """A serial port through pyserial (`serial:///dev/ttyACM0?baud=500000`, `serial://COM3`).

    Reads what is waiting instead of byte by byte. Opening the port resets most Arduinos: their driver waits for the
    greeting. Raises LinkError when there is no such port or another program has it.
    """

    def __init__(
        self, port: str, baud: int = 115200, *, resource: str = "", timeout: float = 2.0,
    ) -> None:  # fmt: skip
        import serial  # the guardian imports links even where no port is serial

        super().__init__(resource or f"serial://{port}?baud={baud}", timeout=timeout)
        self._port = serial.Serial(baudrate=baud, exclusive=True)
        self._port.port = port
        self._connect()

    def _open(self, timeout: float) -> None:
        self._port.timeout = self._port.write_timeout = self._limit = timeout
        self._port.open()

    def _shut(self) -> None:
        self._port.close()

    def _send(self, data: bytes, deadline: float) -> None:
        self._until(deadline)
        self._port.write(data)

    def _receive(self, deadline: float, want: int = 0) -> bytes:
        self._until(deadline)
        port = self._port
        data: bytes = port.read(1)
        if not data:
            raise TimeoutError
        waiting = port.in_waiting
        if want:
            waiting = min(waiting, want - 1)
        return data + port.read(waiting) if waiting else data

    def _until(self, deadline: float) -> None:
        """Let the port wait until `deadline`, within a twentieth: pyserial sets up the whole port for a new timeout."""
        left = deadline - time.monotonic()
        if not 0.95 * self._limit <= left <= self._limit:
            self._port.timeout = self._port.write_timeout = self._limit = max(left, 1e-3)
