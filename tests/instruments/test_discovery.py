"""Who is there: what is found, what is left alone, and what a person is told about the rest."""

import os
import socket
import struct
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pyvisa
from serial.tools import list_ports

from neurorig.instruments import discovery, permissions
from neurorig.instruments.bench import assemble
from neurorig.instruments.bench_file import checked_tables
from neurorig.instruments.claim import Claim
from neurorig.instruments.discovery import discover
from neurorig.instruments.identify import driver_for, serial_rates, understood
from neurorig.instruments.roles import Identity
from neurorig.signals import ConfigError

from .fakes import quiet_world, serving
from .registers_server import registers
from .scripted import Script, scripted

SCOPE = b"RIGOL TECHNOLOGIES,DS1104Z,DS1ZA000000001,00.04.04\n"
METER = b"KEITHLEY INSTRUMENTS INC.,MODEL 2000,0123456,A13  /A02\n"


def saying(identity: bytes) -> Script:
    """An instrument of which nothing is known but its name."""
    return lambda line: [identity] if line == "*IDN?" else []


def here(port: int) -> str:
    return f"127.0.0.1:{port}"


# On the network.


def test_an_instrument_is_found_and_gets_its_driver() -> None:
    with scripted(saying(SCOPE)) as scope:
        result = discover([here(scope.port)], resources=["tcp://127.0.0.1:1"])
    (found,) = result.found
    assert (found.name, found.driver, found.resource) == ("scope", "rigol_ds1000z", f"tcp://127.0.0.1:{scope.port}")
    assert found.identity.serial == "DS1ZA000000001"


def test_nothing_but_the_question_who_is_there_is_sent() -> None:
    with scripted(saying(SCOPE)) as scope:
        discover([here(scope.port)], resources=["tcp://127.0.0.1:1"])
    assert scope.heard == ["*IDN?"]


def test_the_lines_for_a_bench_file_make_a_bench(tmp_path: Path) -> None:
    with scripted(saying(SCOPE)) as scope, scripted(saying(SCOPE.replace(b"1,00", b"2,00"))) as other:
        result = discover(resources=[f"tcp://{here(scope.port)}", f"tcp://{here(other.port)}"])
    tables = tomllib.loads(f'schema = 1\ntitle = "found"\n{result.bench_lines()}')
    bench = assemble(tmp_path / "found.toml", checked_tables(tmp_path / "found.toml", tables))
    assert {(i.driver, i.serial_number) for i in bench.instruments.values()} == {
        ("rigol_ds1000z", "DS1ZA000000001"), ("rigol_ds1000z", "DS1ZA000000002"),
    }  # fmt: skip
    assert bench.instruments.keys() == {"scope", "scope2"}


def test_an_instrument_without_driver_is_shown_and_stands_in_no_bench_file() -> None:
    with scripted(saying(METER)) as meter:
        result = discover(resources=[f"tcp://{here(meter.port)}"])
    assert result.found[0].identity.model == "MODEL 2000"
    assert (result.found[0].driver, result.bench_lines()) == ("", "")


def test_one_instrument_at_two_addresses_is_one_instrument() -> None:
    with scripted(saying(SCOPE)) as lan, scripted(saying(SCOPE)) as again:
        (found,) = discover(resources=[f"tcp://{here(lan.port)}", f"tcp://{here(again.port)}"]).found
    assert {found.resource, *found.also} == {f"tcp://{here(lan.port)}", f"tcp://{here(again.port)}"}


def test_a_silent_instrument_does_not_hold_up_the_others() -> None:
    with scripted(lambda _: []) as mute, scripted(saying(SCOPE)) as scope:
        begun = time.monotonic()
        result = discover(resources=[f"tcp://{here(mute.port)}", f"tcp://{here(scope.port)}"], timeout=1.0)
        lasted = time.monotonic() - begun
    assert [f.driver for f in result.found] == ["rigol_ds1000z"]
    assert str(mute.port) in result.troubles[0].where
    assert lasted < 3


def test_a_late_answer_is_waited_for() -> None:
    with scripted(lambda line: [0.8, SCOPE] if line == "*IDN?" else []) as slow:
        assert discover(resources=[f"tcp://{here(slow.port)}"], timeout=4.0).found


def test_a_library_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_ports, "comports", list)
    monkeypatch.setattr(pyvisa, "ResourceManager", lambda: threading.Event().wait())
    (trouble,) = discover(timeout=0.3).troubles
    assert (trouble.where, trouble.what) == ("VISA", "did not answer in time")


def test_a_host_without_instruments_is_told_apart_from_a_name_that_nobody_has() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    refused, unknown = discover(
        [here(free), "no-such-instrument.invalid:5025"], resources=["tcp://127.0.0.1:1"]
    ).troubles[-2:]
    assert f"no instrument listens at port {free}" in refused.what
    assert unknown.where == "no-such-instrument.invalid"


@pytest.mark.parametrize("host", [":5555", "scope:http", ""])
def test_a_host_that_cannot_be_read_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match="--host"):
        discover([host])


def test_an_instrument_that_a_run_is_using_is_left_alone() -> None:
    with scripted(saying(SCOPE)) as scope, Claim(f"tcp://{here(scope.port)}"):
        result = discover(resources=[f"tcp://{here(scope.port)}"])
        assert scope.heard == []
    assert "another neurorig" in result.troubles[0].what


def test_a_web_server_is_no_instrument() -> None:
    with scripted(lambda _: [b"HTTP/1.1 400 Bad Request\r\n"]) as web:
        assert not discover(resources=[f"tcp://{here(web.port)}"], timeout=1.0).found


def test_a_labjack_is_known_by_its_modbus_registers(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {60000: struct.pack(">f", 7.0), 60004: struct.pack(">f", 1.0292), 60028: struct.pack(">I", 470012345)}
    with registers(words) as server:
        monkeypatch.setattr(discovery, "MODBUS", server.port)
        (found,) = discover([here(server.port)], resources=["tcp://127.0.0.1:1"]).found
        (again,) = discover(resources=[f"modbus://{here(server.port)}"]).found
    assert again.identity == found.identity
    assert (found.driver, found.name, found.resource) == ("labjack_t7", "daq", f"modbus://{here(server.port)}")
    assert found.identity == Identity("LabJack", "T7", "470012345", "1.0292")


def test_another_modbus_device_is_no_labjack(monkeypatch: pytest.MonkeyPatch) -> None:
    with registers({}) as server:
        monkeypatch.setattr(discovery, "MODBUS", server.port)
        result = discover([here(server.port)], resources=["tcp://127.0.0.1:1"])
    assert "no LabJack" in "".join(t.what for t in result.troubles)
    assert not result.found


# Serial ports.


class Restarting:
    """A board that restarts when its port is opened: deaf at first, then it greets unasked (PROTOCOL.md, section 2)."""

    def __init__(self, deaf: float) -> None:
        self.awake = time.monotonic() + deaf
        self.greeted = False

    def session(self) -> "Restarting":
        return self

    def receive(self, data: bytes) -> bytes:
        if time.monotonic() < self.awake:
            return b""
        greeting = b"" if self.greeted else b"HELLO neurorig,ARDUINO-SOURCE-2,NR-0042,1.0.0+3f9a2c1d,EXTERNAL\n"
        self.greeted = True
        return greeting + b"neurorig,ARDUINO-SOURCE-2,NR-0042,1.0.0+3f9a2c1d\n" * data.count(b"*IDN?\n")

    def close(self) -> None:
        pass


def port(device: str, vid: int | None = None, pid: int | None = None) -> Any:
    return SimpleNamespace(device=device, vid=vid, pid=pid, description="USB adapter")


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The serial ports of a machine without VISA instruments."""
    listed: list[Any] = []
    monkeypatch.setattr(list_ports, "comports", lambda: listed)
    monkeypatch.setattr(pyvisa.ResourceManager, "list_resources", lambda *_: ())
    monkeypatch.setattr(permissions, "USB_DEVICES", Path("/nowhere"))
    return listed


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_an_arduino_is_asked_until_it_has_restarted(ports: list[Any]) -> None:
    with serving(quiet_world(), {"source": Restarting(deaf=0.7)}, pty="source") as addresses:
        ports.append(port(addresses["pty"], 0x2341, 0x0043))
        (found,) = discover(timeout=5.0).found
    assert (found.driver, found.identity.serial) == ("arduino_source", "NR-0042")
    assert found.identity.version == "1.0.0+3f9a2c1d"


def test_a_port_that_does_not_look_like_an_arduino_is_not_opened(ports: list[Any]) -> None:
    ports += [port("/dev/ttyS0"), port("/dev/ttyUSB0", 0x0403, 0x6001)]
    result = discover(timeout=2.0)
    assert [t.where for t in result.left] == ["/dev/ttyS0", "/dev/ttyUSB0"]
    assert all("--all" in t.remedy for t in result.left)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_all_ports_are_asked_when_all_are_wanted(ports: list[Any]) -> None:
    with serving(quiet_world(), {"source": Restarting(deaf=0.0)}, pty="source") as addresses:
        ports.append(port(addresses["pty"]))
        result = discover(everything=True, timeout=4.0)
    assert [f.driver for f in result.found] == ["arduino_source"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_board_with_other_firmware_is_told_with_the_rates_that_were_tried(ports: list[Any]) -> None:
    instrument, terminal = os.openpty()
    ports.append(port(os.ttyname(terminal), 0x2341, 0x0043))
    (trouble,) = (t for t in discover(timeout=2.0).troubles if t.where.startswith("/dev"))
    assert f"{', '.join(map(str, serial_rates()))} baud" in trouble.what
    os.close(instrument)
    os.close(terminal)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_port_that_may_not_be_opened_names_the_group_and_the_command(
    ports: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path / "ttyACM0"
    device.touch()
    device.chmod(0o660)
    monkeypatch.setattr(permissions, "_listed_in", lambda _: False)
    monkeypatch.setattr(discovery, "may_open", lambda _: False)
    ports.append(port(str(device), 0x2341, 0x0043))
    (trouble,) = (t for t in discover(timeout=2.0).troubles if t.where == str(device))
    assert trouble.remedy.startswith(f"sudo usermod -aG {device.group()} $USER")
    monkeypatch.setattr(permissions, "_listed_in", lambda _: True)
    assert "log out and in again" in permissions.serial_refused(str(device)).remedy
    device.chmod(0o600)
    assert "chmod" in permissions.serial_refused(str(device)).remedy


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_a_port_that_another_program_holds_is_left_alone_and_the_program_named(
    ports: list[Any], tmp_path: Path
) -> None:
    device = tmp_path / "ttyACM0"
    device.touch()
    command = [sys.executable, "-c", f"f = open({str(device)!r}); print('open', flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        ports.append(port(str(device), 0x2341, 0x0043))
        (trouble,) = (t for t in discover(timeout=2.0).troubles if t.where == str(device))
        holder.communicate("\n")
    assert f"({holder.pid}) has it open" in trouble.what


# VISA and USB.


def plugged(folder: Path, vendor: str = "1ab1", product: str = "04ce") -> None:
    """A USBTMC instrument as the kernel shows it below /sys."""
    device, interface = folder / "1-2", folder / "1-2:1.0"
    values = {"idVendor": vendor, "idProduct": product, "manufacturer": "Rigol Technologies.", "product": "DS1000Z Series",
              "serial": "DS1ZA000000001", "busnum": "1", "devnum": "7"}  # fmt: skip
    for place, entries in ((device, values), (interface, {"bInterfaceClass": "fe", "bInterfaceSubClass": "03"})):
        place.mkdir(parents=True)
        for name, value in entries.items():
            (place / name).write_text(f"{value}\n")


def test_a_usb_instrument_that_may_not_be_opened_gets_its_udev_rule(
    ports: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugged(tmp_path)
    (tmp_path / "1-1:1.0").mkdir()  # a keyboard, say
    monkeypatch.setattr(permissions, "USB_DEVICES", tmp_path)
    monkeypatch.setattr(discovery, "may_open", lambda _: False)
    monkeypatch.setattr(pyvisa.ResourceManager, "list_resources", lambda *_: ("USB0::6833::1230::???::0::INSTR",))
    (trouble,) = (t for t in discover(timeout=4.0).troubles if t.where.startswith("USB 1ab1"))
    assert "Rigol" in trouble.where
    assert 'ATTR{idVendor}=="1ab1"' in trouble.remedy
    assert "udevadm control --reload" in trouble.remedy


def test_what_visa_lists_is_asked_but_for_serial_ports_and_plain_sockets(
    ports: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(discovery, "open_link", lambda resource, **_: asked.append(resource) or Answering(resource))
    listed = (
        "TCPIP::10.0.0.9::hislip0::INSTR",
        "ASRL/dev/ttyS0::INSTR",
        "TCPIP::10.0.0.9::5025::SOCKET",
        "GPIB0::24::INSTR",
    )
    monkeypatch.setattr(pyvisa.ResourceManager, "list_resources", lambda *_: listed)
    found = discover(timeout=4.0).found
    assert sorted(asked) == ["GPIB0::24::INSTR", "TCPIP::10.0.0.9::hislip0::INSTR"]
    assert [f.driver for f in found] == ["rigol_ds1000z"]


class Answering:
    """A link that is open and answers ``*IDN?``."""

    resync = None

    def __init__(self, resource: str) -> None:
        self.resource = resource

    def query(self, line: str, timeout: float) -> str:
        return SCOPE.decode() if line == "*IDN?" else ""

    def __enter__(self) -> "Answering":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def test_what_pyvisa_py_cannot_reach_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permissions, "_importable", lambda _: False)
    usb, gpib = permissions.visa_limits("py")
    assert usb.remedy == "pip install pyusb"
    assert "linux-gpib" in gpib.what
    assert permissions.visa_limits("ivi") == []


def test_a_broken_visa_library_is_a_trouble_and_not_the_end(ports: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Sequence[str]:
        raise OSError("libvisa.so: wrong ELF class")

    monkeypatch.setattr(pyvisa.ResourceManager, "list_resources", broken)
    (trouble,) = discover(timeout=2.0).troubles
    assert "wrong ELF class" in trouble.what


# What an answer means.


@pytest.mark.parametrize(
    ("answer", "identity"),
    [
        ("a,b,c,d", Identity("a", "b", "c", "d")),
        ("HELLO neurorig,ARDUINO-SOURCE-2,7,1.0.0,POWER", Identity("neurorig", "ARDUINO-SOURCE-2", "7", "1.0.0")),
        ("a,b,c,d,e", Identity("a", "b", "c", "d,e")),
        ("Prologix GPIB-ETHERNET Controller", Identity("", "Prologix GPIB-ETHERNET Controller", "", "")),
        ("", None),
        ("\x80\x02\xff", None),
    ],
)
def test_answers_are_understood(answer: str, identity: Identity | None) -> None:
    assert understood(answer) == identity


def test_a_driver_is_found_by_maker_and_model() -> None:
    scope = driver_for(Identity("RIGOL TECHNOLOGIES", "MSO1104Z-S", "1", "1"))
    assert scope is not None
    assert scope.name == "rigol_ds1000z"
    assert driver_for(Identity("RIGOL TECHNOLOGIES", "DS1054Z", "1", "1")) is scope
    assert driver_for(Identity("ACME", "DS1054Z", "1", "1")) is None
