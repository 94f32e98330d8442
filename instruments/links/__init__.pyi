from .link import SCPI, KeepAlive, Link, Resync
from .resources import check_resource, open_link
from .serial_link import SerialLink
from .socket_link import SocketLink
from .visa_link import VisaLink

__all__ = ["SCPI", "KeepAlive", "Link", "Resync", "SerialLink", "SocketLink", "VisaLink", "check_resource", "open_link"]
