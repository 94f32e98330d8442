"""A bench file is judged when it is loaded: file, key, what is wrong, what was probably meant."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neurorig.instruments import Bench, SourceSetup, connect, list_benches, load_bench
from neurorig.instruments.simulated.launch import SimulatedProcess
from neurorig.instruments.simulated.process import Settings, prepare
from neurorig.signals import BenchError, ConfigError, Hold, LimitError, Program

SHIPPED = Path(load_bench().path).read_text(encoding="utf-8")
Written = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(text: str) -> Path:
        path = tmp_path / "bench.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def changed(old: str, new: str) -> str:
    assert old in SHIPPED
    return SHIPPED.replace(old, new, 1)


@pytest.mark.parametrize("name", list_benches())
def test_every_shipped_bench_loads(name: str) -> None:
    assert load_bench(name).name == name


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("title =", "titel =", "titel: no such key. Did you mean 'title'"),
        ("low = \"-30 uA\"", "lowest = \"-30 uA\"", "no such key"),
        ("[instruments.source]", "[instruments.source]\nfull_scale = \"62.5 uA\"", "'full_scale' belongs into [ports.NAME]."),
        ("[instruments.source]", "[instruments.source]\nsimulate = \"shield\"", "simulate = \"shield\" would add up: the drawn"),
        ("high = \"250 uA\"", "high = \"250 V\"", "limits.\"n1.i0\".high: '250 V' is not a current"),
        ("high = \"250 uA\"", "high = 250", "needs a unit"),
        ("high = \"250 uA\"", "high = 90.0", "90.0 needs a unit (A)"),
        ("high = \"250 uA\"", "high = 250e-6", "needs a unit"),
        ("resistance = \"10 kohm\"", "resistance = 10.0", "needs a unit (ohm)"),
        ("[\"67.6 uA\", \"65.6 uA\"]", "[67.6, 65.6]", "needs a unit"),
        ("high = \"26 uA\"", "high = 26.0", "written as a text"),
        ("channel = \"source.1\"", "channel = \"source.1\"\nfull_scale = \"125 uA\"", "250 uA or 62.5 uA"),
        ("driver = \"rigol_ds1000z\"", "driver = \"rigol_ds1000\"", "Did you mean 'rigol_ds1000z'"),
        ("channel = \"scope.2\"", "channel = \"scope.1\"", "scope.1 is already wired to n1.v_ap"),
        ("channel = \"scope.2\"", "channel = \"scope.7\"", "no channel '7'"),
        ("channel = \"scope.2\"", "channel = \"source.2\"", "is no Oscilloscope"),
        ("channel = \"source.1\"", "channel = \"sorce.1\"", "Did you mean 'source'"),
        ("[nodes.\"s11.i_out\"]", "[nodes.\"s12.i_out\"]", "Did you mean 's11.i_out'"),
        ("[ports.\"n1.i0\"]", "[ports.\"n2.i0\"]", "no such port"),
        ("[limits.\"n1.i0\"]", "[limits.\"n1.i1\"]", "every driven port needs its limits"),
        ("kind = \"replica\"", "kind = \"direct\"", "is a current"),
        ("kind = \"replica\"", "kind = \"open\"", "off the membrane of n1"),
        ("board = \"wu2025_bump\"", "board = \"wu2025_bumb\"", "wu2025_bump"),
        ("schema = 1", "schema = 9", "schema 9"),
        ("schema = 1", "schema = ", "not valid TOML"),
        ("[\"67.6 uA\"", "[\"7.6 uA\"", "commanded currents rising"),
        ("high = \"26 uA\"", "high = \"-2 uA\"", "must lie below"),
        ("resource = \"tcp:", "resource = \"tpc:", "instruments.scope.resource: 'tpc://192.168.1.50:5555' is no resource"),
        ("192.168.1.50:5555", "192.168.1.50", "needs a host and a port"),
        ("serial:///dev/ttyACM0", "serial://", "instruments.source.resource: 'serial://' is not like"),
        ("[instruments.scope]", "[instruments.scope]\nserial_number = \" \"", "serial_number: is empty. Leave the line out"),
        ("resistance = \"10 kohm\"", "resistance = \"-10 kohm\"", ".resistance: Input should be greater than 0, not -10 kohm"),
        ("probe = \"10 Mohm\"", "probe = \"0 ohm\"", "sense.probe: Input should be greater than 0, not 0 ohm"),
        ("attenuation = 10", "attenuation = 7", "\"n1.v_ap\".sense.attenuation: 7 is not one that scope can be set to: 0.01,"),
        ("attenuation = 10", "gain = 0", "nodes.\"n1.v_ap\".sense.gain: a gain of 0 lets nothing through"),
        ("attenuation = 10", "gain = 1000", "nodes.\"n1.v_ap\": low .. high: scope.1: 0 V .. 3.2 kV does not fit 80 V"),
        ("level = \"2.5 V\"", "level = \"9 V\"", "marker.level: SYNC OUT is a logic level of 0 or 5 V and never crosses 9 V"),
        ("\"source.sync\"", "\"source.synk\"", "marker.source: the Arduino current source of this repository has no"),
        ("\"source.sync\"", "\"source.1\"", "Known: sync."),
        ("channel = \"source.1\"", "channel = \"source.sync\"", "has no channel 'sync' here. Known: 1, 2."),
        ("\"scope.4\"", "\"scope4\"", "marker.channel: 'scope4' is not instrument.channel. Did you mean 'scope.4'?"),
        ("\"source.1\" = \"n1.v_ap\"", "\"source.1\" = \"n1.v_m\"", "'n1.v_m' is no spike output; a comparator"),
        ("\"source.1\" = ", "\"source.7\" = ", "comparators.\"source.7\": the Arduino current source"),
        ("schema = 1", "schema = 1\ncomponents = {\"s11.R_V\" = \"1 ohm\"}", "[components] s11.R_V: board 'wu2025_bump' has"),
        ("schema = 1", "schema = 1\ncomponents = {\"s11.C_s\" = \"1 pF\"}", "[components] s11.C_s: with C_s = 1 pF and R_s ="),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_file_and_key(written: Written, old: str, new: str, says: str) -> None:
    path = written(changed(old, new))
    with pytest.raises(ConfigError) as refused:
        load_bench(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert says in str(refused.value)


def test_a_bench_that_does_not_exist_names_the_ones_that_do() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'wu2025_bump'"):
        load_bench("wu2025_bumps")


def test_a_level_beyond_the_limit_is_refused_with_port_value_limit_and_file() -> None:
    bench = load_bench()
    bench.check_limits({"n1.i0": Program((Hold(250e-6, 1000),))})
    with pytest.raises(
        LimitError, match=r"n1\.i0: 312 uA at 0 s exceeds this bench's limit of 250 uA .*wu2025_bump\.toml"
    ):
        bench.check_limits({"n1.i0": Program((Hold(312e-6, 1000),))})
    with pytest.raises(LimitError, match="-31 uA at 0 s is below"):
        bench.check_limits({"n1.i0": Program((Hold(-31e-6, 1000),))})


def test_the_delivered_table_goes_through_its_points_and_on_beyond_them() -> None:
    delivered = load_bench().ports["n1.i0"].delivered
    assert delivered(44.7e-6) == pytest.approx(44.7e-6)
    assert delivered(67.6e-6) == pytest.approx(65.6e-6)
    assert delivered(20.3e-6) == pytest.approx(20.3e-6)
    assert delivered(-10e-6) == pytest.approx(-10e-6)
    assert 65.6e-6 < delivered(80e-6) < 80e-6


def test_a_jumper_that_stands_otherwise_is_refused_before_anything_is_switched_on(written: Written) -> None:
    expected = changed('channel = "source.1"', 'channel = "source.1"\nfull_scale = "62.5 uA"')
    with SimulatedProcess(Settings(load_bench().name)) as double:
        bench = load_bench(written(expected))
        with (
            pytest.raises(
                BenchError, match=r"full_scale: 62\.5 uA is expected, but channel 1 of source stands at 250 uA"
            ),
            connect(bench, double=double),
        ):
            pytest.fail("connected")


def test_a_quarter_range_source_takes_quarter_steps(written: Written) -> None:
    path = written(changed('channel = "source.1"', 'channel = "source.1"\nfull_scale = "62.5 uA"'))
    with SimulatedProcess(Settings(str(path))) as double, connect(load_bench(path), double=double) as rig:
        assert rig.source("source").resolution("1") == pytest.approx(15.26e-9, rel=1e-3)


def test_the_limits_of_the_terminals_hold_whoever_drives_the_source_meter(tmp_path: Path) -> None:
    path = tmp_path / "table.toml"
    path.write_text(
        'schema = 1\ntitle = "x"\n[instruments.smu]\ndriver = "keithley_2450"\nresource = "tcp://192.168.1.60:5025"\n'
        '[terminals."smu.1"]\ndevice = "10 kohm"\nvoltage = "1 V"\ncurrent = "20 uA"\n'
    )
    with SimulatedProcess(Settings(str(path))) as double, connect(load_bench(path), double=double) as rig:
        smu: Any = rig.instruments["smu"]
        with pytest.raises(LimitError, match=r"100 mA exceeds the 20 uA .*table\.toml, \[terminals\.\"smu\.1\"\]"):
            smu.configure("1", SourceSetup("V", 0.1))
        smu.configure("1", SourceSetup("V", 20e-6))
        with pytest.raises(LimitError, match=r"level 20 V exceeds the 1 V"):
            smu.set_level("1", 20.0)


def test_a_probe_on_the_membrane_is_warned_of_by_the_margin_it_eats(written: Written) -> None:
    on_membrane = changed('[nodes."n1.v_ap"]', '[nodes."n1.v_m"]').replace('"source.1" = "n1.v_ap"', "")
    bench: Bench = load_bench(written(on_membrane))
    (warning,) = bench.loading(0.57e-6)
    assert "10 Mohm probe takes" in warning
    assert bench.loading(100e-6) == []


def test_components_as_a_person_set_them_reach_the_board() -> None:
    bench = load_bench().with_components({"s11.R_W": "7 kohm"})
    assert bench.board.components["s11.R_W"] == 7000.0
    with pytest.raises(ConfigError, match=r"^--set s11\.R_V: .* has no such component"):
        load_bench().with_components({"s11.R_V": "7 kohm"})
    with pytest.raises(ConfigError, match=r"^--set s11\.C_s: with C_s = 1 pF"):
        load_bench().with_components({"s11.C_s": "1 pF"})


def test_a_probe_that_shortens_the_spikes_is_warned_of(written: Written) -> None:
    (warning,) = load_bench(written(changed('probe = "10 Mohm"', 'probe = "1 kohm"'))).loading(1.0)
    assert warning.startswith("n1.v_ap: a 1 kohm probe lies in parallel with R_a = 2 kohm")
    assert "Use one of 200 kohm or more" in warning
    assert load_bench(written(changed('probe = "10 Mohm"', 'probe = "200 kohm"'))).loading(1.0) == []


def test_a_fixed_port_for_an_instrument_that_is_not_there_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"--port scoop=5555: this bench has no such instrument. Did you mean 'scope'?"
    ):
        prepare(Settings(load_bench().name, ports={"scoop": 5555}))


def test_an_output_that_feeds_no_membrane_may_be_sensed_open(written: Written) -> None:
    text = changed('kind = "replica"', 'kind = "open"').replace('board = "wu2025_bump"', 'board = "wu2025_fig9b"')
    bench = load_bench(written(text))
    assert bench.nodes["s11.i_out"].sense.kind == "open"
    assert bench.board.synapses["s11"].post == "open"
    inside = text.replace('[nodes."s11.i_out"]', '[nodes."s11.i_s2"]')
    with pytest.raises(ConfigError, match=r"'open' is for the output s11\.i_out, and s11\.i_s2 is within the synapse"):
        load_bench(written(inside))
