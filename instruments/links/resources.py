"""`open_link`: which link stands behind a resource string."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from neurorig.signals import ConfigError

from .link import Link

_VISA_SOCKET = re.compile(r"TCPIP\d*::([^:]+)::(\d+)::SOCKET", re.IGNORECASE)


def open_link(resource: str, *, baud: int = 115200, **options: Any) -> Link:
    """Open the link that a resource string names.

    - ``tcp://host:port``, ``TCPIP::host::port::SOCKET``: our own socket (pyvisa-py returns at every 0x0A in a block).
    - ``serial:///dev/ttyACM0?baud=500000``, ``serial://COM3``: a serial port.
    - ``serial+tcp://host:port``: a serial instrument behind a TCP stream (a device server, a simulated instrument).
      A socket too: pyserial's ``socket://`` never tells how much is waiting and would read byte by byte.
    - anything else is a VISA resource.

    `baud` holds for a serial port whose resource names none. `options` go to the link: ``timeout`` (s), for VISA
    ``backend``. Raises ConfigError when the string cannot be read, LinkError when the resource cannot be opened.
    """
    check_resource(resource)
    # Each import only where it is used: the guardian opens one kind.
    if match := _VISA_SOCKET.fullmatch(resource):
        from .socket_link import SocketLink

        return SocketLink(match[1], int(match[2]), resource=resource, **options)
    parts = urlsplit(resource)
    if parts.scheme in ("tcp", "serial+tcp"):
        from .socket_link import SocketLink

        return SocketLink(*_host_and_port(resource), resource=resource, **options)
    if parts.scheme == "serial":
        from .serial_link import SerialLink

        port, baud = _port_and_baud(resource, baud)
        return SerialLink(port, baud, resource=resource, **options)
    from .visa_link import VisaLink

    return VisaLink(resource, **options)


def check_resource(resource: str) -> None:
    """Raise ConfigError when `open_link` could not read the string; nothing is opened."""
    scheme = urlsplit(resource).scheme
    if _VISA_SOCKET.fullmatch(resource):
        return
    if scheme in ("tcp", "serial+tcp"):
        _host_and_port(resource)
    elif scheme == "serial":
        _port_and_baud(resource, 0)
    elif "://" in resource or "::" not in resource:
        raise ConfigError(
            f"'{resource}' is no resource. Write tcp://host:port, serial:///dev/ttyACM0?baud=500000, "
            "serial+tcp://host:port, or a VISA resource such as USB0::0x1AB1::0x04CE::DS1ZA0000::INSTR."
        )


def _host_and_port(resource: str) -> tuple[str, int]:
    parts = urlsplit(resource)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None:
        raise ConfigError(f"'{resource}' needs a host and a port, such as {parts.scheme}://192.168.1.10:5555.")
    return host, port


def _port_and_baud(resource: str, baud: int) -> tuple[str, int]:
    parts = urlsplit(resource)
    port = parts.netloc + parts.path
    query = parse_qs(parts.query)
    text = query.pop("baud", [str(baud)])[0]
    if not port or query or not text.isdecimal():
        raise ConfigError(f"'{resource}' is not like serial:///dev/ttyACM0?baud=500000 or serial://COM3.")
    return port, int(text)
