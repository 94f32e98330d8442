"""Lines and blocks as nobody should send them: right ones, wrong ones, mutated ones, noise. All from seeds."""

import random
import re
import struct

from neurorig.instruments.simulated.models.arduino_source import REQUESTS

from ...instruments.protocol_client import MARK, begin, block, crc8, hold, loop, ramp

HEADERS = sorted(re.sub("<n>", n, header) for header in REQUESTS for n in ("1", "2", "3", ""))
WORDS = ["ON", "OFF", "IMM", "EXT", "START", "EPOCH", "TICK", "SOUR", "SINK", "x", "1.5", "+7", "-5", "99999999999"]
WORDS += map(str, (0, 1, 2, 3, 5, 15, 16, 64, 65, 100, 192, 300, 2000, 4922, 8000, 60000, 250000, 2**31))
USEFUL = [
    b"ARM",
    b"TRIG",
    b"ABOR",
    b"*CLS",
    b"*RST",
    b"STAT?",
    b"SYST:ERR?",
    b"SOUR1:CURR 5000",
    b"SOUR2:CURR -70000",
    b"SPIK:STAT 1,ON",
    b"ADC:STAT ON",
    b"ADC:STAT OFF",
    b"ADC:DATA? 192",
    b"CAL:UNL 4922",
    b"CAL:GAIN 1,SOUR,900",
    b"SYST:WDOG 60000",
    b"OUTP1 ON",
    b"OUTP2 ON",
]
HEADS = [b"#0", b"#9", b"#10", b"#3999", b"#2-1", b"#1", b"#12\xff\xff", b"#3002\xff\xff", b"#226", b"#"]


def segment(r: random.Random) -> bytes:
    code = r.choice([0, 1, -1, 819, -819, 4095, -4095, r.randint(-4096, 4095)])
    match r.randrange(8):
        case 0 | 1 | 2:
            return hold(code, r.choice([1, 1, 2, 5, 30, 131072]))
        case 3:
            return ramp(code, r.choice([1, 3, 40, 131072]))
        case 4:
            return begin(code, r.choice([1, 2, 9, 32768])) + ramp(-code, r.choice([1, 7]))
        case 5:
            return loop(r.choice([0, 1, 2, 5, 65535]), *(segment(r) for _ in range(r.randrange(3))))
        case 6:
            return r.choice([MARK, begin(code, 1), bytes(4), loop(2)[:4]])
        case _:
            return struct.pack("<I", r.getrandbits(32))


def upload(r: random.Random) -> bytes:
    payload = b"".join(segment(r) for _ in range(r.choice([0, 1, 2, 3, 5, 90])))
    if r.random() < 0.1:
        payload = r.randbytes(r.randrange(500))
    return b"SOUR%d:WAV:DATA " % r.choice([1, 2, 1, 2, 3]) + block(payload[:990])


def command(r: random.Random) -> bytes:
    line = f"{r.choice(HEADERS)} {','.join(r.choices(WORDS, k=r.choice([0, 1, 1, 2, 3])))}".strip().encode()
    if r.random() < 0.2:
        line = line.lower()
    return line + b"*%02X" % crc8(line) if r.random() < 0.2 else line


def text(r: random.Random) -> bytes:
    """A line or a block without its LF, now and then with one inside."""
    match r.randrange(12):
        case 0 | 1 | 2:
            line = command(r)
        case 3 | 4 | 5:
            line = r.choice(USEFUL)
        case 6 | 7:
            line = upload(r)
        case 8:
            line = b"SOUR1:WAV:DATA " + r.choice(HEADS) + r.randbytes(r.randrange(40))
        case 9:
            line = r.randbytes(r.randrange(100))
        case 10:
            line = bytes(r.randrange(0x20, 0x7F) for _ in range(r.randrange(55, 70)))
        case _:
            line = r.choice([b"", b"\r", b" ", b" *", b"*00", b" STAT? \r", b"\r\r", b"STAT?\x00"])
    return mutated(r, line) if r.random() < 0.4 else line


def mutated(r: random.Random, line: bytes) -> bytes:
    data = bytearray(line)
    for _ in range(r.choice([1, 1, 2])):
        if not data:
            break
        k = r.randrange(len(data))
        match r.randrange(5):
            case 0 | 1:
                data[k] ^= 1 << r.randrange(8)
            case 2:
                del data[k]
            case 3:
                data.insert(k, r.randrange(256))
            case _:
                del data[k:]
    return bytes(data)


def dumb(data: bytes) -> bytes:
    """The same, but nothing in it switches an output on."""
    return re.sub(rb"OUTP", b"OUTQ", data, flags=re.IGNORECASE)
