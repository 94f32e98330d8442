"""Instruments with nothing inside, as quick as plain Python can be: the other end of the races."""

import asyncio
import functools
import os
import socket
import sys

READING = b"+1.234567E-03\n"


@functools.cache
def block(size: int) -> bytes:
    """A definite block of `size` random bytes, which hold 0x0A as real traces do."""
    digits = str(size).encode()
    return b"#%d%s%s\n" % (len(digits), digits, os.urandom(size))


def answer(line: bytes) -> bytes:
    """``:READ?`` a number, ``:DATA? N`` a block of N bytes, ``*ESE?`` a number; nothing to what is no question."""
    if line.startswith(b":READ?"):
        return READING
    if line.startswith(b":DATA?"):
        return block(int(line[6:]))
    return b"0\n" if b"?" in line else b""


def answers(buffer: bytes) -> tuple[bytes, bytes]:
    """The answers to the whole lines of a buffer, and what is left of it."""
    *lines, rest = buffer.split(b"\n")
    return b"".join(map(answer, lines)), rest


def blocking() -> None:
    """One client at a time on a blocking socket: the lowest latency."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if os.fork() == 0:
            talk(client)
            os._exit(0)


def talk(client: socket.socket) -> None:
    buffer = b""
    while data := client.recv(65536):
        reply, buffer = answers(buffer + data)
        if reply:
            client.sendall(reply)


def terminal() -> None:
    """A pseudo-terminal."""
    import tty

    master, slave = os.openpty()
    tty.setraw(master)
    tty.setraw(slave)
    print(os.ttyname(slave), flush=True)
    buffer = b""
    while data := os.read(master, 65536):
        reply, buffer = answers(buffer + data)
        while reply:
            reply = reply[os.write(master, reply) :]


class Bare(asyncio.Protocol):
    """The least an asyncio server can do for each query."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        reply, self._buffer = answers(self._buffer + data)
        if reply:
            self._transport.write(reply)


async def bare() -> None:
    """Many clients on a bare asyncio Protocol.

    asyncio takes 256 KiB of memory for each arrival. The C library gets them anew from the system every time, at more than
    the cost of a query, until something larger has been given back once, as in any process that has imported numpy.
    """
    del (warm := bytearray(1 << 20))[:]
    del warm
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    match sys.argv[1]:
        case "blocking":
            blocking()
        case "terminal":
            terminal()
        case "bare":
            asyncio.run(bare())
