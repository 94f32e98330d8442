"""Closed forms of a driven first-order lane.

Between events everything on a board is a chain of such lanes with constant rates: stage 1 relaxes towards a constant,
stage 2 is driven by stage 1, a membrane by the last stages that reach it and by the mains. With rates a, b, r the
responses are divided differences of exp(-x t); `phi` and `chi` evaluate them without cancellation, equal rates included.
They are given the exponentials, which the lanes of a board share.
"""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import cos, exp, expm1, sin

from .compiled import helper
from .layout import C_0, C_1, A, B, Floats, Ints, Q, Wave, X

C_2, C_3, C_4, C_5, C_6, C_7 = 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040  # of the series of (1 - exp(-g)) / g


@helper
def phi(x: float, y: float, e_x: float, e_y: float, t: float) -> float:
    """First divided difference (exp(-x t) - exp(-y t)) / (y - x)."""
    gap = (y - x) * t
    if gap == 0.0:
        return t * e_x
    if abs(gap) < 0.02:
        return e_x * t * (1.0 - gap * (C_2 - gap * (C_3 - gap * (C_4 - gap * (C_5 - gap * (C_6 - gap * C_7))))))
    if abs(gap) > 0.5:
        return (e_x - e_y) / (y - x)
    return -e_x * expm1(-gap) * t / gap


@helper
def chi(x: float, y: float, z: float, e_x: float, e_y: float, e_z: float, t: float) -> float:
    """Second divided difference: what `phi(x, y)` leaves in a lane of rate z. Symmetric in x, y, z."""
    if x > y:
        x, y, e_x, e_y = y, x, e_y, e_x
    if y > z:
        y, z, e_y, e_z = z, y, e_z, e_y
    if x > y:
        x, y, e_x, e_y = y, x, e_y, e_x
    if (z - x) * t > 0.3:
        return (phi(x, y, e_x, e_y, t) - phi(y, z, e_y, e_z, t)) / (z - x)
    above = (y - x) * t
    below = (y - z) * t
    power = 1.0
    term = 1.0  # complete homogeneous polynomial of (above, below)
    factorial = 2.0
    total = 0.5
    for k in range(1, 13):
        power *= below
        term = term * above + power
        factorial *= k + 2
        total += term / factorial
        if abs(term) + abs(power) < 1e-17 * factorial:
            break
    return total * t * t * e_y


@helper
def relaxed(x: float, rate: float, push: float, e: float, t: float) -> float:
    """Value at `t` of x' = push - rate x, given exp(-rate t)."""
    value: float = x + (push - rate * x) * phi(0.0, rate, 1.0, e, t)
    return value


@helper
def idle(form: Floats) -> bool:
    """Whether a drive is nothing, and will be."""
    nothing: bool = form[X] == 0.0 and form[C_0] == 0.0 and form[C_1] == 0.0
    return nothing


@helper
def follow(form: Floats, e_a: float, e_b: float, t: float) -> float:
    """A driving lane at `t`, given exp(-A t) and exp(-B t)."""
    x: float = form[X] * e_b
    if form[C_0] != 0.0:
        x += form[C_0] * phi(0.0, form[B], 1.0, e_b, t)
    if form[C_1] != 0.0:
        x += form[C_1] * phi(form[A], form[B], e_a, e_b, t)
    return x


@helper
def response(form: Floats, rate: float, e_a: float, e_b: float, t: float) -> float:
    """What a driving lane has left in a lane of `rate` by `t`, given its exp(-A t) and exp(-B t)."""
    e_r = exp(-rate * t)
    u = form[X] * phi(form[B], rate, e_b, e_r, t)
    if form[C_0] != 0.0:
        u += form[C_0] * chi(0.0, form[B], rate, 1.0, e_b, e_r, t)
    if form[C_1] != 0.0:
        u += form[C_1] * chi(form[A], form[B], rate, e_a, e_b, e_r, t)
    left: float = form[Q] * u
    return left


@helper
def settled(wave: Wave, rate: float, t: float) -> float:
    """What a wave leaves in a lane of `rate` once its beginning is forgotten."""
    size, omega, angle = wave
    at = omega * t + angle
    return size * (rate * sin(at) - omega * cos(at)) / (rate * rate + omega * omega)


@helper
def swing(wave: Wave, rate: float, t: float) -> float:
    """What a wave has left in a lane of `rate` by `t`."""
    return settled(wave, rate, t) - settled(wave, rate, 0.0) * exp(-rate * t)


@helper
def look(
    v: float, rate: float, push: float, wave: Wave, forms: Floats, who: Ints, start: int, stop: int, t: float,
    now: Floats,
) -> tuple[float, float, float]:  # fmt: skip
    """The lane v' = push - rate v + the wave + the drives `forms[who[start:stop]]` at `t`: value, drive and its slope.

    Leaves in `now` what each drive is, and what drives it; behind them sine and cosine of the wave.
    """
    e_r = exp(-rate * t)
    steady = phi(0.0, rate, 1.0, e_r, t)
    value, drive, slope = v + (push - rate * v) * steady, push, 0.0
    a = b = 0.0
    e_a = e_b = 1.0
    for k in range(start, stop):
        form = forms[who[k]]
        if idle(form):
            now[k - start, 0] = now[k - start, 1] = 0.0
            continue
        if form[B] != b:
            b = form[B]
            e_b = exp(-b * t)
        if form[A] != a:
            a = form[A]
            e_a = e_b if a == b else exp(-a * t)
        c_0, c_1 = form[C_0], form[C_1]
        b_r = phi(b, rate, e_b, e_r, t)
        x, u = form[X] * e_b, form[X] * b_r
        if c_0 != 0.0:
            b_0 = phi(0.0, b, 1.0, e_b, t)
            x += c_0 * b_0
            u += c_0 * ((b_0 - b_r) / rate if rate * t > 0.3 else chi(0.0, b, rate, 1.0, e_b, e_r, t))
        if c_1 != 0.0:
            a_b = phi(a, b, e_a, e_b, t)
            x += c_1 * a_b
            u += c_1 * ((a_b - b_r) / (rate - a) if (rate - a) * t > 0.3 else chi(a, b, rate, e_a, e_b, e_r, t))
        d = c_0 + c_1 * e_a
        now[k - start, 0], now[k - start, 1] = x, d
        value += form[Q] * u
        drive += form[Q] * x
        slope += form[Q] * (d - b * x)
    if wave[0] != 0.0:
        sine, cosine = sin(wave[1] * t + wave[2]), cos(wave[1] * t + wave[2])
        now[stop - start, 0], now[stop - start, 1] = sine, cosine
        value += swing(wave, rate, t)
        drive += wave[0] * sine
        slope += wave[0] * wave[1] * cosine
    return value, drive, slope
