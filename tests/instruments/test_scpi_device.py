"""A SCPI instrument made of the simulated framework, spoken to the way SCPI-1999 and IEEE 488.2 say."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurorig.instruments.simulated import Block, ScpiDevice, Setting, Settings
from neurorig.instruments.simulated.arguments import block, block_header, boolean, choice, integer, number, string
from neurorig.instruments.simulated.grammar import on, split

from .fakes import quiet_world


class Bench(ScpiDevice):
    """A source and four channels: enough to meet every rule of the grammar."""

    sweep = Setting(":TRIGger:SWEep", choice("AUTO", "NORMal", "SINGle"), "AUTO")
    coupling = Settings(":CHANnel<1-4>:COUPling", choice("AC", "DC", "GND"), dict.fromkeys(range(1, 5), "DC"))
    output = Setting(":OUTPut[:STATe]", boolean, False)
    label = Setting(":SYSTem:LABel", string, "")
    points = Setting(":POINts", integer(1, 100), 1)

    def __init__(self):
        super().__init__(quiet_world(), "ACME,Bench,0001,1.0")
        self.amperes, self.pair, self.data, self.busy = 0.0, None, b"", False

    def complete(self):
        return not self.busy

    @on("[:SOURce]:CURRent[:LEVel][:IMMediate]", number("A", -1.05, 1.05, 0.0), cost=0.01)
    def set_current(self, amperes):
        self.amperes = amperes

    @on("[:SOURce]:CURRent[:LEVel][:IMMediate]?")
    def current(self):
        return self.amperes

    @on(":MEASure:ITEM", choice("VMAX", "FREQuency"), integer(1, 4))
    def item(self, what, channel=1):
        self.pair = (what, channel)

    @on(":DATA", block)
    def set_data(self, data):
        self.data = data

    @on(":DATA?")
    def get_data(self):
        return Block(self.data, 9)

    @on("[:GENerator<1-2>]:RAMP<1-3>[:TIME]", number("s"))
    def set_ramp(self, source, ramp, seconds):
        self.pair = (source, ramp, seconds)

    @on(":REPort?", waits=True)
    def report(self):
        return self.busy

    @on(":STATe?", progress=True)
    def state(self):
        return "BUSY" if self.busy else "IDLE"


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def ask(bench):
    session = bench.session()
    return lambda text: session.receive(text.encode("latin-1") + b"\n").decode("latin-1").removesuffix("\n")


def test_headers_come_short_or_long_in_any_case(bench, ask):
    for header in (":SOURCE:CURRENT:LEVEL:IMMEDIATE", ":sour:curr", "CURR", "current:imm", "Sour:Curr:Level"):
        ask(f"{header} 0.25")
        assert bench.amperes == 0.25
        assert ask(f"{header}?") == "2.500000e-01"
        bench.amperes = 0.0


def test_a_header_between_short_and_long_form_is_unknown(ask):
    assert ask(":CURRE?") == ""
    assert ask(":SYST:ERR?").startswith("-113,")


def test_a_chain_continues_at_the_same_level_and_common_commands_leave_it(ask):
    assert ask(":CHAN3:COUP AC;COUP?;*IDN?;COUP?;:CHAN1:COUP?") == "AC;ACME,Bench,0001,1.0;AC;DC"


def test_numeric_suffixes(bench, ask):
    ask(":CHAN4:COUP GND;:CHAN:COUP AC")
    assert bench.coupling == {1: "AC", 2: "DC", 3: "DC", 4: "GND"}
    ask(":CHAN5:COUP AC")
    assert ask(":SYST:ERR?").startswith("-114,")
    ask(":TRIG2:SWE AUTO")
    assert ask(":SYST:ERR?").startswith("-113,")


def test_an_optional_word_with_a_suffix_that_is_left_out_means_the_first(bench, ask):
    for header, meant in (("GEN2:RAMP3", (2, 3)), ("RAMP3:TIME", (1, 3)), ("RAMP", (1, 1)), ("GEN:RAMP2", (1, 2))):
        ask(f"{header} 0.5")
        assert bench.pair == (*meant, 0.5)
    ask("GEN2:RAMP2 1;RAMP3 2")
    assert bench.pair == (2, 3, 2.0)
    assert ask("SYST:ERR?") == '0,"No error"'


def test_a_command_that_waits_comes_after_what_is_pending(bench):
    bench.busy = True
    session = bench.session()
    assert session.receive(b"REP?;:TRIG:SWE?\n") == b"" and session.waiting
    bench.busy = False
    assert session.receive(b"") == b"0;AUTO\n"


def test_long_messages_are_not_remembered(bench, ask):
    remembered = bench._tree._remembered.cache_info
    ask(f'SYST:LAB "{"x" * 400}"')
    before = remembered().currsize
    ask(f'SYST:LAB "{"x" * 5000}"')
    assert (bench.label, remembered().currsize) == ("x" * 5000, before)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("44.7 uA", 44.7e-6),
        ("0.5ma", 0.5e-3),
        ("+.5", 0.5),
        ("MAX", 1.05),
        ("minimum", -1.05),
        ("DEF", 0),
    ],
)
def test_numbers_with_units_and_extremes(bench, ask, text, value):
    ask(f"CURR {text}")
    assert bench.amperes == pytest.approx(value)
    assert ask(":SYST:ERR?") == '0,"No error"'


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("CURR 2", -222), ("CURR 1 V", -131), ("CURR abc", -104), ("CURR", -109), ("CURR 1,2", -108),
        ("TRIG:SWE SOON", -224), ("OUTP 2", -224), ("POIN 5 V", -138), ("FOO 1", -113), ("CURR? 1", -108),
        ("DATA 15ab", -161), ("TRIG:SWE", -109),
    ],
)  # fmt: skip
def test_errors_have_their_scpi_numbers_and_change_nothing(bench, ask, message, code):
    before = dict(bench.values), bench.amperes
    assert ask(message) == ""
    assert ask(":SYST:ERR?").startswith(f"{code},")
    assert ask(":SYST:ERR:NEXT?") == '0,"No error"'
    assert (dict(bench.values), bench.amperes) == before


def test_a_command_error_ends_the_message_an_execution_error_does_not(bench, ask):
    assert ask("CURR 9;:OUTP ON;:OUTP?") == "1"
    assert ask("FOO;:OUTP OFF;:OUTP?") == ""
    assert bench.output is True


def test_an_argument_may_be_optional(bench, ask):
    ask("MEAS:ITEM freq,3")
    assert bench.pair == ("FREQ", 3)
    ask("MEAS:ITEM VMAX")
    assert bench.pair == ("VMAX", 1)


def test_strings_may_hold_separators(ask):
    ask("SYST:LAB \"a;b,'c' #19\";:OUTP ON")
    assert ask("SYST:LAB?;:OUTP?") == "\"a;b,'c' #19\";1"


def test_lists_of_channels_are_one_argument():
    assert split("0.5,(@1,2:3),(@)", ",") == ["0.5", "(@1,2:3)", "(@)"]
    assert split("(1,2;", ",") == ["(1", "2;"]


def test_error_queue_overflows_into_350(ask):
    for _ in range(30):
        ask("FOO")
    errors = [ask("SYST:ERR?") for _ in range(21)]
    assert errors[18].startswith("-113,") and errors[19].startswith("-350,") and errors[20].startswith("0,")


def test_status_registers(ask):
    assert ask("*ESR?") == "128"  # power on
    ask("*ESE 48;*SRE 32")
    assert ask("*STB?") == "0"
    ask("FOO")
    assert ask("*STB?") == str(0x20 | 0x04 | 0x40)
    ask("CURR 7")
    assert ask("*ESR?;*ESR?") == f"{0x20 | 0x10};0"
    ask("*CLS")
    assert ask("*STB?;*ESE?;*SRE?") == "0;48;32"


def test_operation_complete_comes_when_the_operation_ends(bench, ask):
    ask("*CLS")
    bench.busy = True
    ask("*OPC")
    assert ask("*ESR?") == "0"
    session = bench.session()
    assert session.receive(b"*OPC?\n") == b""  # answered with 1 when it is done, and not before (IEEE 488.2 12.5.3)
    assert session.waiting
    bench.busy = False
    assert session.receive(b"") == b"1\n"
    assert ask("*ESR?;*OPC?") == "1;1"


def test_reset_brings_defaults_back(bench, ask):
    ask("TRIG:SWE SING;:CHAN2:COUP AC;:OUTP ON")
    ask("*RST")
    assert ask("TRIG:SWE?;:CHAN2:COUP?;:OUTP?") == "AUTO;DC;0"


def test_every_command_costs_time_and_a_progress_query_waits(bench, ask):
    ask("*IDN?")
    assert bench.world.now == pytest.approx(bench.typical_time)
    ask("CURR 0.1")
    assert bench.world.now == pytest.approx(bench.typical_time + 0.01)
    ask("STAT?")
    assert bench.world.now == pytest.approx(bench.typical_time + 0.06)


def test_overlong_garbage_is_dropped(bench):
    session = bench.session()
    for _ in range(17):
        session.receive(b"x" * 1_000_000)
    session.receive(b"\n")
    assert session.receive(b"SYST:ERR?\n").startswith(b"-363,")


@given(data=st.binary(max_size=300), cuts=st.lists(st.integers(0, 400), max_size=6))
def test_a_block_with_any_bytes_arrives_however_it_is_cut(data, cuts):
    bench = Bench()
    session = bench.session()
    stream = b":DATA " + block_header(len(data)) + data + b";:OUTP ON\n*IDN?\r\n:DATA?\n"
    edges = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    answer = b"".join(session.receive(stream[a:b]) for a, b in itertools.pairwise(edges))
    assert bench.data == data
    assert bench.output is True
    assert answer == b"ACME,Bench,0001,1.0\n" + b"#9%09d%s" % (len(data), data) + b"\n"


@given(garbage=st.binary(max_size=200))
def test_garbage_never_breaks_the_device(garbage):
    bench = Bench()
    bench.session().receive(garbage)
    session = bench.session()
    assert session.receive(b"*IDN?\n") == b"ACME,Bench,0001,1.0\n"


def test_two_clients_have_their_own_input(bench):
    one, two = bench.session(), bench.session()
    one.receive(b"*ID")
    assert two.receive(b"TRIG:SWE NORM;SWE?\n") == b"NORM\n"
    assert one.receive(b"N?;:TRIG:SWE?\n") == b"ACME,Bench,0001,1.0;NORM\n"
