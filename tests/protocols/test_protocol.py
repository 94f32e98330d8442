"""A protocol is data: built from texts with units, hashed, and explained when it is wrong."""

import json

import pytest

from neurorig.protocols import Bump, Rheobase, get_protocol, protocols, sampling_rate
from neurorig.signals import ConfigError


def test_every_protocol_is_found_and_documented() -> None:
    assert set(protocols()) == {"bump", "rheobase", "wiring_check", "f_i"}
    for protocol in protocols().values():
        assert protocol.title and protocol.source
        for parameter in protocol.parameters():
            assert parameter.description, f"{protocol.name}.{parameter.name}"


def test_parameters_show_their_unit_and_default() -> None:
    table = {p.name: p for p in Bump.parameters()}
    assert (table["holding"].unit, table["holding"].default) == ("A", "44.7 uA")
    assert (table["kick_duration"].unit, table["kick_duration"].default) == ("s", "1.99 s")
    assert table["measure_imin"].choices == ("auto", "always", "never")


def test_the_hash_does_not_depend_on_how_it_is_written() -> None:
    assert Bump.make({"holding": "44700 nA", "rest": "990 ms"}).sha256 == Bump.make().sha256
    assert Bump.make({"holding": "44.6 uA"}).sha256 != Bump.make().sha256


@pytest.mark.parametrize("given", [{}, {"holding": "0.987 Imin", "kick": "Imin - 20 uA"}, {"preset": "relative"}])
def test_a_protocol_is_rebuilt_from_its_own_json(given: dict[str, str]) -> None:
    protocol = Bump.make(given)
    assert Bump.make(json.loads(protocol.canonical)).sha256 == protocol.sha256


def test_every_preset_can_be_made() -> None:
    for protocol in protocols().values():
        for preset in protocol.presets:
            protocol.make({"preset": preset})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"holdng": "44.7 uA"}, "no parameter 'holdng'. Did you mean 'holding'"),
        ({"holding": "44.7 mV"}, "holding = '44.7 mV'.*such as '44.7 uA'"),
        ({"holding": "44.7"}, "holding.*such as '44.7 uA'"),
        ({"kick_duration": "2 uA"}, "kick_duration.*a time such as"),
        ({"kick_duration": "-1 s"}, "kick_duration.*greater than 0"),
        ({"settle": "-1 s"}, r"settle = -1 s: must be greater than 0 s\.$"),
        ({"conditioning": "-1"}, r"conditioning = -1: must be at least 0\.$"),
        ({"probes": "maybe"}, r"probes = 'maybe': is a switch; write yes or no, for instance -p probes=no"),
        ({"repeats": "0"}, "repeats.*greater than 0"),
        ({"measure_imin": "sometimes"}, "measure_imin.*'auto', 'always' or 'never'"),
        ({"preset": "relatve"}, "no preset 'relatve'. Did you mean 'relative'"),
    ],
)
def test_wrong_parameters_are_explained(given: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        Bump.make(given)


def test_unknown_protocols_are_told_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"No protocol 'bmup'. Did you mean 'bump'"):
        get_protocol("bmup")


def test_i_min_is_measured_when_a_current_follows_it() -> None:
    assert Bump.make().i_min_ports() == ()
    assert Bump.make({"holding": "0.987 Imin"}).i_min_ports() == ("n1.i0",)
    assert Bump.make({"measure_imin": "always"}).i_min_ports() == ("n1.i0",)
    assert Bump.make({"preset": "relative", "measure_imin": "never"}).i_min_ports() == ()
    assert Rheobase.make().i_min_ports() == ()


def test_sampling_follows_the_spike_and_the_wanted_error() -> None:
    # Spike times known to one sample (interval / sqrt(12) each) at 462 Hz: 2.2 Hz at 40 kS/s, 0.87 Hz at 100 kS/s.
    assert sampling_rate(1.0, 462, 2.2) == pytest.approx(40e3, rel=0.05)
    assert sampling_rate(1.0, 462, 0.87) == pytest.approx(100e3, rel=0.01)
    # A slow spike train of short spikes: the decay decides.
    assert sampling_rate(200e-6, 10, 1.0) == pytest.approx(40e3)
