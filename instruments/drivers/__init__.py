"""Which driver stands behind a name in a bench file; nothing is imported until it is used.

To add a driver: write its class, add one entry here, and the conformance tests will walk it.
"""

import re
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from neurorig.signals import BenchError

from ..links import Link, open_link
from ..links.framing import KXCI, LINES, Framing

if TYPE_CHECKING:
    from ..roles import Identity


DRIVING = ("CurrentSource", "VoltageSource", "SourceMeter", "PowerSupply")
"""The roles that put current or voltage out."""


@dataclass(frozen=True)
class DriverEntry:
    """One driver: what it is for, without importing it.

    `role` is the name of a protocol in `roles`; `identity` a pattern for ``maker/model`` as the instrument gives them;
    `manual` what it is written from, `covers` what of it is there; `simulated` its double, ``module:Class`` of
    `neurorig.instruments.simulated.models`; `tried` on which hardware it has worked (nothing: none); `baud` the rate of its
    serial port when the resource names none; `framing` how it ends its lines; `trigger_inputs` its connectors that can take
    the marker, but record nothing.
    """

    name: str
    role: str
    model: str
    channels: tuple[str, ...]
    module: str
    class_name: str
    identity: str
    manual: str
    covers: str
    simulated: str
    tried: str = ""
    baud: int = 115200
    trigger_inputs: tuple[str, ...] = ()
    framing: Framing = LINES

    def load(self) -> Any:
        """The driver's class."""
        return getattr(import_module(self.module, __package__), self.class_name)

    def load_simulated(self) -> Any:
        """The class of its simulated double."""
        module, _, name = self.simulated.partition(":")
        return getattr(import_module(f"..simulated.models.{module}", __package__), name)

    @property
    def drives(self) -> bool:
        """Whether it can drive a port: then its safe state must be confirmed, and the guardian watches over it."""
        return self.role in DRIVING

    @property
    def safe_lines(self) -> tuple[str, ...]:
        """The short lines, needing no answer, that make the instrument safe."""
        lines: tuple[str, ...] = self.load().safe_state
        return lines

    def connect(self, resource: str, *, name: str = "", serial_number: str = "", **options: Any) -> Any:
        """Open `resource` and give the driver, its identity checked before anything is set. `options` go to `open_link`.

        Raises LinkError when nothing answers, BenchError when it is another model or has another serial number.
        """
        driver = self.load()
        link = open_link(resource, baud=self.baud, framing=self.framing, **options)
        try:
            return driver(link, name=name or self.name, serial_number=serial_number)
        except BaseException:
            link.close()
            raise

    def check(self, identity: "Identity", link: Link, serial_number: str = "") -> "Identity":
        """Give `identity` back if this driver is written for the model, and the serial number is the one expected (if any).

        Raises BenchError.
        """
        found = f"{identity.maker}/{identity.model}"
        if not re.fullmatch(self.identity, found, re.IGNORECASE):
            raise BenchError(
                f"{link.resource}: '{found}' answers (serial number {identity.serial}); the driver '{self.name}' "
                f"is for {self.model}. Correct the resource or the driver in the bench file."
            )
        if serial_number and identity.serial != serial_number:
            raise BenchError(
                f"{link.resource}: has the serial number {identity.serial}, the bench expects {serial_number}. "
                "Correct the resource or the serial_number; nothing was switched on."
            )
        return identity


DRIVERS: dict[str, DriverEntry] = {
    entry.name: entry
    for entry in (
        DriverEntry(
            name="rigol_ds1000z",
            role="Oscilloscope",
            model="Rigol DS1000Z or MSO1000Z with four channels",
            channels=("1", "2", "3", "4"),
            module=".rigol_ds1000z",
            class_name="RigolDS1000Z",
            identity=r"RIGOL TECHNOLOGIES/(DS|MSO)1\d\d4Z.*",
            manual="MSO1000Z/DS1000Z Programming Guide",
            covers="single triggered records from the internal memory, averages, high resolution, screenshot",
            simulated="rigol_ds1000z:SimulatedRigolDS1000Z",
        ),
        DriverEntry(
            name="keysight_infiniivision",
            role="Oscilloscope",
            model="Keysight (Agilent) InfiniiVision 2000 or 3000 X-Series with four channels",
            channels=("1", "2", "3", "4"),
            module=".keysight_infiniivision",
            class_name="KeysightInfiniiVision",
            identity=r"(AGILENT|KEYSIGHT) TECHNOLOGIES/(DSO|MSO)-X [23]0\d4[AGT].*",
            manual="InfiniiVision 2000 X-Series and 3000 X-Series Programmer's Guides",
            covers="single triggered raw records, external trigger, averages, high resolution, segmented memory, screenshot",
            simulated="keysight_infiniivision:SimulatedKeysightInfiniivision",
            trigger_inputs=("EXT",),
        ),
        DriverEntry(
            name="siglent_sds1000xe",
            role="Oscilloscope",
            model="Siglent SDS1000X-E with four channels",
            channels=("1", "2", "3", "4"),
            module=".siglent_sds1000xe",
            class_name="SiglentSDS1000XE",
            identity=r"SIGLENT( TECHNOLOGIES)?/SDS1\d\d4X-E.*",
            manual="Digital Oscilloscopes Programming Guide EN02",
            covers="single triggered records from the memory, averages, high resolution; no error queue, no screenshot",
            simulated="siglent_sds1000xe:SimulatedSiglentSds1000xe",
        ),
        DriverEntry(
            name="rigol_dho800",
            role="Oscilloscope",
            model="Rigol DHO800 with four channels",
            channels=("1", "2", "3", "4"),
            module=".rigol_dho800",
            class_name="RigolDHO800",
            identity=r"RIGOL TECHNOLOGIES/DHO8\d4.*",
            manual="DHO800/DHO900 Programming Guide",
            covers="single triggered records of 12 bits from the internal memory, averages, screenshot",
            simulated="rigol_dho800:SimulatedRigolDho800",
        ),
        DriverEntry(
            name="tektronix_mso2",
            role="Oscilloscope",
            model="Tektronix 2 Series MSO with four channels",
            channels=("1", "2", "3", "4"),
            module=".tektronix_mso2",
            class_name="TektronixMSO2",
            identity=r"TEKTRONIX/MSO24.*",
            manual="2 Series MSO Programmer Manual",
            covers="single triggered records, averages, high resolution; no screenshot",
            simulated="tektronix_mso2:SimulatedTektronixMso2",
        ),
        DriverEntry(
            name="labjack_t8",
            role="Digitizer",
            model="LabJack T8",
            channels=tuple(f"AIN{n}" for n in range(8)),
            module=".labjack_t8",
            class_name="LabJackT8",
            identity=r"LABJACK/T8",
            manual="T-Series Datasheet; register map ljm_constants.json",
            covers="gap-free streams of all inputs at once, 40 kS/s each; no digital lines, no outputs; "
            "a traffic record lacks the stream",
            simulated="labjack_t:SimulatedLabJackT8",
        ),
        DriverEntry(
            name="labjack_t7",
            role="Digitizer",
            model="LabJack T7 or T7-Pro",
            channels=tuple(f"AIN{n}" for n in range(14)),
            module=".labjack_t7",
            class_name="LabJackT7",
            identity=r"LABJACK/T7",
            manual="T-Series Datasheet; register map ljm_constants.json",
            covers="gap-free streams of its inputs one after the other, 100 kS/s together; no digital lines, no outputs; "
            "a traffic record lacks the stream",
            simulated="labjack_t:SimulatedLabJackT7",
        ),
        DriverEntry(
            name="keithley_2450",
            role="SourceMeter",
            model="Keithley 2450 set to its SCPI command set",
            channels=("1",),
            module=".keithley_2450",
            class_name="Keithley2450",
            identity=r"KEITHLEY INSTRUMENTS/MODEL 2450",
            manual="Model 2450 Reference Manual, 2450-901-01",
            covers="source and measure, 2 and 4 wires, staircases, lists, pulses with read pulses on its trigger timers",
            simulated="keithley_2450:SimulatedKeithley2450",
        ),
        DriverEntry(
            name="keithley_2400",
            role="SourceMeter",
            model="Keithley 2400, 2401, 2410, 2420, 2425 or 2440",
            channels=("1",),
            module=".keithley_2400",
            class_name="Keithley2400",
            identity=r"KEITHLEY INSTRUMENTS INC\./MODEL 24(00|01|10|20|25|40).*",
            manual="2400 Series SourceMeter User's Manual, 2400S-900-01",
            covers="source and measure, 2 and 4 wires, staircases, lists; pulses only as lists of equally long levels",
            simulated="keithley_2400:SimulatedKeithley2400",
            baud=9600,
        ),
        DriverEntry(
            name="keithley_2600b",
            role="SourceMeter",
            model="Keithley 2602B, 2604B, 2612B, 2614B, 2634B or 2636B",
            channels=("a", "b"),
            module=".keithley_2600b",
            class_name="Keithley2600B",
            identity=r"KEITHLEY INSTRUMENTS( INC\.)?/MODEL 26(02|04|12|14|34|36)B",
            manual="Series 2600B System SourceMeter Reference Manual, 2600BS-901-01",
            covers="both channels: source and measure, 2 and 4 wires, staircases, lists, pulses with read pulses on its timers",
            simulated="keithley_2600b:SimulatedKeithley2600B",
        ),
        DriverEntry(
            name="keithley_4200a",
            role="SourceMeter",
            model="Keithley 4200A-SCS with KXCI running (Ethernet, port 1225)",
            channels=("1", "2", "3", "4"),
            module=".keithley_4200a",
            class_name="Keithley4200A",
            identity=r"KEITHLEY INSTRUMENTS( INC\.)?/KI4200A.*",
            manual="4200A-SCS Reference Manual, 4200A-901-01, section 9; KXCI Remote Control Programming, 4200A-KXCI-907-01",
            covers="four SMUs, one train at a time: source and measure, two wires, staircases, lists; pulses only as lists of "
            "equally long levels; settings cannot be read back; no pulse unit, no capacitance unit",
            simulated="keithley_4200a:SimulatedKeithley4200A",
            framing=KXCI,
        ),
        DriverEntry(
            name="keysight_33500b",
            role="VoltageSource",
            model="Keysight 33512B or 33522B",
            channels=("1", "2"),
            module=".keysight_33500b",
            class_name="Keysight33500B",
            identity=r"(AGILENT|KEYSIGHT) TECHNOLOGIES/335[12]2B",
            manual="33500 Series Operating and Service Guide, 33500-90901",
            covers="programs as arbitrary waveforms on both channels, started together, Sync; exact edges or none",
            simulated="keysight_33500b:SimulatedKeysight33500B",
        ),
        DriverEntry(
            name="keysight_e36300",
            role="PowerSupply",
            model="Keysight E36312A or E36313A",
            channels=("1", "2", "3"),
            module=".keysight_e36300",
            class_name="KeysightE36300",
            identity=r"KEYSIGHT TECHNOLOGIES/E3631[23]A",
            manual="E36300 Series Programming Guide, E36311-90008",
            covers="three outputs: voltage, current limit, remote sense, overvoltage protection; no lists, no data log",
            simulated="keysight_e36300:SimulatedKeysightE36300",
        ),
        DriverEntry(
            name="keysight_34465a",
            role="Multimeter",
            model="Keysight 34465A",
            channels=("1",),
            module=".keysight_34465a",
            class_name="Keysight34465A",
            identity=r"(AGILENT|KEYSIGHT) TECHNOLOGIES/34465A",
            manual="Truevolt Series Operating and Service Guide",
            covers="direct volts, amperes up to 3 A, ohms with two and four wires, Pt100; no AC, no digitising",
            simulated="keysight_34465a:SimulatedKeysight34465A",
        ),
        DriverEntry(
            name="keysight_b2900a",
            role="SourceMeter",
            model="Keysight (Agilent) B2902A or B2912A",
            channels=("1", "2"),
            module=".keysight_b2900a",
            class_name="KeysightB2900A",
            identity=r"(AGILENT|KEYSIGHT) TECHNOLOGIES/B29[01]2A",
            manual="B2900A SCPI Command Reference, B2910-90030",
            covers="both channels: source and measure, 2 and 4 wires, staircases, lists, pulses with read pulses on its timers",
            simulated="keysight_b2900a:SimulatedKeysightB2900A",
        ),
        DriverEntry(
            name="arduino_source",
            role="CurrentSource",
            model="the Arduino current source of this repository",
            channels=("1", "2"),
            module=".arduino_source",
            class_name="ArduinoSource",
            identity=r"neurorig/arduino.*",
            manual="hardware/firmware/PROTOCOL.md, contract 1.1",
            covers="programs on both channels, SYNC OUT, ranges, watchdog; read-backs and spike stamps streamed without gaps",
            simulated="arduino_source:SimulatedArduinoSource",
            baud=500000,
        ),
    )
}
