"""Decks that ngspice gets: what they contain, what is refused, and what the person hears when ngspice is not content."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from neurorig.hardware import list_boards, load_board
from neurorig.hardware.spice import SpiceError, deck, run, spice_twin, witness
from neurorig.signals import ConfigError, Steps

from .boards import description, network, written


@pytest.fixture(scope="module")
def board():
    return load_board("wu2025_bump")


def quiet(board):
    return board.with_ports({port: {"noise": 0.0} for port in board.ports})


@pytest.mark.needs("ngspice")
@pytest.mark.parametrize("name", list_boards())
def test_ngspice_takes_every_board(name):
    shipped = quiet(load_board(name))
    nodes = list(shipped.quantities)
    recording = run(shipped, deck(shipped, dict.fromkeys(shipped.ports, 60e-6), 2e-3, nodes))
    assert recording.time[-1] == pytest.approx(2e-3)
    for node in nodes:
        assert np.all(np.isfinite(recording.trace(node)))


def test_a_deck_carries_components_and_the_state_at_rest(board):
    text = deck(board.with_components({"s11.R_W": "3.3 kohm"}), {"n1.i0": 44.7e-6}, 1.0, ["s11.i_s2"])
    assert "X_s11_delta n1.v_ap s11.v_c1 vdd delta_pcb R_W=3300" in text
    assert ".ic v(s11.v_c1)=0.27" in text
    assert ".save v(n1.v_ap) i(v.x_s11_2.v_s)" in text
    assert "method=trap" in text and ".tran 1e-05 1 0 1e-05" in text


@pytest.mark.needs("ngspice")
def test_the_input_of_the_deck_is_the_command(board):
    steps = Steps.of([1e-3, 1e-3, 1e-3], [10e-6, 30e-6, 20e-6])
    seen = witness(board, {"n1.i0": steps}, 4e-3, ["n1.i0"])
    at = np.array([0.5e-3, 1.5e-3, 2.5e-3, 3.9e-3])
    np.testing.assert_allclose(seen.ngspice.trace("n1.i0", at), [10e-6, 30e-6, 20e-6, 20e-6], rtol=1e-6)


@pytest.mark.needs("ngspice")
def test_ripple_and_sag_of_a_port_are_in_the_deck(board):
    disturbed = board.with_ports({"n1.i0": {"ripple": "1 uA", "ripple_frequency": "1 kHz", "sag": 0.02}})
    recording = run(disturbed, deck(disturbed, {"n1.i0": 30e-6}, 5e-3, ["n1.i0", "n1.v_m"]))
    at = np.linspace(1e-3, 4.9e-3, 500)
    expected = 30e-6 * (1 - 0.02 * recording.trace("n1.v_m", at)) + 1e-6 * np.sin(2 * np.pi * 1e3 * at)
    np.testing.assert_allclose(recording.trace("n1.i0", at), expected, atol=20e-9)


@pytest.mark.needs("ngspice")
def test_a_delayed_spike_arrives_later(tmp_path):
    entries = description()
    entries["synapses"]["s11"] |= {"delay": "2 ms", "post": "open"}
    late = written(tmp_path, entries)
    recording = run(late, deck(late, {"n1.i0": 62e-6}, 0.03, ["s11.v_c1"]))
    rises = recording.time[np.argmax(recording.trace("s11.v_c1") > 0.275)]
    assert rises - recording.spikes("n1")[0] == pytest.approx(2e-3, abs=0.1e-3)


@pytest.mark.needs("ngspice")
def test_an_inhibitory_pulse_without_a_stage_discharges_the_membrane(tmp_path):
    pair = network(tmp_path, {"s12": ("n1", "n2")}, stages=0).with_components({"s12.R_W": 20e3})
    recording = run(pair, deck(pair, {"n1.i0": 62e-6, "n2.i0": 35e-6}, 0.03, ["n2.v_m", "s12.i_out"]))
    fired = recording.spikes("n1")[0]
    before, after = recording.trace("n2.v_m", np.array([fired - 1e-4, fired + 5e-4]))
    drawn = np.trapezoid(recording.trace("s12.i_out"), recording.time)
    assert drawn > 20e-9  # C, of all spikes until then
    assert after < before - 0.1


def test_the_counterpart_keeps_components_and_drops_what_a_deck_lacks(board):
    noisy = board.with_ports({"n1.i0": {"noise": "10 nA"}})
    counterpart = spice_twin(noisy)
    assert counterpart.components == board.components
    assert counterpart.ports["n1.i0"].noise == 0.0
    assert counterpart.synapses["s11"].calibration.drive == "pcb"
    assert counterpart.neurons["n1"].calibration.dead_time == 0.0


def test_noise_unknown_ports_and_unknown_nodes_are_refused(board):
    with pytest.raises(ConfigError, match=r"n1.i0: a deck has no noise"):
        deck(board.with_ports({"n1.i0": {"noise": "10 nA"}}), {}, 1.0)
    with pytest.raises(ConfigError, match=r"no port 'n2.i0'"):
        deck(board, {"n2.i0": 1e-6}, 1.0)
    with pytest.raises(ConfigError, match=r"no node 's11.v_c3'"):
        deck(board, {}, 1.0, ["s11.v_c3"])


@pytest.mark.needs("ngspice")
def test_a_node_that_was_not_saved_is_named(board):
    recording = run(board, deck(board, {}, 1e-3))
    with pytest.raises(ConfigError, match=r"'n1.v_m' was not saved"):
        recording.trace("n1.v_m")


@pytest.mark.needs("ngspice")
def test_what_ngspice_refuses_is_told(board):
    text = deck(board, {}, 1e-3)
    with pytest.raises(SpiceError, match=r"unknown subckt.*stage_excited"):
        run(board, text.replace("vdd stage_excitatory C_s", "vdd stage_excited C_s"))
    with pytest.raises(SpiceError, match="c_m"):
        run(board, text.replace("C_m=1e-07", "C_m=much"))


@pytest.mark.needs("ngspice")
def test_a_run_that_takes_too_long_is_ended(board):
    with pytest.raises(SpiceError, match=r"not done after 0.1 s"):
        run(board, deck(board, {"n1.i0": 62e-6}, 60.0), deadline=0.1)


def test_without_ngspice_the_message_says_how_to_get_it(board, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SpiceError, match="apt install ngspice"):
        run(board, deck(board, {}, 1e-3))


@pytest.mark.parametrize("until", [0.0, -1.0, float("nan"), float("inf")])
def test_an_end_that_is_none_is_refused_before_ngspice_is_started(board, monkeypatch, until):
    monkeypatch.setenv("PATH", "/nowhere")  # without ngspice another sentence would come
    with pytest.raises(ConfigError, match=r"until = \S+ s: ngspice runs from 0 s to a later time"):
        witness(board, {"n1.i0": 60e-6}, until)


def test_ctrl_c_ends_ngspice_with_one_line(tmp_path):
    mark = tmp_path / "started"
    program = tmp_path / "ngspice"  # one that would take for ever
    program.write_text(f"#!/bin/sh\necho > {mark}\nexec sleep 60\n")
    program.chmod(0o755)
    command = [sys.executable, "-m", "neurorig.hardware.spice", "wu2025_neuron", "-i", "n1.i0=60 uA", "--until", "9 s"]
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    run = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)
    until = time.monotonic() + 30
    while not mark.exists() and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to the program and to ngspice
    _, said = run.communicate(timeout=10)
    assert (run.returncode, said) == (130, "Stopped by Ctrl-C.\n")
