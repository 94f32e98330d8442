"""Our drivers before devices of pyvisa-sim, through our VISA link: a simulator that knows nothing of ours.

What a device answers is transcribed from its maker's manual, in pyvisa-sim's own words for it; it does not measure, it tells.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from neurorig.instruments import DRIVERS, ChannelSetup
from neurorig.instruments.links import open_link
from neurorig.instruments.sourcing import SourceSetup
from neurorig.signals import BenchError, InstrumentError, LimitError, LinkError

ON_OFF = "ON"
"""A switch that answers with the word that it was given."""


def device(
    told: dict[str, str], settings: dict[str, str], acts: tuple[str, ...] = (), channels: str = "", no_error: str = ""
) -> dict[str, Any]:
    """A device of pyvisa-sim: what it is asked and answers, what can be set (with its default), and what it does.

    `channels` stands behind every setting: `` (@1)`` of a question, ``,(@1)`` of a command.
    """
    asked, given = (f" {channels}", f",{channels}") if channels else ("", "")
    return {
        "eom": {kind: {"q": "\n", "r": "\n"} for kind in ("USB INSTR", "TCPIP INSTR", "TCPIP SOCKET")},
        "error": {
            "error_queue": [
                {"q": ":SYST:ERR?", "default": no_error, "command_error": '-113,"Undefined header"'},
            ]
        },
        "dialogues": [
            *({"q": question, "r": answer} for question, answer in told.items()),
            *({"q": line} for line in ("*CLS", "*RST", *acts)),
        ],
        "properties": {
            header.strip(":").replace(":", "_").lower(): {
                "default": default,
                "getter": {"q": f"{header}?{asked}", "r": "{}"},
                "setter": {"q": f"{header} {{}}{given}"},
            }
            for header, default in settings.items()
        },
    }


SOURCE_METER = device(  # 2450-901-01 Rev. B chapter 6
    {
        "*IDN?": "KEITHLEY INSTRUMENTS,MODEL 2450,04412345,1.6.7c",
        "*LANG?": "SCPI",
        ":SYST:LFR?": "60",
        ":TRIG:STAT?": "IDLE;IDLE;0",
    },
    {
        ":SOUR:VOLT": "0", ":SOUR:CURR": "0", ":OUTP": "OFF", ":OUTP:VOLT:SMOD": "NORMal", ":OUTP:CURR:SMOD": "NORMal",
        ":FORM:BORD": "SWAPped", ":SOUR:FUNC": "VOLTage", ":SENS:FUNC": '"CURR:DC"', ":SOUR:VOLT:READ:BACK": ON_OFF,
        ":SOUR:VOLT:DEL:AUTO": ON_OFF, ":SENS:CURR:RANG:AUTO": ON_OFF, ":SENS:CURR:NPLC": "1", ":SENS:CURR:RSEN": "0",
        ":SENS:CURR:AZER": "1", ":SOUR:VOLT:RANG:AUTO": "1", ":SOUR:VOLT:ILIM": "1.05E-04",
    },
    acts=(":ABOR",),
    no_error='0,"No error;0;0"',
)  # fmt: skip

SUPPLY = device(  # E36311-90008
    {
        "*IDN?": "Keysight Technologies,E36312A,MY58000001,1.0.4-1.0.0-1.00",
        ":MEAS:VOLT? (@1)": "+1.99987000E+00",
        ":MEAS:CURR? (@1)": "+2.03000000E-04",
        ":STAT:QUES:INST:ISUM1:COND?": "+2",
        ":VOLT:PROT:TRIP? (@1)": "0",
    },
    {
        ":OUTP": "0", ":VOLT": "+0.00000000E+00", ":CURR": "+1.00000000E-01", ":VOLT:PROT": "+6.60000000E+00",
        ":VOLT:SENS": "INT", ":CURR:PROT:STAT": "0", ":VOLT:PROT:STAT": "1",
    },
    acts=(
        ":VOLT:PROT:CLE (@1)", ":CURR:PROT:CLE (@1)", *(f":OUTP OFF,(@{n})" for n in (2, 3)), ":OUTP OFF,(@1:3)",
    ),
    channels="(@1)",
    no_error='+0,"No error"',
)  # fmt: skip
SUPPLY["dialogues"] += [{"q": f":OUTP? (@{n})", "r": "0"} for n in (2, 3)]

OSCILLOSCOPE = device(  # MSO1000Z/DS1000Z Programming Guide
    {
        "*IDN?": "RIGOL TECHNOLOGIES,DS1054Z,DS1ZA000000001,00.04.04.SP3",
        ":ACQ:SRAT?": "2.000000e+04",
        ":WAV:DATA?": "#9000000012RIGOL ABCDEF",
        ":TRIG:STAT?": "STOP",
    },
    {
        ":TIM:MODE": "MAIN", ":ACQ:TYPE": "NORM", ":TIM:MAIN:SCAL": "1.000000e-06", ":TIM:MAIN:OFFS": "0.000000e+00",
        ":ACQ:MDEP": "AUTO",
        **{f":CHAN{n}:DISP": "0" for n in range(1, 5)},
        ":CHAN1:COUP": "DC", ":CHAN1:INV": "0", ":CHAN1:VERN": "0", ":CHAN1:UNIT": "VOLT", ":CHAN1:BWL": "OFF",
        ":CHAN1:PROB": "10", ":CHAN1:SCAL": "1.000000e+00", ":CHAN1:OFFS": "0.000000e+00",
    },
    acts=(":RUN", ":STOP", ":SING"),
    no_error='0,"No error"',
)  # fmt: skip


@pytest.fixture
def address(tmp_path: Path) -> Any:
    """Gives the resource of a device on USB or the network, behind pyvisa-sim."""

    def at(device: dict[str, Any], resource: str = "USB::0x05E6::0x2450::1::INSTR") -> str:
        path = tmp_path / f"devices_{len(list(tmp_path.iterdir()))}.yaml"  # pyvisa keeps what it has read
        described = {"spec": "1.1", "devices": {"it": device}, "resources": {resource: {"device": "it"}}}
        path.write_text(yaml.safe_dump(described))
        return f"{resource}?backend={path}@sim"

    return at


@pytest.mark.parametrize(
    "resource",
    ["USB::0x05E6::0x2450::04412345::INSTR", "TCPIP::localhost::inst0::INSTR", "TCPIP::localhost::5025::SOCKET"],
)
def test_a_source_meter(address, resource):
    with DRIVERS["keithley_2450"].connect(address(SOURCE_METER, resource)) as smu:
        assert (smu.identity.model, smu.identity.serial) == ("MODEL 2450", "04412345")
        smu.configure("1", SourceSetup("V", compliance=1e-3))
        smu.set_level("1", 1.0)
        smu.on("1")
        assert smu.channels["1"].volts == 1.0
        smu.off()
        smu.confirm_safe()
        with pytest.raises(LimitError):
            smu.set_level("1", 300.0)


def test_a_supply(address):
    with DRIVERS["keysight_e36300"].connect(address(SUPPLY)) as supply:
        supply.configure("1", 2.0, 0.1)
        supply.on("1")
        assert supply.measure("1") == (1.99987, 2.03e-4)
        assert not supply.limiting("1")
        supply.off()


def test_an_oscilloscope_and_a_block(address):
    with DRIVERS["rigol_ds1000z"].connect(address(OSCILLOSCOPE)) as scope:
        scope.configure([ChannelSetup("1", -1, 1)], scope.plan(["1"], 0.2, 1e3, 0.05))
        assert scope.channels["1"].scale == 0.5
        assert bytes(scope.link.query_block(":WAV:DATA?")) == b"RIGOL ABCDEF"
        assert scope.link.query(":TRIG:STAT?") == "STOP"


def test_an_error_in_its_queue_is_told_and_a_wrong_model_is_refused(address):
    with DRIVERS["rigol_ds1000z"].connect(address(OSCILLOSCOPE)) as scope:
        scope.write(":NONSENSE 1")
        with pytest.raises(InstrumentError, match="-113,"):
            scope.check_errors("testing")
        scope.check_errors("testing again")
    with pytest.raises(BenchError, match="'KEITHLEY INSTRUMENTS/MODEL 2450' answers"):
        DRIVERS["rigol_ds1000z"].connect(address(SOURCE_METER))


def test_what_it_does_not_answer_is_a_link_error(address):
    link = open_link(address(OSCILLOSCOPE), timeout=0.2)
    with pytest.raises(LinkError, match="no answer in time"):
        link.query(":NONSENSE?")
    link.close()
