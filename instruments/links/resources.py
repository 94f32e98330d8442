"""`open_link`: which link stands behind a resource string."""

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from neurorig.signals import ConfigError

from .framing import LINES, Framing
from .link import Link

if TYPE_CHECKING:
    from .traffic import TrafficLog

_VISA_SOCKET = re.compile(r"TCPIP\d*::([^:]+)::(\d+)::SOCKET", re.IGNORECASE)


def open_link(
    resource: str, *, baud: int = 115200, framing: Framing = LINES, traffic: "TrafficLog | None" = None, **options: Any
) -> Link:
    """Open the link that a resource string names.

    - ``tcp://host:port``, ``TCPIP::host::port::SOCKET``: our own socket (pyvisa-py returns at every 0x0A in a block).
    - ``serial:///dev/ttyACM0?baud=500000``, ``serial://COM3``: a serial port.
    - ``serial+tcp://host:port``: a serial instrument behind a TCP stream (a device server, a simulated instrument).
      A socket too: pyserial's ``socket://`` never tells how much is waiting and would read byte by byte.
    - ``modbus://host:502?stream=702``: Modbus TCP, and the port to which a LabJack streams; these two need not be written.
    - ``replay:///folder/traffic.jsonl?match=command``: a record of traffic played back (strictly without ``match``).
    - anything else is a VISA resource; ``?backend=@py`` behind it names pyvisa's back end.

    `baud` holds for a serial port whose resource names none; `framing` says how the instrument ends its lines. `traffic`
    records everything from the first byte on. `options` go to the link: ``timeout`` (s), for VISA ``backend``. Raises
    ConfigError when the string cannot be read, LinkError when the resource cannot be opened.
    """
    check_resource(resource)
    link = _opened(resource, baud, options)
    link.framing = framing
    if traffic is not None:
        traffic.attach(link)
    return link


def _opened(resource: str, baud: int, options: dict[str, Any]) -> Link:
    # Each import only where it is used: the guardian opens one kind.
    if match := _VISA_SOCKET.fullmatch(resource):
        from .socket_link import SocketLink

        return SocketLink(match[1], int(match[2]), resource=resource, **options)
    parts = urlsplit(resource)
    if parts.scheme in ("tcp", "serial+tcp"):
        from .socket_link import SocketLink

        return SocketLink(*_host_and_port(resource), resource=resource, **options)
    if parts.scheme == "modbus":
        from .modbus import ModbusLink

        host, port, stream_port = _modbus(resource)
        return ModbusLink(host, port, stream_port=stream_port, resource=resource, **options)
    if parts.scheme == "serial":
        from .serial_link import SerialLink

        return SerialLink(*_port_and_baud(resource, baud), resource=resource, **options)
    if parts.scheme == "replay":
        from .replay_link import ReplayLink

        return ReplayLink(*_file_and_match(resource), resource=resource, **options)
    from .visa_link import VisaLink

    address, backend = _address_and_backend(resource)
    if backend:
        options["backend"] = backend
    return VisaLink(resource, address=address, **options)


def check_resource(resource: str) -> None:
    """Raise ConfigError when `open_link` could not read the string; nothing is opened."""
    scheme = urlsplit(resource).scheme
    if _VISA_SOCKET.fullmatch(resource):
        return
    if scheme in ("tcp", "serial+tcp"):
        _host_and_port(resource)
    elif scheme == "modbus":
        _modbus(resource)
    elif scheme == "serial":
        _port_and_baud(resource, 0)
    elif scheme == "replay":
        _file_and_match(resource)
    elif "://" in resource or "::" not in resource:
        raise ConfigError(
            f"'{resource}' is no resource. Write tcp://host:port, serial:///dev/ttyACM0?baud=500000, "
            "serial+tcp://host:port, modbus://host, replay:///folder/traffic.jsonl, or a VISA resource such as "
            "USB0::0x1AB1::0x04CE::DS1ZA0000::INSTR."
        )
    else:
        _address_and_backend(resource)


def _host_and_port(resource: str) -> tuple[str, int]:
    parts = urlsplit(resource)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None:
        raise ConfigError(f"'{resource}' needs a host and a port, such as {parts.scheme}://192.168.1.10:5555.")
    return host, port


def _modbus(resource: str) -> tuple[str, int, int]:
    """Host, port and the port of the stream."""
    parts = urlsplit(resource)
    query = parse_qs(parts.query)
    stream = query.pop("stream", ["702"])[0]
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or query or not stream.isdecimal() or parts.path not in ("", "/"):
        raise ConfigError(f"'{resource}' is not like modbus://192.168.1.20 or modbus://192.168.1.20:502?stream=702.")
    return host, 502 if port is None else port, int(stream)


def _port_and_baud(resource: str, baud: int) -> tuple[str, int]:
    parts = urlsplit(resource)
    port = parts.netloc + parts.path
    query = parse_qs(parts.query)
    text = query.pop("baud", [str(baud)])[0]
    if not port or query or not text.isdecimal():
        raise ConfigError(f"'{resource}' is not like serial:///dev/ttyACM0?baud=500000 or serial://COM3.")
    return port, int(text)


def _file_and_match(resource: str) -> tuple[str, bool]:
    """The file of a record, and whether commands are matched instead of taken in their order."""
    parts = urlsplit(resource)
    path, query = unquote(parts.netloc + parts.path), parse_qs(parts.query)
    match = query.pop("match", ["order"])[0]
    if not path or query or match not in ("order", "command"):
        raise ConfigError(f"'{resource}' is not like replay:///folder/traffic.jsonl or the same with ?match=command.")
    return path, match == "command"


def _address_and_backend(resource: str) -> tuple[str, str]:
    """A VISA address, and the back end that it names (``""``: none)."""
    address, mark, text = resource.partition("?")
    query = parse_qs(text)
    backend = query.pop("backend", [""])[0]
    if query or bool(mark) != bool(backend):
        raise ConfigError(f"'{resource}' is not like TCPIP::192.168.1.10::hislip0::INSTR?backend=@py.")
    return address, backend
