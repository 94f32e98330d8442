"""The 2 Series MSO driver with answers as the programmer's manual gives them: bare words, events, WFMOutpre, CURVe."""

import numpy as np
import pytest

from neurorig.instruments import DRIVERS, ChannelSetup
from neurorig.instruments.drivers.tektronix_mso2 import TIMEBASES
from neurorig.signals import InstrumentError, PlanError

from .remembering import Remembering, block
from .scripted import scripted


class Manual(Remembering):
    """A scope that is ready as soon as it runs; `events` are taken one by one, once ``*ESR?`` was read."""

    def __init__(self) -> None:
        super().__init__(
            {
                "*IDN?": "TEKTRONIX,MSO24,C012345,CF:91.1CT FV:1.44.3.433",
                "TRIGger:STATE?": lambda: self.state,
                "HORizontal:SAMPLERate?": "100.0000E+3",
                "ACQuire:NUMACq?": "1",
                "CH1:BANdwidth?": lambda: self.bandwidth,
                "*ESR?": self._open,
                "EVMsg?": lambda: self.opened.pop(0) if self.opened else '0,"No events to report; queue empty"',
            }
        )
        self.state, self.bandwidth = "SAVE", "70.0000E+6"
        self.events: list[str] = []
        self.opened: list[str] = []

    def _open(self) -> str:
        self.opened, self.events = self.events, []
        return "0"

    def __call__(self, line):
        self.state = {"ACQuire:STATE RUN": "READY", "ACQuire:STATE STOP": "SAVE"}.get(line, self.state)
        if line.startswith("DISplay:GLObal") or line.startswith("HORizontal:DELay"):
            line = line.replace(" OFF", " 0").replace(" ON", " 1")
        return super().__call__(line)

    def holds(self, samples: np.ndarray, **told: float) -> None:
        """What is read next; the numbers of WFMOutpre."""
        numbers = {
            "NR_Pt": len(samples),
            "XINcr": 1e-5,
            "XZEro": -0.01,
            "PT_Off": 0,
            "YMUlt": 0.02,
            "YOFf": 0,
            "YZEro": 2,
        }
        self.answers |= {f"WFMOutpre:{name}?": f"{value:g}" for name, value in (numbers | told).items()}
        self.answers["CURVe?"] = block(samples.tobytes())


@pytest.fixture
def manual():
    return Manual()


@pytest.fixture
def scope(manual):
    with scripted(manual) as server:
        driver = DRIVERS["tektronix_mso2"].connect(f"tcp://127.0.0.1:{server.port}", name="scope", timeout=0.5)
        yield driver
        driver.close()


def recorded(scope, manual) -> None:
    """0.1 s at 100 kHz on channel 1, a tenth of it before the trigger."""
    scope.configure([ChannelSetup("1", 0, 4)], scope.plan(["1"], 0.09, 5e4, 0.01))
    scope.trigger_on("1", 2.0)
    scope.arm()
    manual.state = "SAVE"


def test_codes_become_volts_and_seconds_as_the_preamble_says(scope, manual):
    recorded(scope, manual)
    assert manual.settings["HORizontal:POSition"] == "10"
    manual.holds(np.array([-50] * 9998 + [127, -128], np.int8), YOFf=10, YZEro=1)
    trace = scope.fetch("1")
    assert trace.values[0] == pytest.approx((-50 - 10) * 0.02 + 1)
    assert (trace.t0, trace.dt, trace.clipped, len(trace)) == (-0.01, 1e-5, 2, 10_000)


@pytest.mark.parametrize("told", [{"XINcr": 2e-5}, {"XZEro": 0.5}, {"NR_Pt": 5000}])
def test_a_record_that_is_not_the_planned_one_is_refused(scope, manual, told):
    recorded(scope, manual)
    manual.holds(np.zeros(10_000, np.int8), **told)
    with pytest.raises(InstrumentError, match="not the one that was planned"):
        scope.fetch("1")


def test_events_are_told_with_what_was_being_done(scope, manual):
    manual.events = ['221,"Settings conflict; "', '2244,"Source waveform is not active; "']
    with pytest.raises(InstrumentError, match=r"while testing: 221,.*; 2244,"):
        scope.check_errors("testing")
    scope.check_errors("testing again")


def test_a_low_pass_that_is_not_taken_is_told(scope):
    plan = scope.plan(["1"], 0.09, 5e4, 0.01)
    with pytest.raises(InstrumentError, match="channel 1: its bandwidth reads back 70 MHz"):
        scope.configure([ChannelSetup("1", 0, 4, bandwidth_limit=True)], plan)


def test_a_rate_that_was_not_planned_is_told_before_anything_is_started(scope, manual):
    manual.answers["HORizontal:SAMPLERate?"] = "125.0000E+3"
    with pytest.raises(InstrumentError, match="samples at 125 kHz, 100 kHz was planned"):
        recorded(scope, manual)
    assert manual.state == "SAVE"


def test_time_bases_are_those_that_both_sequences_know():
    assert {f"{t:e}"[0] for t in TIMEBASES} == {"1", "2"}
    assert TIMEBASES[0] == 1e-9


def test_the_screen_stays_where_it_is(scope):
    with pytest.raises(PlanError, match="saved as a file on the instrument"):
        scope.screenshot()
