"""The simulated Keithley 4200A-SCS under KXCI, met through its socket by a client written from the manuals alone."""

import contextlib
import random
import re

import numpy as np
import pytest

from neurorig.hardware.memristors import SdcBoard, load_memristor_board
from neurorig.instruments.simulated.leads import Leads, Resistor
from neurorig.instruments.simulated.models.keithley_4200a import SimulatedKeithley4200A

from .fakes import Client, quiet_world, serving

OHMS = 10e3


class KxciClient(Client):
    """Strings end with a NUL in both directions, and each has an answer."""

    def query(self, text):
        self.socket.sendall(text.encode() + b"\0")
        return self.read()

    def read(self):
        while b"\0" not in self._held:
            self._more()
        answer, _, self._held = self._held.partition(b"\0")
        return answer.decode("latin-1")

    def tell(self, *strings):
        for string in strings:
            assert self.query(string) == "ACK", string
        assert self.query(":ERROR:LAST:GET") == "No error. (0)", strings

    def refuse(self, string):
        """The text of its error."""
        self.query(string)
        error = self.query(":ERROR:LAST:GET")
        self.query(":ERROR:LAST:CLEAR")
        return error

    def finish(self):
        """Poll until a test has ended; how often that took."""
        polls = 1
        while int(self.query("SP")) & 0x10:
            polls += 1
        return polls

    def column(self, what):
        """Letters and numbers of a name's readings."""
        fields = self.query(f"DO '{what}'").split(",")
        return "".join(field[0] for field in fields), np.array([float(field[1:]) for field in fields])

    def pulses(self, channel=1, *fields):
        """What the pulse card has measured."""
        while self.query(":PMU:TEST:STATUS?") == "1":
            pass
        rows = int(self.query(f":PMU:DATA:COUNT? {channel}"))
        asked = ", ".join((f":PMU:DATA:GET {channel}, 0, {min(rows, 2048)}", *fields))
        return np.array([[float(x) for x in row.split(",")] for row in self.query(asked).split(";")])


@contextlib.contextmanager
def keithley(devices=None, **options):
    world = quiet_world()
    leads = {str(n): Leads(world, Resistor(OHMS)) for n in (1, 2, 3, 4)}
    for channel, device in (devices or {}).items():
        leads[channel].device = device
    made = SimulatedKeithley4200A(world, leads, **{"serial": "1489223", "seed": 3, **options})
    with serving(world, {"it": made}) as ports, KxciClient(ports["it"]) as client:
        client.world, client.leads, client.port = world, leads, ports["it"]
        yield client


@pytest.fixture
def it():
    with keithley() as client:
        yield client


def memristor():
    return load_memristor_board("benatti2023_fig1", kind=SdcBoard).memristor(seed=2, R_s=0.0)


SWEEP = ("DE", "CH1, 'V1', 'I1', 1, 1", "SS", "VR1, 1, 5, 1, 0.01", "SM", "DM2", "LI 'V1', 'I1'", "MD", "ME1")
NUMBER = r"[ -]\d\.\d{4}E[+-]\d\d"

# Strings before, the one asked, the form of its answer; pages of 4200A-901-01 Rev. C (9-) and 4200A-KXCI-907-01 Rev. D (5-, 7-).
DIALOGUES = [
    (("DE",), "CH3, 'V1', 'I1', 1, 3", "ACK", "9-14"),
    (("DE",), "CH1; CH2; CH3; CH4", "ACK", "9-14"),
    (("SS",), "VR1, 1, 5, 1, 0.01", "ACK", "9-19"),
    (("SS",), "VP 5, 5, 3, 0.01", "ACK", "9-21"),
    (("SS",), "RT +3,2", "ACK", "9-24"),
    (("SS", "RT +3,2"), "FS +2,2", "ACK", "9-24"),
    (("SS",), "VL1, 1, 0.01, 1, 5, 2", "ACK", "9-25"),
    ((), "IT2", "ACK", "9-44"),
    ((), "IT4,2.5,0.6,1.3", "ACK", "9-44"),
    ((), "DR1", "ACK", "9-45"),
    (("US", "DV1, 1, 10, 10E-3"), "TI1", "NAI" + NUMBER, "9-53"),
    (("US", "DV1, 1, 10, 10E-3"), "TV1", "NAV" + NUMBER, "9-53"),
    (("US", "DI4, 0, 1E-4, 5"), "TV4", "NDV" + NUMBER, "9-53"),
    (("US", "MP 1, VS1", "DS1, 5"), "TV1", r"NAV 5\.00\d\dE\+00|NAV 4\.99\d\dE\+00", "9-43"),
    (("US", "MP 3, VM1"), "TV5", "NEV" + NUMBER, "9-53"),
    (("RS 7", "US", "DV1, 1, 10, 10E-3"), "TI1", r"NAI \d\.\d{6}E-0\d", "9-53"),
    ((), "RP PMU1-1, 2", "ACK", "7-67"),
    ((), ":PMU:RPM:CONFIGURE PMU1-2, 0", "ACK", "7-22"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "query", "answer", "page"), DIALOGUES)
def test_dialogues_of_the_manuals(it, before, query, answer, page):
    it.tell("*RST", *before)
    assert re.fullmatch(answer, it.query(query)), f"page {page}"
    assert it.query(":ERROR:LAST:GET") == "No error. (0)"


def test_it_says_who_it_is_and_what_is_in_it(it):
    assert re.fullmatch(r"KEITHLEY INSTRUMENTS,KI4200A,1489223,V\d\.\d+", it.query("*IDN?"))
    parts = it.query("*OPT?").split(",")
    assert sum("SMU" in part for part in parts) == 4 and "PMU1RPM1-2" in parts
    assert it.query("ID").startswith("KI4200A")
    it.tell("EM 0, 0")
    assert it.query("ID").startswith("HP4145B")


@pytest.mark.parametrize(
    ("before", "wrong", "error"),
    [
        ((), "FOO 1", "Illegal command"),
        ((), "?!", "Illegal command"),
        ((), ":PMU:NOTHING 1", "Illegal command"),
        ((), "DV1, 0, 1, 1e-3", "belongs to page US"),
        (("US",), "DV1, 0", "number of parameters"),
        (("US",), "DV1, 0, one, 1e-3", "Illegal number"),
        (("US",), "DV1, 0, 211, 1e-3", "not within"),
        (("US",), "DV1, 0, nan, 1e-3", "not within"),
        (("US",), "DV1, 0, 1, 0.2", "not within"),
        (("US",), "DV1, 6, 1, 1e-3", "not within"),
        (("US",), "DV1, 1, 30, 1e-3", "beyond the range of 20 V"),
        (("US",), "DV1, 0, 100, 0.1", "beyond the 0.0105 A"),
        (("US",), "DI1, 10, 1e-3, 5", "no range 10"),
        (("US",), "DV5, 0, 1, 1e-3", "no SMU5"),
        (("US", "MP 2, VS2"), "TI2", "no SMU2"),
        (("DE",), "CH1, 'V1', 'I1', 3, 1", "constant"),
        (("DE",), "CH1, 'TOOLONG', 'I1', 1, 1", "Illegal name"),
        (("DE", "CH1, 'V1', 'I1', 1, 1"), "CH2, 'V1', 'I2', 1, 3", "already used"),
        (("SS",), "VR1, 0, 2, 0.001, 1e-3", "up to 1024 points, not 2001"),
        (("SS",), "VR1, 0, 2, 0.0005, 1e-3", "step of the sweep is zero"),
        (("SS",), "VR2, -1, 1, 1e-3", "logarithmic"),
        (("SS",), "HT 700", "not within"),
        (("SS",), "DT 7", "not within"),
        (("SM",), "LI 'VD'", "no channel with the name VD"),
        (("MD",), "ME1", "No channel"),
        (("DE", "CH1, 'V1', 'I1', 1, 1", "MD"), "ME1", "not set up"),
        ((), "DO 'V9'", "no reading"),
        ((), "IT5", "not within"),
        ((), "IT4, 1, 1", "number of parameters"),
        ((), ":PMU:EXECUTE", "No output is on"),
        ((), ":PMU:PULSE:TIMES 1, 1e-6, 2e-6, 2e-8, 2e-8", "not within"),
        ((), ":PMU:PULSE:TIMES 1, 1e-6, 1e-7, 2e-7, 2e-8", "do not go together"),
        ((), ":PMU:PULSE:TIMES 1, 1e-6, 9.4e-7, 4e-8, 4e-8", "40 ns"),
        ((), ":PMU:MEASURE:PIV 1, 0, 0", "Neither"),
        ((), ":PMU:SARB:WFM:SEQ:LIST 1, 1, 1", "not defined"),
        ((), ":PMU:SARB:SEQ:TIME 1, 1, 1e-9", "not within"),
        ((), ":PMU:RPM:CONFIGURE PMU1-3, 0", "no remote module"),
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(it, before, wrong, error):
    it.tell("*RST", *before)
    assert error in it.refuse(wrong)
    assert int(it.query("SP")) & 2, "the syntax error of the status byte"
    assert not int(it.query("SP")) & 2
    assert all(not leads.closed for leads in it.leads.values())
    assert it.query("*IDN?").startswith("KEITHLEY")


@pytest.mark.parametrize("seed", range(4))
def test_random_strings_leave_it_answering(it, seed):
    dice = random.Random(seed)
    heads = [*SimulatedKeithley4200A.handlers, "DE", "SS", "SM", "MD", "US", ":PMU:SARB:SEQ:TIME", "XX"]
    for _ in range(150):
        parts = [
            dice.choice(["1", "-2", "0.5", "'V1'", "1e-6", "", "PMU1-1", "x", "3;"]) for _ in range(dice.randrange(7))
        ]
        assert it.query(dice.choice(heads) + dice.choice(["", " "]) + ", ".join(parts)) is not None
    it.socket.sendall(bytes(dice.randrange(1, 256) for _ in range(300)) + b"\0")
    it.read()
    it.tell("*RST", ":ERROR:LAST:CLEAR", "US")
    assert it.query("TI1")[1:3] == "AI"
    assert all(leads.held is None for leads in it.leads.values())


def test_strings_cut_anywhere_and_several_in_one_piece(it):
    for piece in (b"U", b"S\0DV3, 0,", b" 1, 1e-3\0TI", b"3\0SP\0"):
        it.socket.sendall(piece)
    answers = [it.read() for _ in range(4)]
    assert answers[:2] == ["ACK", "ACK"]
    assert answers[2].startswith("NCI 1.000") or answers[2].startswith("NCI 9.99")
    assert answers[3] == "0"


@pytest.mark.parametrize("channel", [1, 2, 3, 4])
def test_ten_kilohms_by_volts_and_by_amperes(it, channel):
    it.tell("IT2", "US", f"DV{channel}, 0, 1, 1e-3")
    assert float(it.query(f"TI{channel}")[3:]) == pytest.approx(1e-4, rel=2e-3)
    it.tell(f"DI{channel}, 0, 50e-6, 5")
    assert float(it.query(f"TV{channel}")[3:]) == pytest.approx(0.5, rel=2e-3)
    it.tell(f"DV{channel}")
    assert not it.leads[str(channel)].closed
    assert it.leads[str(channel)].hot_switched == 0


def test_the_letter_says_which_channel_is_in_compliance(it):
    it.tell("US", "DV1, 0, 1, 1e-5", "DV2, 0, 1, 1e-3")
    assert it.query("TI1").startswith("CAI 1.000") or it.query("TI1").startswith("CAI 9.99")
    assert it.query("TI2").startswith("TBI")
    it.tell("DV1")
    assert it.query("TI2").startswith("NBI")
    it.tell("DI1, 0, 1e-3, 2")
    assert it.query("TV1").startswith("CAV")


def test_a_reading_takes_its_integration_time_and_less_noise_comes_of_it(it):
    it.tell("US", "DV1, 0, 0.5, 1e-3", "RG 1, 1e-4")
    it.query("TI1")
    spread, time = {}, {}
    for kind in (1, 2):
        it.tell(f"IT{kind}", "RS 7")
        begun = it.world.now
        spread[kind] = np.std([float(it.query("TI1")[3:]) for _ in range(40)])
        time[kind] = (it.world.now - begun) / 40
    assert time[1] == pytest.approx(0.1 / 50 + 0.7e-3 + 2e-3, rel=0.05)
    assert time[2] == pytest.approx(1 / 50 + 1e-3 + 2e-3, rel=0.05)
    assert spread[1] > 2 * spread[2] > 0


def test_the_manuals_sweep_runs_by_itself_and_is_read_when_ready(it):
    it.tell("*RST", "DR1", "IT1", *SWEEP)
    assert it.query("SP") == str(0x10)
    it.finish()
    assert it.query("SP") == str(0x41)
    letters, volts = it.column("V1")
    assert letters == "NNNNN"
    np.testing.assert_allclose(volts, [1, 2, 3, 4, 5], rtol=2e-3)
    np.testing.assert_allclose(it.column("I1")[1], volts / OHMS, rtol=2e-3)
    assert np.all(np.diff(it.column("CH1T")[1]) > 2e-3)
    assert not it.leads["1"].closed and it.leads["1"].hot_switched == 0
    it.tell("BC")
    assert it.query("SP") == "0"
    assert "no reading" in it.refuse("DO 'V1'")


def test_hold_and_delay_time(it):
    it.tell("IT1", "RG 1, 1e-3", "SS", "HT 2; DT 0.5", *SWEEP)
    it.finish()
    times = it.column("CH1T")[1]
    assert times[0] == pytest.approx(2.5, abs=0.01)
    np.testing.assert_allclose(np.diff(times)[1:], 0.5, atol=0.01)


def test_a_test_refuses_other_commands_until_it_is_stopped(it):
    it.tell("SS", "DT 1", *SWEEP)
    assert "while a test is running" in it.refuse("IT2")
    assert it.query("US") == "ACK"
    assert "while a test is running" in it.refuse("DV1, 0, 1, 1e-3")
    for _ in range(60):
        it.query("SP")
    it.tell("MD", "ME4")
    assert it.query("SP") == "1"
    assert 1 <= len(it.column("I1")[1]) < 5
    assert not it.leads["1"].closed
    it.tell("ME1", "*RST")
    assert it.query("SP") == "0"
    assert not it.leads["1"].closed


def test_without_standby_the_last_level_stays(it):
    it.tell("SS", "ST 1, 0", *SWEEP)
    it.finish()
    assert it.leads["1"].look().volts == pytest.approx(5, rel=1e-2)
    it.tell("US", "DV1")
    assert not it.leads["1"].closed


def test_steps_ratio_common_and_lists(it):
    it.tell(
        "IT1", "DE", "CH1, 'VD', 'ID', 1, 1", "CH2, 'VG', 'IG', 1, 2", "CH3, 'VF', 'IF', 1, 4", "CH4, 'VS', 'IS', 3, 3",
        "SS", "VR1, 0, 1, 0.5, 1e-3", "VP 1, 1, 2, 1e-3", "RT +3, 3", "FS +2, 3", "MD", "ME1",
    )  # fmt: skip
    it.finish()
    np.testing.assert_allclose(it.column("VD")[1], [0, 0.5, 1] * 2, atol=2e-3)
    np.testing.assert_allclose(it.column("VG")[1], [1, 1, 1, 2, 2, 2], rtol=2e-3)
    np.testing.assert_allclose(it.column("VF")[1], [2, 3.5, 5] * 2, rtol=2e-3)
    np.testing.assert_allclose(it.column("VS")[1], 0, atol=1e-3)
    it.tell("*RST", "IT1", "DE", "CH1, 'V1', 'I1', 2, 1", "SS", "IL1, 1, 10, 1e-4, -1e-5, 5e-5", "MD", "ME1")
    it.finish()
    np.testing.assert_allclose(it.column("V1")[1], [1, -0.1, 0.5], rtol=3e-3)


def test_a_logarithmic_sweep_and_samples_in_time(it):
    it.tell("IT1", "DE", "CH1, 'V1', 'I1', 1, 1", "SS", "VR2, 0.01, 10, 10e-3", "MD", "ME1")
    it.finish()
    volts = it.column("V1")[1]
    np.testing.assert_allclose(volts, np.geomspace(0.01, 10, 31), rtol=5e-3, atol=5e-4)
    it.tell("*RST", "IT1", "RG 1, 1e-4", "DE", "CH1, 'V1', 'I1', 1, 3", "SS", "VC1, 1, 1e-3")
    it.tell("SM", "WT 1", "IN 0.1", "NR 5", "MD", "ME1")
    it.finish()
    np.testing.assert_allclose(it.column("CH1T")[1], 1 + 0.1 * np.arange(5), atol=2e-3)


def test_an_sdc_memristor_is_cycled_and_held_back_by_compliance():
    with keithley({"3": memristor()}) as it:
        up, down = np.linspace(0, 0.6, 25), np.linspace(0, -0.4, 17)
        loop = np.concatenate([up, up[::-1], down, down[::-1]])
        levels = ", ".join(f"{volts:.4f}" for volts in loop)
        it.tell("IT1", "RG 3, 1e-6", "DE", "CH3, 'V', 'I', 1, 1", "SS", f"VL3, 1, 1e-4, {levels}", "MD", "ME1")
        it.finish()
        volts, amperes = it.column("V")[1], it.column("I")[1]
        conductance = amperes / np.where(abs(volts) > 0.04, volts, np.nan)
        assert np.nanmedian(conductance[38:45]) > 3 * np.nanmedian(conductance[5:12])  # SET
        assert np.nanmedian(conductance[-8:-3]) < np.nanmedian(conductance[38:45]) / 3  # RESET
        assert it.leads["3"].hot_switched == 0
    with keithley({"3": memristor()}) as it:
        it.tell("IT1", "DE", "CH3, 'V', 'I', 1, 1", "SS", "VR1, 0, 0.6, 0.05, 5e-6", "MD", "ME1")
        it.finish()
        letters, amperes = it.column("I")
        assert letters.startswith("NNNN") and letters.endswith("C")
        assert amperes.max() <= 5e-6 * 1.01
        limited = letters.index("C")
        it.tell("SS", "EC 1", "MD", "ME1")
        it.finish()
        assert 0 < len(it.column("I")[1]) <= limited + 1


def test_two_clients_share_the_instrument(it):
    with KxciClient(it.port) as other:
        it.tell("US")
        other.tell("DV3, 0, 1, 1e-3")
        assert float(it.query("TI3")[3:]) == pytest.approx(1e-4, rel=2e-3)
        other.socket.sendall(b"DV3, 0, 2,")
        assert it.query("*IDN?").startswith("KEITHLEY")
    assert float(it.query("TI3")[3:]) == pytest.approx(1e-4, rel=2e-3)


def test_the_remote_module_decides_who_is_on_the_lead(it):
    it.tell("US", "DV1, 0, 1, 1e-3", ":PMU:RPM:CONFIGURE PMU1-1, 0")
    assert not it.leads["1"].closed and it.leads["1"].hot_switched == 1
    it.tell("DV1, 0, 1, 1e-3")
    assert abs(float(it.query("TI1")[3:])) < 1e-9
    it.tell("DV1", "RP PMU1-1, 2", "DV1, 0, 1, 1e-3")
    assert float(it.query("TI1")[3:]) == pytest.approx(1e-4, rel=2e-3)


TRAIN = (
    ":PMU:INIT 0", ":PMU:RPM:CONFIGURE PMU1-1, 0", ":PMU:MEASURE:MODE 1", ":PMU:MEASURE:RANGE 1, 2, 1e-3",
    ":PMU:PULSE:TRAIN 1, 0, 5", ":PMU:PULSE:TIMES 1, 1e-3, 100e-6, 1e-6, 1e-6", ":PMU:PULSE:BURST:COUNT 4",
    ":PMU:OUTPUT:STATE 1, 1",
)  # fmt: skip


def test_a_pulse_train_is_measured_at_its_top_and_its_base(it):
    it.tell(*TRAIN, ":PMU:EXECUTE")
    assert "while a test is running" in it.refuse(":PMU:INIT 0")
    rows = it.pulses()
    assert rows.shape == (4, 8)
    np.testing.assert_allclose(rows[:, 0], 5, rtol=1e-2)
    np.testing.assert_allclose(rows[:, 1], 5 / OHMS, rtol=1e-2)
    np.testing.assert_allclose(rows[:, 5], 0, atol=5e-6)
    np.testing.assert_allclose(rows[:, 2], 82.7e-6 + 1e-3 * np.arange(4), atol=1e-6)
    assert not rows[:, [3, 7]].any()
    np.testing.assert_array_equal(it.pulses(1, "IH", "VL"), rows[:, [1, 4]])
    assert it.leads["1"].look().volts == 0.0
    it.tell(":PMU:OUTPUT:STATE 1, 0")
    assert not it.leads["1"].closed and it.leads["1"].hot_switched == 0


def test_averaged_pulses_waveforms_and_amplitude_sweeps(it):
    it.tell(*TRAIN, ":PMU:MEASURE:MODE 3", ":PMU:MEASURE:PIV 1, 1, 0", ":PMU:SWEEP:PULSE:AMPLITUDE 1, 1, 3, 1, 0, 1")
    it.tell(":PMU:EXECUTE")
    rows = it.pulses()
    np.testing.assert_allclose(rows[:, 0], [1, 2, 3, 3, 2, 1], rtol=1e-2, atol=1e-2)
    it.tell(*TRAIN, ":PMU:MEASURE:MODE 2", ":PMU:PULSE:BURST:COUNT 1", ":PMU:SAMPLE:RATE 1e6", ":PMU:EXECUTE")
    rows = it.pulses()
    assert len(rows) == 101
    np.testing.assert_allclose(rows[2:-2, 0], 5, rtol=1e-2)
    assert rows[0, 0] == pytest.approx(2.5, abs=0.1)  # the middle of the rising edge
    np.testing.assert_allclose(np.diff(rows[:, 2]), 1e-6, rtol=1e-3)


def test_a_current_beyond_the_range_says_so(it):
    it.tell(*TRAIN, ":PMU:MEASURE:RANGE 1, 2, 1e-4", ":PMU:EXECUTE")
    rows = it.pulses()
    np.testing.assert_allclose(rows[:, 1], 1.05e-4, rtol=1e-6)
    assert (rows[:, 3] == 1).all() and not rows[:, 7].any()
    it.tell(*TRAIN, ":PMU:MEASURE:RANGE 1, 0", ":PMU:EXECUTE")
    np.testing.assert_allclose(it.pulses()[:, 1], 5e-4, rtol=1e-2)


def test_an_abort_ends_pulses_and_settings_stay_only_if_retained(it):
    it.tell(*TRAIN, ":PMU:PULSE:BURST:COUNT 10000", ":PMU:EXECUTE")
    assert it.query(":PMU:TEST:STATUS?") == "1"
    it.tell(":PMU:ABORT")
    assert it.query(":PMU:TEST:STATUS?") == "0"
    assert 0 < int(it.query(":PMU:DATA:COUNT? 1")) < 1000
    assert not it.leads["1"].closed
    it.tell(*TRAIN, ":PMU:EXECUTE")
    it.pulses()
    it.tell(":PMU:EXECUTE")
    assert abs(it.pulses()[:, 0]).max() < 0.1
    it.tell(*TRAIN, ":PMU:RETAIN:CONFIG 1, 1", ":PMU:EXECUTE")
    it.pulses()
    it.tell(":PMU:EXECUTE")
    np.testing.assert_allclose(it.pulses()[:, 0], 5, rtol=1e-2)


def segments(it, sequence, levels, seconds, reads=()):
    """A sequence of flat segments with edges of 1 us; those numbered in `reads` are measured."""
    times, starts, stops, types, begins, ends = [], [], [], [], [], []
    present = 0.0
    for n, (volts, each) in enumerate(zip([*levels, 0.0], [*seconds, 1e-6], strict=True)):
        times += [1e-6, each]
        starts += [present, volts]
        stops += [volts, volts]
        types += [0, int(n in reads)]
        begins += [0, 0.2 * each if n in reads else 0]
        ends += [0, 0.9 * each if n in reads else 0]
        present = volts
    for what, values in zip(
        ("TIME", "STARTV", "STOPV", "MEAS:TYPE", "MEAS:START", "MEAS:STOP"),
        (times, starts, stops, types, begins, ends),
        strict=True,
    ):
        it.tell(f":PMU:SARB:SEQ:{what} 1, {sequence}, " + ", ".join(f"{value:g}" for value in values))


def test_pulses_of_benatti_make_a_memristor_stronger_and_weaker_seen_by_read_pulses():
    with keithley({"1": memristor()}) as it:
        it.tell(
            ":PMU:INIT 1", ":PMU:RPM:CONFIGURE PMU1-1, 0", ":PMU:MEASURE:RANGE 1, 2, 1e-5", ":PMU:RETAIN:CONFIG 1, 1"
        )
        segments(it, 1, (0.6, 0.05), (100e-6, 50e-6), reads=(1,))
        segments(it, 2, (-0.2, 0.05), (10e-6, 50e-6), reads=(1,))
        it.tell(":PMU:SARB:WFM:SEQ:LIST 1, 1, 20, 2, 400", ":PMU:OUTPUT:STATE 1, 1", ":PMU:EXECUTE")
        rows = it.pulses()
        assert rows.shape == (420, 4)
        np.testing.assert_allclose(rows[:, 0], rows[0, 0], atol=5e-3)  # the read voltage, with the card's zero error
        amperes = rows[:, 1]
        assert amperes[19] > 1.2 * amperes[0] > 0  # potentiation
        assert amperes[-1] < 0.9 * amperes[19]  # depression
        it.tell(":PMU:OUTPUT:STATE 1, 0")
        assert it.leads["1"].hot_switched == 0


def test_segments_must_fit_and_arrays_can_be_continued(it):
    it.tell(":PMU:INIT 1", ":PMU:RPM:CONFIGURE PMU1-1, 0", ":PMU:SARB:SEQ:TIME 1, 1, 1e-6", ":PMU:OUTPUT:STATE 1, 1")
    it.tell(":PMU:SARB:SEQ:TIME:ADD 1, 1, 1e-6", ":PMU:SARB:SEQ:STARTV 1, 1, 0, 1", ":PMU:SARB:SEQ:STOPV 1, 1, 2, 0")
    assert "no list of sequences" in it.refuse(":PMU:EXECUTE")
    it.tell(":PMU:SARB:WFM:SEQ:LIST 1, 1, 1")
    assert "begin a segment" in it.refuse(":PMU:EXECUTE")
    it.tell(":PMU:SARB:SEQ:STARTV 1, 1, 0, 2", ":PMU:SARB:SEQ:MEAS:TYPE 1, 1, 2, 4")
    assert "outside of a segment" in it.refuse(":PMU:EXECUTE")
    it.tell(":PMU:SARB:SEQ:MEAS:STOP 1, 1, 1e-6, 1e-6", ":PMU:SARB:SEQ:MEAS:START 1, 1, 0, 0", ":PMU:SAMPLE:RATE 1e7")
    it.tell(":PMU:EXECUTE")
    rows = it.pulses()
    assert len(rows) == 20
    assert 1.7 < rows[:, 0].max() < 2.1 and np.all(np.diff(rows[:9, 0]) > 0)


def test_repeated_segments_are_averaged_and_long_tests_have_their_limit(it):
    it.tell(":PMU:INIT 1", ":PMU:RPM:CONFIGURE PMU1-1, 0", ":PMU:RETAIN:CONFIG 1, 1", ":PMU:OUTPUT:STATE 1, 1")
    segments(it, 1, (1.0,), (20e-6,), reads=(0,))
    it.tell(":PMU:MEASURE:RANGE 1, 2, 1e-3", ":PMU:SARB:WFM:SEQ:LIST 1, 1, 70000")
    assert "up to 65536 points" in it.refuse(":PMU:EXECUTE")
    it.tell(":PMU:SARB:WFM:SEQ:LIST 1, 1, 50", ":PMU:EXECUTE")
    single = it.pulses()[:, 1]
    it.tell(":PMU:SARB:SEQ:MEAS:TYPE 1, 1, 0, 3, 0, 0", ":PMU:EXECUTE")
    (averaged,) = it.pulses()[:, 1]
    assert len(single) == 50
    assert averaged == pytest.approx(single.mean(), abs=3 * single.std() / 7)
    assert "not within" in it.refuse(":PMU:SARB:SEQ:SSR 1, 1, 0, 0, 0, 0")


def test_both_pulse_channels_play_at_the_same_time(it):
    it.tell(*TRAIN, ":PMU:RPM:CONFIGURE PMU1-2, 0", ":PMU:PULSE:TRAIN 2, 0, -2", ":PMU:OUTPUT:STATE 2, 1")
    it.tell(":PMU:PULSE:TIMES 2, 1e-3, 100e-6, 1e-6, 1e-6", ":PMU:MEASURE:RANGE 2, 2, 1e-3", ":PMU:EXECUTE")
    first, second = it.pulses(1), it.pulses(2)
    np.testing.assert_allclose(second[:, 1], -2 / OHMS, rtol=1e-2)
    np.testing.assert_allclose(first[:, 2], second[:, 2], atol=1e-9)


def test_the_same_seed_gives_the_same_numbers():
    found = []
    for seed in (3, 3, 4):
        with keithley(seed=seed) as it:
            it.tell("RS 7", "US", "DV1, 0, 1, 1e-3")
            found.append(it.query("TI1"))
    assert found[0] == found[1] != found[2]
