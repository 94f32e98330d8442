"""The Modbus map of the LabJack T7 and T8, as far as they are simulated: addresses, types, access, defaults.

Source: LabJack's own ljm_constants.json (2024.10.28), and for STREAM_DATATYPE 3.2.4 Low-Level Stream.
"""

import struct
from dataclasses import dataclass
from typing import Literal

Kind = Literal["UINT16", "UINT32", "FLOAT32", "STRING"]
Value = int | float | str
STRING_BYTES = 50
"""A string: 49 characters and a zero."""
_WIDTHS = {"UINT16": 1, "UINT32": 2, "FLOAT32": 2, "STRING": STRING_BYTES // 2}


@dataclass(frozen=True)
class Register:
    """One name of the map, ``#`` standing for 0 ... `count` - 1. A `buffer` is read at its one address for as long as wanted."""

    name: str
    address: int
    kind: Kind
    access: Literal["R", "W", "RW"] = "RW"
    default: Value = 0
    count: int = 1
    models: str = "T7 T8"
    buffer: bool = False

    @property
    def width(self) -> int:
        """Registers of 16 bits."""
        return _WIDTHS[self.kind]

    def encode(self, value: Value) -> bytes:
        """As it travels."""
        if isinstance(value, str):
            return value.encode("ascii", "replace")[: STRING_BYTES - 1].ljust(STRING_BYTES, b"\0")
        if self.kind == "FLOAT32":
            return struct.pack(">f", value)
        return struct.pack(">H" if self.kind == "UINT16" else ">I", int(value))

    def decode(self, data: bytes) -> Value:
        """What was written."""
        if self.kind == "STRING":
            return data.split(b"\0")[0].decode("ascii", "replace")
        number: int | float = struct.unpack({"FLOAT32": ">f", "UINT16": ">H", "UINT32": ">I"}[self.kind], data)[0]
        return number


REGISTERS = (
    Register("AIN#", 0, "FLOAT32", "R", count=16),
    Register("FIO#", 2000, "UINT16", "R", count=23),  # FIO, EIO, CIO, MIO in a row: DIO0 ... DIO22
    Register("FIO_STATE", 2500, "UINT16", "R"),
    Register("EIO_STATE", 2501, "UINT16", "R"),
    Register("CIO_STATE", 2502, "UINT16", "R"),
    Register("MIO_STATE", 2503, "UINT16", "R"),
    Register("DIO_STATE", 2800, "UINT32", "R"),
    Register("STREAM_SCANRATE_HZ", 4002, "FLOAT32", default=0.0),
    Register("STREAM_NUM_ADDRESSES", 4004, "UINT32"),
    Register("STREAM_SAMPLES_PER_PACKET", 4006, "UINT32"),
    Register("STREAM_SETTLING_US", 4008, "FLOAT32", default=0.0),
    Register("STREAM_RESOLUTION_INDEX", 4010, "UINT32"),
    Register("STREAM_BUFFER_SIZE_BYTES", 4012, "UINT32"),
    Register("STREAM_CLOCK_SOURCE", 4014, "UINT32"),
    Register("STREAM_AUTO_TARGET", 4016, "UINT32"),
    Register("STREAM_DATATYPE", 4018, "UINT32"),
    Register("STREAM_NUM_SCANS", 4020, "UINT32"),
    Register("STREAM_EXTERNAL_CLOCK_DIVISOR", 4022, "UINT32"),
    Register("STREAM_TRIGGER_INDEX", 4024, "UINT32"),
    Register("STREAM_START_TIME_STAMP", 4026, "UINT32", "R"),
    Register("STREAM_AUTORECOVER_DISABLE", 4028, "UINT32"),
    Register("STREAM_SCANLIST_ADDRESS#", 4100, "UINT32", count=128),
    Register("STREAM_DATA_CR", 4500, "UINT32", "R", buffer=True),
    Register("STREAM_DATA_CAPTURE_16", 4899, "UINT16", "R"),
    Register("STREAM_ENABLE", 4990, "UINT32"),
    Register("AIN#_RANGE", 40000, "FLOAT32", default=0.0, count=14),
    Register("AIN#_NEGATIVE_CH", 41000, "UINT16", default=199, count=14),
    Register("AIN#_RESOLUTION_INDEX", 41500, "UINT16", count=14),
    Register("AIN#_SETTLING_US", 42000, "FLOAT32", default=0.0, count=14),
    Register("AIN_SAMPLING_RATE_HZ", 43710, "FLOAT32", default=100.0, models="T8"),
    Register("AIN_SAMPLING_RATE_ACTUAL_HZ", 43712, "FLOAT32", "R", models="T8"),
    Register("AIN_ALL_RANGE", 43900, "FLOAT32"),
    Register("AIN_ALL_NEGATIVE_CH", 43902, "UINT16"),
    Register("AIN_ALL_RESOLUTION_INDEX", 43903, "UINT16"),
    Register("AIN_ALL_SETTLING_US", 43904, "FLOAT32"),
    Register("LAST_ERR_DETAIL", 55000, "UINT16", "R"),
    Register("TEST", 55100, "UINT32", "R", default=0x00112233),
    Register("TEST_UINT16", 55110, "UINT16", default=17),
    Register("TEST_UINT32", 55120, "UINT32", default=0x00112233),
    Register("TEST_FLOAT32", 55124, "FLOAT32", default=9999.0),
    Register("PRODUCT_ID", 60000, "FLOAT32", "R"),
    Register("HARDWARE_VERSION", 60002, "FLOAT32", "R"),
    Register("FIRMWARE_VERSION", 60004, "FLOAT32", "R"),
    Register("BOOTLOADER_VERSION", 60006, "FLOAT32", "R"),
    Register("HARDWARE_INSTALLED", 60010, "UINT32", "R"),
    Register("SERIAL_NUMBER", 60028, "UINT32", "R"),
    Register("DEVICE_NAME_DEFAULT", 60500, "STRING"),
    Register("CORE_TIMER", 61520, "UINT32", "R"),
    Register("SYSTEM_TIMER_20HZ", 61522, "UINT32", "R"),
    Register("INTERNAL_FLASH_READ_POINTER", 61810, "UINT32"),
    Register("INTERNAL_FLASH_READ", 61812, "UINT32", "R", buffer=True),
)


class Map:
    """The map of one model: what lies at an address."""

    def __init__(self, model: str) -> None:
        self.registers = {r.name: r for r in REGISTERS if model in r.models}
        self._at = {
            r.address + n * r.width: (r, n)
            for r in self.registers.values()
            for n in range(r.count)
        }  # fmt: skip
        self._inside = {start + k for start, (r, _) in self._at.items() for k in range(1, r.width)}

    def at(self, address: int) -> tuple[Register, int]:
        """The register that begins at an address, and its number. Raises LookupError when none does."""
        return self._at[address]

    def within(self, address: int) -> bool:
        """Whether the address lies inside a register of more than 16 bits."""
        return address in self._inside
