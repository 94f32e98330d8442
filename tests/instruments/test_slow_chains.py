"""The bandwidth of a sense chain: seen by records that are fast enough, and warned about where spikes suffer."""

import datetime
import math
from pathlib import Path

import numpy as np
import pytest

from neurorig.hardware import load_board
from neurorig.hardware.twin import Twin
from neurorig.instruments import Bench, SenseChain, load_bench
from neurorig.instruments.chains import overdue, slow
from neurorig.instruments.picture import remarks
from neurorig.instruments.simulated import World
from neurorig.instruments.simulated.lines import NodeInput
from neurorig.protocols import loading_budget
from neurorig.signals import ConfigError

LEVEL, AT = 60e-6, 0.2


def spiking(bandwidth: str) -> tuple[World, NodeInput]:
    world = World(Twin(load_board("wu2025_bump")))
    chain = NodeInput(world, "n1.v_ap", SenseChain(kind="direct", bandwidth=bandwidth, zero="10 mV"))
    world.remember("test", 0.0)
    world.twin.drive("n1.i0", LEVEL)
    world.advance_to(1.0)
    return world, chain


def test_a_slow_chain_smears_a_spike_as_one_pole_does() -> None:
    world, chain = spiking("5 kHz")
    spike = float(world.twin.spikes("n1")[3])
    tau, dt = 1 / (2 * math.pi * 5e3), 1e-6
    sharp = world.twin.sample("n1.v_ap", spike - 0.01, dt, 12_000)
    expected = np.empty_like(sharp)
    level = sharp[0]
    for k, value in enumerate(sharp):
        level += (value - level) * (1 - math.exp(-dt / tau))
        expected[k] = level
    found = chain.sample(spike - 0.002, dt, 4_000) - 0.01
    assert np.abs(found - expected[8_000:]).max() < 2e-3
    assert found.max() < 0.85 * sharp.max()


def test_a_slow_record_does_not_see_it() -> None:
    world, chain = spiking("20 MHz")
    assert np.array_equal(chain.sample(AT, 1e-5, 500), world.twin.sample("n1.v_ap", AT, 1e-5, 500) + 0.01)


def test_samples_do_not_depend_on_how_they_are_cut_nor_on_what_was_forgotten() -> None:
    world, chain = spiking("1 kHz")
    whole = chain.sample(AT, 1e-5, 2_000)
    assert np.allclose(chain.sample(AT + 0.01, 1e-5, 1_000), whole[1_000:], atol=2e-3)
    world.remember("test", AT)
    world.advance_to(2.0)  # forgets all but what a chain still knows of
    assert np.array_equal(chain.sample(AT, 1e-5, 2_000), whole)


def changed(folder: Path, old: str, new: str) -> Bench:
    text = load_bench().path.read_text(encoding="utf-8")
    assert old in text
    file = folder / "bench.toml"
    file.write_text(text.replace(old, new), encoding="utf-8")
    return load_bench(file)


def test_a_bandwidth_that_lowers_the_spikes_is_warned_about(tmp_path: Path) -> None:
    assert slow(load_bench()) == []
    bench = changed(tmp_path, "attenuation = 10", 'attenuation = 10, bandwidth = "5 kHz"')
    (warning,) = slow(bench)
    assert "n1.v_ap: a bandwidth of 5 kHz makes the spikes of n1" in warning
    assert any("bandwidth of 5 kHz" in remark for remark in remarks(bench))
    tau_a, needed = bench.board.tau_a("n1"), float(warning.rsplit("Use ", 1)[1].split(" kHz")[0]) * 1e3
    ratio = 1 / (2 * math.pi * needed * tau_a)
    assert ratio ** (ratio / (1 - ratio)) == pytest.approx(0.95, abs=0.01)


def test_a_calibration_is_good_for_a_year(tmp_path: Path) -> None:
    bench = changed(tmp_path, "attenuation = 10", "attenuation = 10, calibrated = 2025-03-01")
    assert overdue(bench, datetime.date(2026, 2, 28)) == []
    (warning,) = overdue(bench, datetime.date(2026, 3, 3))
    assert "n1.v_ap" in warning
    assert "2025-03-01" in warning


DERIVED = '[derived."n1.i_in"]\nplus = ["n1.i0", "s11.i_out"]\n\n[marker]'


def test_a_derived_node_is_the_sum_of_observed_ones(tmp_path: Path) -> None:
    bench = changed(tmp_path, "[marker]", DERIVED)
    assert bench.derived["n1.i_in"].formula == "n1.i0 + s11.i_out"
    assert bench.derived["n1.i_in"].unit == "A"
    assert "n1.i_in" not in bench.nodes


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"s11.i_out"]', '"s11.i_s2"]', "'s11.i_s2' is not observed on this bench. Did you mean 's11.i_out'"),
        ('"s11.i_out"]', '"n1.v_ap"]', "adds quantities of different units"),
        ('"n1.i_in"', '"n1.v_m"', "is a node of board 'wu2025_bump' and is measured, not derived"),
        ('"s11.i_out"]', '"n1.i0"]', "names a node twice"),
        ('plus = ["n1.i0", "s11.i_out"]', "plus = []", "needs at least one node"),
        ("plus =", "pluss =", "Did you mean 'plus'"),
    ],
)
def test_what_cannot_be_derived_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        changed(tmp_path, "[marker]", DERIVED.replace(old, new))


def test_what_a_probe_takes_of_a_protocols_margin_is_told(tmp_path: Path) -> None:
    """10 Mohm on a membrane of up to 4 V take up to 0.4 uA; the bump lives 0.57 uA below I_min."""
    probe = '[nodes."n1.v_m"]\nchannel = "scope.2"\nsense = { kind = "direct", probe = "10 Mohm" }\n\n[nodes."n1.i0"]'
    text = load_bench().path.read_text(encoding="utf-8")
    i_out = text[text.index('[nodes."s11.i_out"]') : text.index('[nodes."n1.i0"]')]
    file = tmp_path / "bench.toml"
    file.write_text(text.replace(i_out, "").replace('[nodes."n1.i0"]', probe), encoding="utf-8")
    told = dict(loading_budget(load_bench(file)))
    assert "10 Mohm probe takes 400 nA" in told["bump"]
    assert "of the margin" in told["bump"]
    assert loading_budget(load_bench()) == []
