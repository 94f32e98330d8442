from .link import KeepAlive, Link, scpi_sentinel
from .resources import open_link
from .serial_link import SerialLink
from .socket_link import SocketLink
from .visa_link import VisaLink

__all__ = ["KeepAlive", "Link", "SerialLink", "SocketLink", "VisaLink", "open_link", "scpi_sentinel"]
