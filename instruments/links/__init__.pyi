from .keep_alive import KeepAlive
from .link import Link
from .modbus import ModbusLink
from .question import Question
from .replay_link import ReplayLink
from .resources import check_resource, open_link
from .resync import SCPI, Resync
from .serial_link import SerialLink
from .socket_link import SocketLink
from .stream_port import StreamPort
from .traffic import TrafficLog, Transcript
from .visa_link import VisaLink

__all__ = [
    "SCPI", "KeepAlive", "Link", "ModbusLink", "Question", "ReplayLink", "Resync", "SerialLink", "SocketLink", "StreamPort",
    "TrafficLog", "Transcript", "VisaLink", "check_resource", "open_link",
]  # fmt: skip
