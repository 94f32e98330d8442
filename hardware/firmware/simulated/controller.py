"""The ATmega328P of the current source with the shield around it, in lock step: `shim.c` through ctypes."""

import ctypes
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from neurorig.signals import ConfigError

from .building import LOOK, shim
from .intel_hex import read_image

HERTZ = 16_000_000
"""Cycles of the processor in a second."""
EVENT = np.dtype([("cycle", "<u8"), ("code", "<u2"), ("channel", "u1"), ("kind", "u1"), ("pad", "<u4")])
"""What the shield sees.

kind 0: an output of a converter was latched; channel 0 to 3: source and sink leg (A, B) of channel 1, then of channel 2;
code as the converter has it. kind 1: the processor restarted, its pins float. kind 2: OE of channel 1 or 2 is now `code`.
kind 3: SYNC OUT is now `code`.
"""
LATCHED, RESTARTED, ENABLE, SYNC = range(4)
CAUSES = {"POWER": 1, "EXTERNAL": 2, "BROWNOUT": 4, "WATCHDOG": 8}
"""Causes of a restart, as bits of MCUSR."""
EEPROM_SIZE = 1024
RAM = range(0x100, 0x900)
"""Data addresses of the memory."""
_PORTS = {"D": 2, "B": 0, "C": 1}


class ProcessorHalted(RuntimeError):  # noqa: N818  (as the processor does)
    """The program has stopped the processor for good: it sleeps with interrupts off, or ran into the void."""


class Controller:
    """A processor with a program in it; time passes only in `run`.

    `image`: an Intel HEX file. `cause`: why it starts. `eeprom`: its contents from the beginning on, the rest erased.
    Raises ConfigError when the image cannot be read, or gcc or libsimavr is missing.
    """

    def __init__(self, image: Path, *, cause: str = "POWER", eeprom: bytes | None = None) -> None:
        code = read_image(image)
        self._shim = shim()
        board = self._shim.shim_new(code, len(code), _cause(cause))
        self._board: ctypes.c_void_p | None = ctypes.c_void_p(board)
        self._memory = ctypes.cast(self._shim.shim_memory(self._board), ctypes.POINTER(ctypes.c_uint8))
        self._eeprom = ctypes.cast(self._shim.shim_eeprom(self._board), ctypes.POINTER(ctypes.c_uint8))
        self._trouble: BaseException | None = None
        if eeprom is not None:
            self.eeprom = eeprom

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Give its memory back."""
        board, self._board = getattr(self, "_board", None), None
        if board is not None:
            self._shim.shim_free(board)

    # Time

    @property
    def cycle(self) -> int:
        """Cycles since the beginning, restarts or not."""
        return int(self._shim.shim_cycle(self._board))

    def run(self, cycles: int) -> None:
        """Let so many cycles pass (a few more: an instruction is not cut). Raises ProcessorHalted."""
        self._go(self.cycle + cycles, watch=False)

    def run_until(self, cycle: int) -> None:
        """Run to this cycle, or until the shield's outputs change or a line is complete, whichever comes first.

        Raises ProcessorHalted.
        """
        self._go(cycle, watch=True)

    def _go(self, cycle: int, *, watch: bool) -> None:
        reached = self._shim.shim_run(self._board, cycle, watch)
        if self._trouble is not None:
            trouble, self._trouble = self._trouble, None
            raise trouble
        if reached < 0:
            where = f"cycle {self.cycle}, at address {self._shim.shim_pc(self._board):#x}"
            raise ProcessorHalted(f"the processor halted at {where}")

    # Serial line

    def send(self, data: bytes) -> None:
        """Put bytes on the line to the processor; they arrive at 500 000 baud."""
        self._shim.shim_send(self._board, data, len(data))

    @property
    def unread(self) -> int:
        """Bytes still on the line to the processor."""
        return int(self._shim.shim_unread(self._board))

    def received(self) -> bytes:
        """What the processor has sent since the last call."""
        data = ctypes.create_string_buffer(int(self._shim.shim_pending(self._board)))
        self._shim.shim_take_received(self._board, data)
        return data.raw

    # The shield

    def events(self) -> NDArray[np.void]:
        """What happened at the shield since the last call: an array of `EVENT`, in time order."""
        events = np.empty(int(self._shim.shim_events(self._board)), EVENT)
        self._shim.shim_take_events(self._board, events.ctypes.data_as(ctypes.c_void_p))
        return events

    def analog(self, channel: int, volts: float) -> None:
        """Put a voltage on analog input 0 to 5."""
        self._shim.shim_analog(self._board, channel, volts)

    def look(self, volts: Callable[[int, int], float]) -> None:
        """Ask ``volts(input, cycle)`` instead whenever a conversion is read: `cycle` is when the input was held.

        It is called in the middle of a run, and must not run, send or restart.
        """

        def asked(channel: int, cycle: int) -> float:
            try:
                return volts(channel, cycle)
            except BaseException as trouble:  # nothing may be raised through the shim
                self._trouble = trouble
                return 0.0

        self._looking = LOOK(asked)
        self._shim.shim_look(self._board, self._looking)

    def reference(self, volts: float) -> None:
        """Voltage at AREF; 2.5 V at first."""
        self._shim.shim_aref(self._board, volts)

    def pin(self, name: str, level: bool) -> None:
        """Put a level on an input, named as on the Arduino: "D2", "D8", "A5"."""
        self._shim.shim_pin(self._board, *_place(name), int(level))

    def spikes(self, cycles: NDArray[np.uint64], inputs: NDArray[np.uint8]) -> None:
        """Let spikes come to SPIKE IN 1 (input 0) and 2 (input 1) at these cycles, in rising order, 64 at most.

        Each is a pulse to ICP1 and a level at D4 or D5, as the shield's comparators make them. Those that were told before
        and have not come are forgotten.
        """
        when, which = np.ascontiguousarray(cycles[:64], np.uint64), np.ascontiguousarray(inputs[:64], np.uint8)
        self._shim.shim_spikes(self._board, when.ctypes.data, which.ctypes.data, len(when))

    def level(self, name: str) -> bool:
        """The level at a pin; an input without a driver is as the shield's resistors pull it."""
        return bool(self._shim.shim_level(self._board, *_place(name)))

    def restart(self, cause: str, *, boot: float = 0.0) -> None:
        """Restart the processor now (POWER, EXTERNAL, BROWNOUT, WATCHDOG); the program begins after `boot` seconds.

        Until then the pins float and what comes over the line is lost, as in the bootloader. Over anything but a loss of
        power the converters keep their codes.
        """
        self._shim.shim_restart(self._board, _cause(cause), round(boot * HERTZ))

    # Memory

    @property
    def eeprom(self) -> bytes:
        """All of it."""
        return bytes(self._eeprom[:EEPROM_SIZE])

    @eeprom.setter
    def eeprom(self, contents: bytes) -> None:
        if len(contents) > EEPROM_SIZE:
            raise ConfigError(f"The EEPROM has {EEPROM_SIZE} bytes, not {len(contents)}.")
        ctypes.memmove(self._eeprom, contents.ljust(EEPROM_SIZE, b"\xff"), EEPROM_SIZE)

    def memory(self, address: int, length: int) -> bytes:
        """Bytes of the data memory, registers included (the RAM begins at 0x100)."""
        if not 0 <= address <= address + length <= RAM.stop:
            raise ConfigError(
                f"Addresses {address:#x} to {address + length:#x} are not in the data memory (0 to {RAM.stop:#x})."
            )
        return bytes(self._memory[address : address + length])


def _cause(cause: str) -> int:
    if cause not in CAUSES:
        raise ConfigError(f"{cause}: no such cause of a restart ({', '.join(CAUSES)}).")
    return CAUSES[cause]


def _place(name: str) -> tuple[int, int]:
    """Port and bit of a pin of the Arduino. Raises ConfigError."""
    kind, digits = name[:1], name[1:]
    number = int(digits) if digits.isdecimal() else -1
    if kind == "A" and 0 <= number <= 5:
        return _PORTS["C"], number
    if kind == "D" and 0 <= number <= 13:
        return (_PORTS["D"], number) if number < 8 else (_PORTS["B"], number - 8)
    raise ConfigError(f"{name}: no such pin (D0 to D13, A0 to A5).")
