"""HiSLIP (IVI-6.1): what generic VISA clients open as ``TCPIP::host::hislip0,port::INSTR``.

Synchronized mode, without encryption. Messages and their ends, device clear, status query with its MAV bit (6.14.1),
trigger; a lock is granted to whoever asks, as nobody is ever kept out. An answer is sent as soon as it is there, so the
server has none to throw away when a client interrupts it: the client knows by the message's number that a late answer is
not its own.
"""

import asyncio
import functools
import itertools
import struct
from collections.abc import Callable
from typing import NamedTuple

from .device import Device, Session

_HEADER = struct.Struct("!2sBBIQ")
_VERSION = 0x0100
_VENDOR = int.from_bytes(b"nr")
_MOST = 1 << 24
"""Longest message taken, bytes."""
HIGH_WATER = 1 << 20
"""Bytes waiting for a client beyond which no more of its messages are taken."""

_INITIALIZE, _INITIALIZE_RESPONSE, _FATAL_ERROR, _ERROR, _LOCK, _LOCK_RESPONSE, _DATA, _DATA_END = range(8)
_CLEAR_COMPLETE, _CLEAR_ACKNOWLEDGE, _REMOTE, _REMOTE_RESPONSE, _TRIGGER = range(8, 13)
_MAX_SIZE, _MAX_SIZE_RESPONSE, _ASYNC_INITIALIZE, _ASYNC_INITIALIZE_RESPONSE, _CLEAR = range(15, 20)
_STATUS, _STATUS_RESPONSE, _CLEAR_NOW, _LOCK_INFO, _LOCK_INFO_RESPONSE = range(21, 26)
_BAD_HEADER, _NO_CHANNELS, _BAD_START = 1, 2, 3
_UNKNOWN_TYPE = 1
_DELIVERED = 1
"""Control code: the client has read the end of the last answer."""
_MAV = 0x10

Receive = Callable[[Session, bytes], bytes]


class _Message(NamedTuple):
    kind: int
    control: int
    parameter: int
    payload: bytes


class HislipService:
    """The HiSLIP side of one device; `connection` makes the protocol of a new client (each comes with two connections).

    `receive` hands bytes to a session and gives its answer.
    """

    def __init__(self, device: Device, receive: Receive) -> None:
        self.device, self.receive = device, receive
        self.sessions: dict[int, _Conversation] = {}
        self.transports: set[asyncio.Transport] = set()
        self._numbers = itertools.count(1)

    def connection(self) -> "_Connection":
        """A protocol for ``loop.create_server``."""
        return _Connection(self)

    def begin(self) -> "tuple[int, _Conversation]":
        """A conversation with a new client, and its number."""
        number = next(n for n in (k & 0xFFFF for k in self._numbers) if n not in self.sessions)
        self.sessions[number] = _Conversation(self)
        return number, self.sessions[number]

    def patient(self) -> "list[_Conversation]":
        """The clients whose session waits for the instrument."""
        return [each for each in self.sessions.values() if not each.paused and getattr(each.session, "waiting", False)]

    def drop(self) -> None:
        """Hang up on everybody."""
        for transport in tuple(self.transports):
            transport.abort()

    def end(self, conversation: "_Conversation") -> None:
        """The client has gone."""
        self.sessions = {n: c for n, c in self.sessions.items() if c is not conversation}
        conversation.session.close()


class _Conversation:
    def __init__(self, service: HislipService) -> None:
        self._service = service
        self.session = service.device.session()
        self.most = 1 << 20  # bytes of a message that the client takes
        self.reply: Callable[[bytes], None] = lambda answer: None  # to the last message
        self.clearing = self.unread = self.paused = False

    def clear(self) -> None:
        """Device clear: forget what has come in; nothing is waiting to go out."""
        self.clearing, self.unread = True, False
        self.session.close()
        self.session = self._service.device.session()

    def answer(self, data: bytes) -> bytes:
        return self._service.receive(self.session, data)

    def go_on(self) -> None:
        """Time has passed for a session that waits."""
        self.reply(self.session.receive(b""))

    def status(self, delivered: bool) -> int:
        """The status byte, asked in a session of its own: it must not disturb a message that is half in.

        Whether an answer waits to be read is the interface's to say: `delivered` if the client has read the last one.
        """
        self.unread = self.unread and not delivered
        session = self._service.device.session()
        told = self._service.receive(session, b"*STB?\n").split()[-1:]  # some repeat the header first
        session.close()
        status = int(told[0]) if told and told[0].isdigit() else 0
        return status & 0xFF & ~_MAV | _MAV * self.unread


class _Connection(asyncio.Protocol):
    """One of a client's two connections; the first message says which: synchronous or asynchronous."""

    def __init__(self, service: HislipService) -> None:
        self._service = service
        self._held = bytearray()
        self._conversation: _Conversation | None = None
        self._synchronous = self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=HIGH_WATER)
        self._service.transports.add(transport)

    def pause_writing(self) -> None:
        """A client that asks faster than it reads is not listened to until it has read."""
        self._paused = True
        if self._conversation is not None:
            self._conversation.paused = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._paused = False
        if self._conversation is not None:
            self._conversation.paused = False
        self._transport.resume_reading()
        self.data_received(b"")

    def connection_lost(self, reason: Exception | None) -> None:
        self._service.transports.discard(self._transport)
        if self._synchronous and self._conversation is not None:
            self._service.end(self._conversation)

    def data_received(self, data: bytes) -> None:
        self._held += data
        while len(self._held) >= _HEADER.size and not self._paused and not self._transport.is_closing():
            mark, kind, control, parameter, length = _HEADER.unpack_from(self._held)
            if mark != b"HS" or length > _MOST:
                self._refuse(_BAD_HEADER)
                return
            if len(self._held) < _HEADER.size + length:
                return
            payload = bytes(self._held[_HEADER.size : _HEADER.size + length])
            del self._held[: _HEADER.size + length]
            self._take(_Message(kind, control, parameter, payload))

    def _send(self, kind: int, control: int = 0, parameter: int = 0, payload: bytes = b"") -> None:
        self._transport.write(_HEADER.pack(b"HS", kind, control, parameter, len(payload)) + payload)

    def _refuse(self, code: int) -> None:
        self._send(_FATAL_ERROR, code)
        self._transport.close()

    def _take(self, message: _Message) -> None:
        if self._conversation is None:
            self._start(message)
        elif self._synchronous:
            self._take_synchronous(message, self._conversation)
        else:
            self._take_asynchronous(message, self._conversation)

    def _start(self, message: _Message) -> None:
        if message.kind == _INITIALIZE:
            number, self._conversation = self._service.begin()
            self._synchronous = True
            self._send(_INITIALIZE_RESPONSE, 0, _VERSION << 16 | number)
        elif message.kind == _ASYNC_INITIALIZE and message.parameter in self._service.sessions:
            self._conversation = self._service.sessions[message.parameter]
            self._send(_ASYNC_INITIALIZE_RESPONSE, 0, _VENDOR)
        else:
            self._refuse(_NO_CHANNELS if message.kind in (_DATA, _DATA_END) else _BAD_START)

    def _take_synchronous(self, message: _Message, conversation: _Conversation) -> None:
        if message.kind == _CLEAR_COMPLETE:
            conversation.clearing = False
            self._send(_CLEAR_ACKNOWLEDGE)
        elif message.kind not in (_DATA, _DATA_END, _TRIGGER):
            self._send(_ERROR, _UNKNOWN_TYPE)
        elif not conversation.clearing:  # else it was sent before the client knew that the device is cleared
            # The interface's mark ends a message as a line feed does; one too many is an empty message.
            data = b"*TRG\n" if message.kind == _TRIGGER else message.payload + b"\n" * (message.kind == _DATA_END)
            conversation.unread = False
            conversation.reply = functools.partial(self._answer, conversation, message.parameter)
            conversation.reply(conversation.answer(data))

    def _answer(self, conversation: _Conversation, number: int, answer: bytes) -> None:
        most = conversation.most
        for start in range(0, len(answer), most):
            last = start + most >= len(answer)
            self._send(_DATA_END if last else _DATA, 0, number, answer[start : start + most])
        conversation.unread = conversation.unread or bool(answer)

    def _take_asynchronous(self, message: _Message, conversation: _Conversation) -> None:
        match message.kind:
            case k if k == _MAX_SIZE and len(message.payload) == 8:
                conversation.most = max(min(int.from_bytes(message.payload), _MOST) - _HEADER.size, 1)
                self._send(_MAX_SIZE_RESPONSE, payload=_MOST.to_bytes(8))
            case k if k == _CLEAR:
                conversation.clear()
                self._send(_CLEAR_NOW)
            case k if k == _STATUS:
                self._send(_STATUS_RESPONSE, conversation.status(bool(message.control & _DELIVERED)))
            case k if k == _LOCK:
                self._send(_LOCK_RESPONSE, 1)
            case k if k == _LOCK_INFO:
                self._send(_LOCK_INFO_RESPONSE)
            case k if k == _REMOTE:
                self._send(_REMOTE_RESPONSE)
            case _:
                self._send(_ERROR, _UNKNOWN_TYPE)
