"""What every simulated oscilloscope owes: records that do not depend on how time is cut, a past that may be forgotten, and
no byte stream that brings it down."""

import random
import threading
from dataclasses import dataclass

import numpy as np
import pytest

from neurorig.instruments.links import open_link
from neurorig.instruments.simulated import Server
from neurorig.instruments.simulated.models.keysight_infiniivision import SimulatedKeysightInfiniivision
from neurorig.instruments.simulated.models.rigol_dho800 import SimulatedRigolDho800
from neurorig.instruments.simulated.models.rigol_ds1000z import SimulatedRigolDS1000Z
from neurorig.instruments.simulated.models.siglent_sds1000xe import SimulatedSiglentSds1000xe
from neurorig.instruments.simulated.models.tektronix_mso2 import SimulatedTektronixMso2

from .fakes import Signal, quiet_world


@dataclass(frozen=True)
class Model:
    """One simulated scope, and how it is told to take 0.1 s around an edge of 3 V on channel 1, once or `several` times."""

    made: type
    setup: str
    single: str
    data: str
    several: str


MODELS = {
    "rigol_ds1000z": Model(
        SimulatedRigolDS1000Z,
        ":CHAN1:PROB 1;SCAL 1;:TIM:SCAL 0.01;:ACQ:MDEP 12000;:TRIG:EDG:LEV 1.5;:WAV:STOP 12000;MODE RAW",
        ":SING",
        ":WAV:DATA?",
        ":ACQ:TYPE AVER",
    ),
    "keysight_infiniivision": Model(
        SimulatedKeysightInfiniivision,
        ":CHAN1:SCAL 1;:TIM:SCAL 0.01;:TRIG:LEV 1.5;SWE NORM;:WAV:POIN 1000;POIN:MODE RAW;FORM WORD",
        ":SING",
        ":WAV:DATA?",
        ":ACQ:MODE SEGM",
    ),
    "siglent_sds1000xe": Model(
        SimulatedSiglentSds1000xe,
        "C1:VDIV 1;C1:TRLV 1.5;TDIV 0.01;MSIZ 14K",
        "ARM",
        "C1:WF? DAT2",
        "ACQW AVERAGE,4",
    ),
    "tektronix_mso2": Model(
        SimulatedTektronixMso2,
        "CH1:SCALE 1;:HOR:SCALE 0.01;:TRIG:A:MODE NORM;LEVEL:CH1 1.5;:DATA:WIDTH 2",
        "ACQ:STOPA SEQ;STATE RUN",
        "CURVE?",
        "ACQ:MODE AVERAGE;NUMAVG 2",
    ),
    "rigol_dho800": Model(
        SimulatedRigolDho800,
        ":CHAN1:SCAL 1;:TIM:SCAL 0.01;:TRIG:EDGE:LEV 1.5;:WAV:STOP 10000;MODE RAW;FORM WORD",
        ":SING",
        ":WAV:DATA?",
        ":ACQ:TYPE AVER",
    ),
}


def square(times):
    """0 and 3 V, rising at 0.35 s, 1.05 s, ..."""
    return np.where(np.mod(times, 0.7) >= 0.35, 3.0, 0.0)


def scope_in(world, model, **options):
    return model.made(world, {"1": Signal(world, square)}, **{"serial": "A1", "seed": 4, **options})


@pytest.fixture(params=MODELS, ids=str)
def model(request):
    return MODELS[request.param]


def told(session, *lines):
    return b"".join(session.receive(line.encode() + b"\n") for line in lines)


@pytest.mark.parametrize("several", [False, True])
def test_a_record_is_the_same_however_time_is_cut(model, several):
    def record(steps):
        world = quiet_world()
        device = scope_in(world, model)
        session = device.session()
        told(session, model.setup, *([model.several] if several else []), model.single)
        for step in steps:
            world.spend(step)
        assert device.digitiser.state == "STOP"
        return told(session, model.data), device.digitiser.record.trigger

    rng = np.random.default_rng(3)
    duration = 6.0 if several else 1.0
    whole = record([duration])
    for _ in range(2):
        cuts = rng.uniform(0, duration / 50, 200)
        steps = cuts[np.cumsum(cuts) < duration]
        assert record([*steps, duration - steps.sum()]) == whole


def test_averages_and_segments_do_not_hold_the_past_for_ever(model):
    world = quiet_world()
    device = scope_in(world, model)
    session = device.session()
    told(session, model.setup, model.several, model.single)
    for _ in range(60):
        world.spend(1.0)
    assert world.twin.forgotten > 59
    assert len(told(session, model.data)) > 1000


def test_no_byte_stream_brings_it_down(model):
    device = scope_in(quiet_world(), model)
    headers = [command.pattern.replace("<1-4>", "2").replace("[", "").replace("]", "") for command in device.commands]
    chance = random.Random(7)
    pieces = [
        *headers,
        "?",
        " ",
        ",",
        ";",
        ":",
        "\n",
        "1",
        "-3e9",
        "1e-9",
        "ON",
        "#9000000003abc",
        '"',
        "AUTO",
        "EDGE,SR",
        "é",
    ]
    session = device.session()
    for _ in range(2000):
        stream = "".join(chance.choice(pieces) for _ in range(chance.randint(1, 6))) + chance.choice(["", "\n"])
        session.receive(stream.encode("latin-1"))
        if session.waiting or chance.random() < 0.01:  # a digitise that nothing triggers
            session.close()
            session = device.session()
    session.close()
    session = device.session()
    told(session, "*RST")
    assert told(session, "*IDN?").count(b",") == 3


def test_a_blocking_acquisition_answers_late_over_hislip():
    world, model = quiet_world(), MODELS["keysight_infiniivision"]
    device = scope_in(world, model)
    server = Server(world, {"scope": device})
    port = server.listen_hislip("scope")
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        with open_link(f"TCPIP::127.0.0.1::hislip0,{port}::INSTR?backend=@py", timeout=5.0) as link:
            link.write(model.setup)
            link.write(":TIM:SCAL 1e-3")
            before = world.now
            link.write(":DIG")
            assert link.query("*OPC?;:OPER:COND?;:TER?") == "1;+0;+1"
            assert 0.3 < world.now - before < 1.0
    finally:
        server.stop()
        thread.join(5)
