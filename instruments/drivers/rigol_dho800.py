"""Rigol DHO800 oscilloscopes with four channels, from the *DHO800/DHO900 Programming Guide* (April 2025).

They speak as the DS1000Z does (see `rigol_ds1000z`), but for what stands here. Facts of the guide:

- depths by the number of channels that are on, read back in scientific notation (3.3.2); no high resolution, the converter has
  12 bits (3.3.3); ten divisions (3.26.2); from 50 ms a division on it rolls by itself, untriggered, unless ``:TIMebase:ROLL``
  is 0 (3.26.11);
- offsets reach 1 V up to 65 mV a division, 8 V up to 260 mV, 20 V up to 2.65 V, else 100 V (3.6.5); trigger levels reach 4.5
  divisions (3.27); probes 0.001 to 50000 (3.6.8);
- raw data as words of two bytes, the low one first (assumed), any part of the memory in one block (3.28.12);
  volts = (code - YORigin - YREFerence) x YINCrement.

Waveform recording and UltraAcquire are not used as segments. Nothing tells whether a stopped acquisition was triggered, so one
that somebody has stopped at the instrument's own panel is taken for a record.

Assumed, because the guide leaves it to the data sheet: 1.25 GSa/s, shared by two and by four channels; 5 ns to 500 s a
division; rate = depth / (10 x time base), which is checked when it is set and in every record.
"""

from typing import ClassVar

from neurorig.signals import PlanError

from ..commands import choice, command, switch
from ..links import Link
from ..roles import Acquisition, Mode
from .rigol_ds1000z import RigolChannel, RigolDS1000Z
from .scope_tables import Memory, Screen, steps_125

ONE = (1_000, 10_000, 100_000, 1_000_000, 5_000_000, 10_000_000, 25_000_000)
DEPTHS = {1: ONE, 2: ONE[:-1], 3: ONE[:-2], 4: ONE[:-2]}
FASTEST = {1: 1.25e9, 2: 6.25e8, 3: 3.125e8, 4: 3.125e8}
PROBES = steps_125(0.001, 50_000)


def _furthest(scale: float) -> float:
    """How far the middle may lie from 0 V (3.6.5)."""
    return next((reach for most, reach in ((0.065, 1.0), (0.26, 8.0), (2.65, 20.0)) if scale <= most), 100.0)


class RigolDHO800Channel(RigolChannel):
    """One analog channel (``:CHANnel<n>``); every voltage is at the probe's tip."""

    probe = command(":CHAN{n}:PROB", unit="", low=0.001, high=50_000, doc="Attenuation of the probe.")
    scale = command(":CHAN{n}:SCAL", unit="V", low=5e-7, high=5e5, doc="Volts a division; 8 divisions on the screen.")


class RigolDHO800(RigolDS1000Z):
    """Rigol DHO800 with four channels and 12 bits: single triggered records from the internal memory.

    Fulfils the role `Oscilloscope`. Channels are named ``"1"`` to ``"4"``. BenchError when another model answers.
    """

    driver: ClassVar[str] = "rigol_dho800"
    probes: ClassVar[tuple[float, ...]] = PROBES
    screen: ClassVar[Screen] = Screen(
        scales=steps_125(5e-4, 10), divisions=8, furthest=_furthest, level_divisions=4.5, probes=PROBES
    )
    memory = Memory(10, steps_125(5e-9, 500), DEPTHS, FASTEST)
    words: ClassVar[bool] = True
    batch: ClassVar[int] = ONE[-1]
    step: ClassVar[int] = 16
    channel_class: ClassVar[type[RigolChannel]] = RigolDHO800Channel

    timebase = command(":TIM:MAIN:SCAL", unit="s", low=1e-9, high=500, doc="Seconds a division; 10 on the screen.")
    rate = command(":ACQ:SRAT", unit="Hz", low=0, high=1.25e9, query_only=True, doc="Sample rate (3.3.4).")
    rolling = switch(":TIM:ROLL", doc="Whether it rolls, untriggered, from 50 ms a division on.")
    acquisition_type = choice(":ACQ:TYPE", ("NORM", "PEAK", "AVER", "ULTR"), doc="How samples become points.")
    trigger_mode = choice(
        ":TRIG:MODE",
        (
            *(
                "EDGE",
                "PULS",
                "SLOP",
                "VID",
                "PATT",
                "DUR",
                "TIM",
                "RUNT",
                "WIND",
                "DEL",
                "SET",
                "NEDG",
                "RS232",
                "IIC",
            ),
            *("SPI", "CAN"),
        ),
        doc="Trigger type.",
    )
    trigger_source = choice(
        ":TRIG:EDGE:SOUR", ("CHAN1", "CHAN2", "CHAN3", "CHAN4", "EXT"), doc="Source of the edge trigger."
    )
    holdoff = command(":TRIG:HOLD", unit="s", low=8e-9, high=10, doc="Time after a trigger in which none counts.")

    def __init__(self, link: Link, *, name: str = "", serial_number: str = "") -> None:
        super().__init__(link, name=name, serial_number=serial_number)
        self._told_to_stop = True

    def _check_mode(self, mode: Mode, count: int, segments: int) -> None:
        if mode == "high_resolution":
            raise PlanError(
                f"{self.name}: the {self.identity.model} has no high resolution beyond the 12 bits of its converter; it "
                "offers normal and average."
            )
        super()._check_mode(mode, count, segments)

    def _prepare(self, acquisition: Acquisition) -> None:
        super()._prepare(acquisition)
        self.rolling = False

    def _single(self) -> None:
        super()._single()
        self._told_to_stop = False

    def _halt(self) -> None:
        self._told_to_stop = True
        super()._halt()

    def safe(self) -> None:
        """Send the safe state, each line on its own. Raises LinkError after the last."""
        self._told_to_stop = True
        super().safe()

    def _triggered(self) -> bool:
        # :TRIGger:POSition? does not tell here; a single acquisition that nobody has stopped has stopped with its trigger.
        return not self._told_to_stop

    def screenshot(self) -> bytes:
        """What the screen shows, as a PNG file (``:DISPlay:DATA? PNG``)."""
        return self._picture(":DISP:DATA? PNG")
