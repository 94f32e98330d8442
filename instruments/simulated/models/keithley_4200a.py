"""A simulated Keithley 4200A-SCS under KXCI, its external control interface, over Ethernet.

Four 4200-SMU with preamplifiers ("1" to "4") and one 4225-PMU with two remote modules. As in a system of KCon, SMU1 and SMU2
go through the modules PMU1-1 and PMU1-2 to leads 1 and 2, SMU3 and SMU4 straight to theirs; ``:PMU:RPM:CONFIGURE PMU1-1, 0``
(or ``RP``) puts channel 1 of the pulse card on lead 1 instead of SMU1.

From the 4200A-SCS reference manual, 4200A-901-01 Rev. C, section 9: names, modes and functions of ``CH`` 9-14; ``VR``, ``IR``
9-17 to 9-19; ``VP``, ``IP`` 9-21; ``RT``, ``FS`` 9-24; ``VL``, ``IL`` 9-25; ``DO`` and the times of its readings 9-36; ``TI``,
``TV`` and mapped functions 9-43; ``IT`` 9-44; ``ID``, ``DR`` 9-45; forms of the readings, letters and their order 9-52 and 9-53;
operating limits 3-6, least compliance 3-12, ranges of the pulse card 6-73. From the KXCI manual, 4200A-KXCI-907-01 Rev. D, as
far as public notes cite its pages: ``DT`` 5-10, ``HT`` 5-12, ``ST`` 5-14, ``LI`` 5-23, ``DV`` and its range codes 5-33, ``IT4``
5-39 (factors up to 100, on page 9-44 up to 10), ``RG`` 5-41, ``RP`` 7-67; the pulse card 7-7 to 7-56. From the maker's published
examples: port 1225, strings that end with NUL in both directions, an answer to each. Assumed, because no page was found:

- ``ACK`` is the answer of what has nothing to tell; the arguments of ``VC``, ``IC``, ``EC``, ``DM``, ``XN``, ``YA``, ``YB``,
  ``XT``, ``WT``, ``IN``, ``NR``, ``ME``, ``SP``, ``MP``, ``DS``, ``RS``, ``RI``, ``RV``, ``EM`` and the range codes of ``DI`` are
  those that published programs for this instrument and its predecessor use;
- a command that is refused answers ``ACK`` like any other, sets bit 1 of the status byte (until it is polled) and is told by
  ``:ERROR:LAST:GET`` as ``text. (code)`` until that is cleared; the texts, and the code -992 of all of them; what follows in
  the same string is not done; of a string with several answers the first is given;
- commands belong to their page, while a test is running only pages, ``ME``, ``SP``, ``BC``, ``*RST`` and what tells are taken;
- the names that ``*OPT?`` and ``ID`` tell, the version in ``*IDN?``; no channel is defined at first; ``ME4`` keeps what has
  been measured; data ready (bit 0 of ``SP``) stays until ``BC``, ``*RST`` or the next ``ME``; bit 4: busy; standby after a test
  is on at first; all names are measured when nothing is shown;
- a channel whose function is constant holds what ``VC`` or ``IC`` said, whatever list it had before;
- the SMUs of a test are read one after the other, current and voltage of one in the same time;
- delays and filters of ``IT1`` to ``IT3``, settling of the ranges, accuracy, resolution and noise (`keithley_4200a_ranges`); the
  range goes down to 1 nA unless ``RG`` is given; mains of 50 Hz;
- the sense leads are not used: two wires; ``EC`` ends a test at the first reading in compliance;
- remote modules lead to the SMUs at first and stay where they are at ``*RST``; switching opens both outputs;
- the pulse card: no output resistance (load, load-line and cable compensation change nothing); the window of ``TIMES:PIV`` is a
  part of the flat top and of the time after the pulse, 75 to 90 % at first; a fixed range of 10 mA at first; status 0: good,
  bit 0: beyond the range (the value is the end of the range), bit 1: beyond the card's current; settings are gone after a test
  unless ``RETAIN:CONFIG``; range settling and the bandwidth of pulses are left out.

Not there: voltage sources and monitors in system mode (``VS``, ``VM``), more than one VAR2, 4145 emulation beyond ``ID``, user
libraries, ``:PMU:STEP``, open relays in segments, capacitance units.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .keithley_4200a_pulses import PulseCard

if TYPE_CHECKING:
    from ..leads import Leads
    from ..world import World


class SimulatedKeithley4200A(PulseCard):
    """Four source-measure units and a pulse card on `leads` "1" to "4"; those that are missing touch nothing."""

    def __init__(self, world: "World", leads: "Mapping[str, Leads]", *, serial: str, seed: int) -> None:
        super().__init__(world, leads, serial, np.random.default_rng(seed))
