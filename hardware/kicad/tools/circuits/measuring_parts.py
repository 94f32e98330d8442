"""Parts of the shield and the fixture that the neuron boards do not have: precise resistors, C0G capacitors.

Numbers are formed by the makers' codes; that a value is in stock was not looked up.
"""

from neurorig.signals import parse

from .parts import RESISTOR, Bought

DISC = "Capacitor_THT:C_Disc_D5.0mm_W2.5mm_P5.00mm"


def precise(value: str, note: str = "") -> Bought:
    """0.1 %, 15 ppm; TE's code puts the unit in the place of the decimal point (4K99, 402R, 2K0)."""
    ohms = parse(value + "ohm", "ohm")
    letter, unit = ("R", 1.0) if ohms < 1e3 else ("K", 1e3)
    digits = f"{ohms / unit:g}"
    code = digits.replace(".", letter) if "." in digits else digits + letter + "0" * (len(digits) == 1)
    other = "any metal film 0.1 %, size 0207"
    return RESISTOR._replace(maker="TE Connectivity", number=f"YR1B{code}CC", alternative=other, price=0.45, note=note)


def c0g(value: str) -> Bought:
    """C0G, 50 V; Vishay's K series begins at 10 pF."""
    digits, exponent = f"{parse(value + 'F', 'F') * 1e12:.1e}".split("e")
    code = f"{digits.replace('.', '')}{(int(exponent) - 1) % 10}"
    maker, number = ("KEMET", f"C317C{code}D1G5TA") if exponent == "+00" else ("Vishay", f"K{code}J15C0GF53H5")
    return Bought(DISC, maker, number, "any C0G of this value, pitch 5 mm", 0.20)
