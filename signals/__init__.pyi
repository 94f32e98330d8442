from .errors import (
    BenchError,
    ConfigError,
    InstrumentError,
    LimitError,
    LinkError,
    NeurorigError,
    PlanError,
    RecordError,
    RunInterrupted,
    nearest,
    say_too,
)
from .program import Hold, Loop, Program, Ramp
from .quantities import (
    AS_WRITTEN,
    Capacitance,
    Charge,
    Current,
    Frequency,
    Number,
    Resistance,
    Time,
    Transconductance,
    Voltage,
    unit_of,
    written,
)
from .stamps import Stamps
from .steps import Steps
from .trace import Trace
from .units import parse, show

__all__ = [
    "AS_WRITTEN", "BenchError", "Capacitance", "Charge", "ConfigError", "Current", "Frequency", "Hold", "InstrumentError",
    "LimitError", "LinkError", "Loop", "NeurorigError", "Number", "PlanError", "Program", "Ramp", "RecordError",
    "Resistance", "RunInterrupted", "Stamps", "Steps", "Time", "Trace", "Transconductance", "Voltage", "nearest", "parse",
    "say_too", "show", "unit_of", "written",
]  # fmt: skip
