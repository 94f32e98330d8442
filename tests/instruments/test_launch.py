"""A simulated bench that does not start says why, as the error that it was."""

from pathlib import Path

import pytest

from neurorig.instruments import load_bench
from neurorig.instruments.simulated.launch import SimulatedProcess, _not_started
from neurorig.instruments.simulated.process import Settings
from neurorig.signals import BenchError, ConfigError

TRACEBACK = 'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\n    go()\n'


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        (f"{TRACEBACK}neurorig.signals.errors.ConfigError: gcc is not found.", ConfigError, "gcc is not found."),
        (f"{TRACEBACK}neurorig.signals.errors.ConfigError: gcc could not:\nline 2", ConfigError, "gcc could not:\nline 2"),
        (f"{TRACEBACK}KeyError: 'x'", BenchError, "KeyError: 'x'"),
        ("", BenchError, "no answer in time"),
    ],
)  # fmt: skip
def test_what_ended_it_is_told_without_its_traceback(said: str, kind: type[Exception], told: str) -> None:
    error = _not_started(said)
    assert type(error) is kind
    assert str(error) == f"The simulated bench did not start: {told}"


def test_without_a_compiler_the_real_firmware_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bench.toml"
    entry = 'driver = "arduino_source"\n'
    file.write_text(
        load_bench().path.read_text(encoding="utf-8").replace(entry, f'{entry}simulate = "firmware"\n'),
        encoding="utf-8",
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("NEURORIG_CACHE", str(tmp_path))
    with SimulatedProcess(Settings(str(file))) as double, pytest.raises(ConfigError) as caught:
        double.resource("source")
    assert "did not start: gcc is not found" in str(caught.value)
    assert "libsimavr-dev" in str(caught.value)
