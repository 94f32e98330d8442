"""Memristive circuits as files: what ships, and how a wrong one is refused."""

import tomllib
from pathlib import Path

import pytest
import tomlkit

from neurorig.hardware.memristors import (
    MemristiveNeuron,
    SdcBoard,
    ThyristorBoard,
    list_memristor_boards,
    load_memristor_board,
)
from neurorig.signals import ConfigError

KINDS = {
    "benatti2023_fig1": SdcBoard, "benatti2023_fig2": MemristiveNeuron, "benatti2023_fig4": MemristiveNeuron,
    "thyristor_iv": ThyristorBoard,
}  # fmt: skip


def test_the_shipped_circuits_are_listed_and_load() -> None:
    assert list_memristor_boards() == sorted(KINDS)
    for name, kind in KINDS.items():
        board = load_memristor_board(name)
        assert type(board) is kind
        assert board.name == name


def wrong(tmp_path: Path, name: str, change) -> str:
    """What is said about a shipped file after `change` has been at it."""
    entries = tomllib.loads(load_memristor_board(name).path.read_text(encoding="utf-8"))
    change(entries)
    file = tmp_path / "mine.toml"
    file.write_text(tomlkit.dumps(entries), encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_memristor_board(file)
    assert str(refused.value).startswith(str(file))
    return str(refused.value).removeprefix(f"{file}: ")


@pytest.mark.parametrize(
    ("name", "key", "value", "said"),
    [
        (
            "benatti2023_fig1",
            "device.w_sett",
            "1 mV",
            "[device.w_sett] is not a key of a memristor board. Did you mean 'w_s'?",
        ),
        ("benatti2023_fig1", "device.V_s", 0.55, "needs a unit (V)"),
        ("benatti2023_fig1", "device.R_max", "20 kohm", "R_min < R_max"),
        ("benatti2023_fig1", "device.V_limit", "5 V", "100 times w_s or w_r"),
        ("benatti2023_fig1", "at_rest.x", 1.5, "less than or equal to 1, not 1.5"),
        ("benatti2023_fig1", "kind", "neurone", "[kind] is 'neurone': give one of 'sdc', 'thyristor', 'neuron'"),
        ("benatti2023_fig2", "membrane.V_thr", "1 V", "Did you mean 'V_th'?"),
        ("benatti2023_fig2", "memristor", "benati2023_fig1", "no memristor board 'benati2023_fig1'"),
        ("benatti2023_fig2", "memristor", "thyristor_iv", "kind is not 'sdc'"),
        ("benatti2023_fig2", "synapses.w1.resistance", "1 kohm", "1 kohm lies outside the window of the device"),
        ("benatti2023_fig2", "back_spike.interval", "0 s", "greater than 0"),
        ("benatti2023_fig4", "theta_burst.spike_interval", "5 ms", "shorter than a spike, 10 ms"),
        ("benatti2023_fig4", "theta_burst.spikes", 20, "do not fit into a burst_interval of 250 ms"),
        ("thyristor_iv", "board", "wu2025_neurn", "no board 'wu2025_neurn'"),
        ("thyristor_iv", "neuron", "n2", "has no neuron 'n2'. Did you mean 'n1'?"),
        ("thyristor_iv", "components.load", "1 Mohm", "no threshold above its holding voltage"),
        ("thyristor_iv", "components.load", 1000, "needs a unit (ohm)"),
    ],
)
def test_a_wrong_entry_is_told_with_file_and_key(tmp_path: Path, name: str, key: str, value: object, said: str) -> None:
    def change(entries: dict) -> None:
        *tables, last = key.split(".")
        for table in tables:
            entries = entries.setdefault(table, {})
        entries[last] = value

    assert said in wrong(tmp_path, name, change)


def test_a_segment_of_a_spike_that_the_device_does_not_stand_is_told(tmp_path: Path) -> None:
    def too_high(entries: dict) -> None:
        entries["spike"][0]["volts"] = "1.5 V"

    assert "[spike] 1.5 V exceeds the V_limit of the device, 1 V" in wrong(tmp_path, "benatti2023_fig2", too_high)

    def misspelt(entries: dict) -> None:
        entries["spike"][0]["last"] = "1 ms"

    assert "[spike.0.last] is not a key of a memristor board. Did you mean 'lasts'?" in wrong(
        tmp_path, "benatti2023_fig2", misspelt
    )


def test_another_kind_than_wanted_is_refused() -> None:
    with pytest.raises(ConfigError, match="kind is not 'neuron', which is needed here"):
        load_memristor_board("thyristor_iv", MemristiveNeuron)


def test_a_circuit_may_be_like_another_beside_it(tmp_path: Path) -> None:
    text = load_memristor_board("benatti2023_fig1").path.read_text(encoding="utf-8")
    (tmp_path / "base.toml").write_text(text, encoding="utf-8")
    file = tmp_path / "mine.toml"
    file.write_text('like = "base.toml"\nname = "mine"\n[components]\nR_s = "1 kohm"\n', encoding="utf-8")
    mine = load_memristor_board(file, SdcBoard)
    assert (mine.name, mine.components.R_s) == ("mine", 1e3)
    assert mine.device == load_memristor_board("benatti2023_fig1", SdcBoard).device
