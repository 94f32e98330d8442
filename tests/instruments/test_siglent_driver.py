"""How the Siglent driver reads and writes what is Siglent's own: suffixes, the trigger's line, blocks behind a word."""

import pytest

from neurorig.instruments import DRIVERS, ChannelSetup
from neurorig.instruments.drivers.siglent_sds1000xe import number, seconds, volts
from neurorig.signals import BenchError, InstrumentError, LinkError, PlanError

from .remembering import Remembering, block
from .scripted import scripted

IDENTITY = "Siglent Technologies,SDS1104X-E,SDSMMEBX3R0001,8.2.6.1.37R9"


@pytest.mark.parametrize(
    ("answer", "value"),
    [("1.00E+09", 1e9), ("1.00GSa/s", 1e9), ("500kSa/s", 5e5), ("7Mpts", 7e6), ("1.4M", 1.4e6), ("-2.00E-02", -0.02)],
)
def test_numbers_are_read_with_and_without_what_they_count(answer, value):
    assert number(answer) == pytest.approx(value)


def test_what_is_no_number_is_none():
    for answer in ("7 apples", "1.0E+03V", "M"):
        with pytest.raises(ValueError, match=answer.replace("+", r"\+")):
            number(answer)


@pytest.mark.parametrize(
    ("value", "time", "volt"),
    [
        (0.5, "500MS", "500MV"),
        (2.0, "2S", "2V"),
        (-0.35, "-350MS", "-350MV"),
        (0.0, "0S", "0V"),
        (5e-4, "500US", "500UV"),
    ],
)
def test_values_are_written_with_their_suffix(value, time, volt):
    assert (seconds(value), volts(value)) == (time, volt)


def test_a_trigger_that_was_not_taken_is_told():
    answers = {
        "*IDN?": IDENTITY,
        "TRSE?": "GLIT,SR,C1,HT,TI,HV,2.00E-09S",
        "C1:VDIV?": "5.00E-01",
        "C1:OFST?": "0.00E+00",
    }
    with scripted(Remembering(answers)) as server:
        scope = DRIVERS["siglent_sds1000xe"].connect(f"tcp://127.0.0.1:{server.port}", name="scope", timeout=0.5)
        with pytest.raises(InstrumentError, match=r"the edge of C1 is to trigger, but TRSE\? tells GLIT"):
            scope.trigger_on("1", 0.5)
        assert server.heard[:2] == ["CHDR OFF", "*IDN?"]


def test_a_block_behind_a_word_needs_that_word():
    with scripted(
        Remembering({"*IDN?": IDENTITY, "C1:WF? DAT2": b"DAT2," + block(b"abc") + b"\n", "x?": block(b"a")})
    ) as server:
        link = DRIVERS["siglent_sds1000xe"].connect(f"tcp://127.0.0.1:{server.port}", timeout=0.5).link
        assert bytes(link.query_block("C1:WF? DAT2", lead=b"DAT2,")) == b"abc"
        with pytest.raises(LinkError, match=r"b'DAT2,' was expected before the block, it starts with b'#8"):
            link.query_block("x?", lead=b"DAT2,")


def test_a_two_channel_model_is_not_taken_for_it():
    answers = {"*IDN?": "Siglent Technologies,SDS2104X Plus,SDS2PEEX0001,1.3.9"}
    with scripted(Remembering(answers)) as server, pytest.raises(BenchError, match="SDS2104X Plus' answers"):
        DRIVERS["siglent_sds1000xe"].connect(f"tcp://127.0.0.1:{server.port}", timeout=0.5)


def test_two_channels_of_a_pair_share_the_memory():
    with scripted(Remembering({"*IDN?": IDENTITY})) as server:
        scope = DRIVERS["siglent_sds1000xe"].connect(f"tcp://127.0.0.1:{server.port}", timeout=0.5)
        assert scope.plan(["1", "3"], 1.4, 1e7, 0).points == 14_000_000
        with pytest.raises(PlanError, match="memory holds 7,000,000 a channel"):
            scope.plan(["1", "2"], 1.4, 1e7, 0)
        with pytest.raises(PlanError, match="planned for channels 1, but 3"):
            scope.configure([ChannelSetup("3", 0, 1)], scope.plan(["1"], 0.1, 1e4, 0))
