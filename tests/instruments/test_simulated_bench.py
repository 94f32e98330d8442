"""The instruments of a bench in their common world."""

from pathlib import Path

import numpy as np

from neurorig.instruments import DRIVERS, load_bench
from neurorig.instruments.simulated.bench import SimulatedBench
from neurorig.signals import Hold, Program

from .fakes import serving

STAMP = 0.5e-6


def test_the_source_stamps_every_spike_of_the_neuron(tmp_path: Path) -> None:
    """On the shipped bench, and where the oscilloscope does not look at V_ap at all."""
    shipped = load_bench().path.read_text(encoding="utf-8")
    blind = tmp_path / "blind.toml"
    blind.write_text(shipped.replace('[nodes."n1.v_ap"]', '[nodes."n1.v_m"]'), encoding="utf-8")
    for bench in (load_bench(), load_bench(blind)):
        simulated = SimulatedBench(bench)
        world = simulated.world
        world.remember("the test", 0.0)
        with serving(world, {"source": simulated.devices["source"]}) as ports:
            source = DRIVERS["arduino_source"].connect(f"serial+tcp://127.0.0.1:{ports['source']}")
            source.stamp_spikes("1")
            source.load({"1": Program((Hold(60e-6, 300_000_000), Hold(0.0, 1_000_000)))})
            source.arm()
            source.fire()
            while source.running():
                pass
            found = source.spikes("1")
            source.close()
        (begun,) = simulated.sync["source"].crossings(2.5, 0.0, world.now)
        spikes = world.twin.spikes("n1")
        assert len(spikes) > 20
        assert found.lost == 0
        np.testing.assert_allclose(found.times, spikes - begun, rtol=0, atol=STAMP)
