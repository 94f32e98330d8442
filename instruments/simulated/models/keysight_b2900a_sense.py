"""What a simulated Keysight B2902A measures, how long, and its output relays.

B2910-90030 pages 4-73 to 4-91; B2961-90030 pages 4-67, 4-91 to 4-93. What is assumed: see `keysight_b2900a`.
"""

from ..arguments import ScpiError, boolean
from ..grammar import on
from .keysight_b2900a_commands import TEXT, each_function, held, listed, nr3
from .keysight_b2900a_setup import FUNCTIONS, SENSE, KeysightSetup, sense_functions

SHORTEST, LONGEST, USUAL_PERIODS = 8e-6, 2.0, 0.1
ALL = set(FUNCTIONS.values())


class KeysightSense(KeysightSetup):
    """Functions, apertures, compliance, output relays."""

    # Apertures: whichever function is said, it is that of all of them

    @on(SENSE + ":VOLTage[:DC]:APERture", TEXT)
    @on(SENSE + ":CURRent[:DC]:APERture", TEXT)
    @on(SENSE + ":RESistance:APERture", TEXT)
    def _set_aperture(self, number: int, text: str) -> None:
        channel = self.channels[number]
        channel.settings.aperture = held(text, "s", SHORTEST, LONGEST, USUAL_PERIODS / channel.mains)

    @on(SENSE + ":VOLTage[:DC]:APERture?", TEXT)
    @on(SENSE + ":CURRent[:DC]:APERture?", TEXT)
    @on(SENSE + ":RESistance:APERture?", TEXT)
    def _aperture(self, number: int, extreme: str = "") -> str:
        channel = self.channels[number]
        default = USUAL_PERIODS / channel.mains
        return nr3(held(extreme, "s", SHORTEST, LONGEST, default) if extreme else channel.settings.aperture)

    @on(SENSE + ":VOLTage[:DC]:NPLCycles", TEXT)
    @on(SENSE + ":CURRent[:DC]:NPLCycles", TEXT)
    @on(SENSE + ":RESistance:NPLCycles", TEXT)
    def _set_periods(self, number: int, text: str) -> None:
        channel = self.channels[number]
        many = held(text, "", SHORTEST * channel.mains, LONGEST * channel.mains, USUAL_PERIODS)
        channel.settings.aperture = many / channel.mains

    @on(SENSE + ":VOLTage[:DC]:NPLCycles?", TEXT)
    @on(SENSE + ":CURRent[:DC]:NPLCycles?", TEXT)
    @on(SENSE + ":RESistance:NPLCycles?", TEXT)
    def _periods(self, number: int, extreme: str = "") -> str:
        channel = self.channels[number]
        if extreme:
            return nr3(held(extreme, "", SHORTEST * channel.mains, LONGEST * channel.mains, USUAL_PERIODS))
        return nr3(channel.periods)

    @on(SENSE + ":VOLTage[:DC]:APERture:AUTO", boolean)
    @on(SENSE + ":CURRent[:DC]:APERture:AUTO", boolean)
    @on(SENSE + ":RESistance:APERture:AUTO", boolean)
    @on(SENSE + ":VOLTage[:DC]:NPLCycles:AUTO", boolean)
    @on(SENSE + ":CURRent[:DC]:NPLCycles:AUTO", boolean)
    @on(SENSE + ":RESistance:NPLCycles:AUTO", boolean)
    def _set_automatic(self, number: int, automatic: bool) -> None:
        """Kept; which aperture goes with which range no page says, so it stays as it is (B2961-90030 page 4-87)."""
        self.channels[number].settings.aperture_auto = automatic

    @on(SENSE + ":VOLTage[:DC]:APERture:AUTO?")
    @on(SENSE + ":CURRent[:DC]:APERture:AUTO?")
    @on(SENSE + ":RESistance:APERture:AUTO?")
    @on(SENSE + ":VOLTage[:DC]:NPLCycles:AUTO?")
    @on(SENSE + ":CURRent[:DC]:NPLCycles:AUTO?")
    @on(SENSE + ":RESistance:NPLCycles:AUTO?")
    def _automatic(self, number: int) -> bool:
        return self.channels[number].settings.aperture_auto

    # Functions

    @listed(SENSE + ":FUNCtion[:ON]", *(sense_functions,) * 3, required=1)
    def _add_functions(self, number: int, *names: set[str]) -> None:
        self.channels[number].settings.sensed.update(*names)

    @listed(SENSE + ":FUNCtion:OFF", *(sense_functions,) * 3, required=1)
    def _take_functions(self, number: int, *names: set[str]) -> None:
        self.channels[number].settings.sensed.difference_update(*names)

    @on(SENSE + ":FUNCtion[:ON]:ALL")
    def _all_functions(self, number: int) -> None:
        self.channels[number].settings.sensed = set(ALL)

    @on(SENSE + ":FUNCtion:OFF:ALL")
    def _no_functions(self, number: int) -> None:
        self.channels[number].settings.sensed = set()

    @on(SENSE + ":FUNCtion[:ON]?")
    def _functions(self, number: int) -> str:
        return sense_functions.show(self.channels[number].settings.sensed)

    @on(SENSE + ":FUNCtion:OFF?")
    def _functions_off(self, number: int) -> str:
        return sense_functions.show(ALL - self.channels[number].settings.sensed)

    @on(SENSE + ":FUNCtion:STATe?", sense_functions)
    def _function_state(self, number: int, names: set[str]) -> bool:
        return names <= self.channels[number].settings.sensed

    @each_function(SENSE + ":{f}:PROTection:TRIPped?")
    def _limited(self, function: str, number: int) -> bool:
        """Whether this quantity is held back now."""
        channel = self.channels[number]
        return function != channel.settings.function and channel.limited()

    # Output

    @on(":OUTPut<1-2>[:STATe]", boolean)
    def _set_output(self, number: int, state: bool) -> None:
        self.channels[number].switch(state)
        self.observe()

    @on(":OUTPut<1-2>[:STATe]?")
    def _output(self, number: int) -> bool:
        channel = self.channels[number]
        return channel.output or channel.terminals.welded

    # The mains

    @on(":SYSTem:LFRequency", TEXT)
    def _set_mains(self, text: str) -> None:
        if text not in ("50", "60"):
            raise ScpiError(-222)
        for channel in self.channels.values():
            channel.settings.aperture *= channel.mains / float(text)
            channel.mains = float(text)

    @on(":SYSTem:LFRequency?")
    def _mains(self) -> int:
        return round(self.channels[1].mains)
