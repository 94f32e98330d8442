"""Closed forms of a driven first-order lane, and the exact time at which it leaves a range.

Between events everything on a board is a chain of such lanes with constant rates: stage 1 relaxes towards a constant,
stage 2 is driven by stage 1, a membrane by the last stages that reach it. With rates a, b, r the responses are divided
differences of exp(-x t); `phi` and `chi` evaluate them without cancellation, equal rates included.
"""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import cos, exp, expm1, hypot, inf, log1p, sin

from .compiled import helper
from .layout import C_0, C_1, DOWN, NOTHING, UP, A, B, Floats, Ints, Q, Wave, X


@helper
def phi(x: float, y: float, t: float) -> float:
    """First divided difference (exp(-x t) - exp(-y t)) / (y - x)."""
    if x > y:
        x, y = y, x
    gap = y - x
    if gap * t < 1e-300:
        return t * exp(-x * t)
    return -exp(-x * t) * expm1(-gap * t) / gap


@helper
def chi(x: float, y: float, z: float, t: float) -> float:
    """Second divided difference: what `phi(x, y)` leaves in a lane of rate z. Symmetric in x, y, z."""
    if x > y:
        x, y = y, x
    if y > z:
        y, z = z, y
    if x > y:
        x, y = y, x
    if (z - x) * t > 0.3:
        return (phi(x, y, t) - phi(y, z, t)) / (z - x)
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
    return total * t * t * exp(-y * t)


@helper
def follow(form: Floats, t: float) -> float:
    """A driving lane at `t`."""
    x: float = form[X] * exp(-form[B] * t)
    if form[C_0] != 0.0:
        x += form[C_0] * phi(0.0, form[B], t)
    if form[C_1] != 0.0:
        x += form[C_1] * phi(form[A], form[B], t)
    return x


@helper
def response(form: Floats, rate: float, t: float) -> float:
    """What a driving lane has left in a lane of `rate` by `t`."""
    u = form[X] * phi(form[B], rate, t)
    if form[C_0] != 0.0:
        u += form[C_0] * chi(0.0, form[B], rate, t)
    if form[C_1] != 0.0:
        u += form[C_1] * chi(form[A], form[B], rate, t)
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
def lane(
    v: float, rate: float, push: float, wave: Wave, forms: Floats, who: Ints, start: int, stop: int, t: float
) -> float:
    """Value at `t` of v' = push - rate v + the wave + the drives `forms[who[start:stop]]`."""
    value = v + (push - rate * v) * phi(0.0, rate, t)
    if wave[0] != 0.0:
        value += swing(wave, rate, t)
    for k in range(start, stop):
        value += response(forms[who[k]], rate, t)
    return value


@helper
def reach(v: float, level: float, side: float, rate: float, push: float) -> float:
    """Time v' = push - rate v takes to cross `level` upwards (side 1) or downwards (side -1); inf if it never does.

    A lane that comes to rest at the level does not cross it: a speed within rounding counts as none, or else two
    neighbouring pieces of a leak could send a neuron back and forth without end.
    """
    gap = (level - v) * side
    speed = (push - rate * level) * side
    if gap > 1e200 or not speed > 1e-13 * (abs(push) + abs(rate * level)):
        return inf
    if gap <= 0.0:
        return 0.0
    if rate == 0.0:
        return gap / speed
    more = rate * gap / speed
    return log1p(more) / rate if more > -1.0 else inf  # a lane of negative rate may run away from the level


@helper
def drives_at(push: float, wave: Wave, forms: Floats, who: Ints, start: int, stop: int, t: float, now: Floats) -> float:
    """The whole drive of a lane at `t`; leaves what each drive is, and what drives it, in `now`, and the wave behind."""
    now[stop - start, 0] = sin(wave[1] * t + wave[2]) if wave[0] != 0.0 else 0.0
    drive: float = push + wave[0] * now[stop - start, 0]
    for k in range(start, stop):
        form = forms[who[k]]
        now[k - start, 0] = follow(form, t)
        now[k - start, 1] = form[C_0] + form[C_1] * exp(-form[A] * t)
        drive += form[Q] * now[k - start, 0]
    return drive


@helper
def bounds_for_ever(push: float, forms: Floats, who: Ints, start: int, stop: int, now: Floats) -> tuple[float, float]:
    """What the drive, without its wave, cannot pass from now on: least, most."""
    least = most = push
    for k in range(start, stop):
        form = forms[who[k]]
        x, d = now[k - start, 0], now[k - start, 1]
        x_high = x_low = x
        if form[B] > 0.0:
            x_high = max(x, max(d, form[C_0]) / form[B])
            x_low = min(x, min(d, form[C_0]) / form[B])
        most += max(form[Q] * x_high, form[Q] * x_low)
        least += min(form[Q] * x_high, form[Q] * x_low)
    return least, most


@helper
def bounds_within(
    push: float, wave: Wave, forms: Floats, who: Ints, start: int, stop: int, t: float, now: Floats, window: float
) -> tuple[float, float]:
    """What the drive cannot pass between `t` and `window` later: least, most."""
    turn = wave[1] * window
    most = push + wave[0] * min(1.0, now[stop - start, 0] + turn)
    least = push + wave[0] * max(-1.0, now[stop - start, 0] - turn)
    for k in range(start, stop):
        form = forms[who[k]]
        x, d = now[k - start, 0], now[k - start, 1]
        later = form[C_0] + form[C_1] * exp(-form[A] * (t + window))
        x_high = x + max(0.0, max(d, later) - form[B] * x) * window
        x_low = x + min(0.0, min(d, later) - form[B] * x) * window
        most += max(form[Q] * x_high, form[Q] * x_low)
        least += min(form[Q] * x_high, form[Q] * x_low)
    return least, most


@helper
def leave(
    v: float, rate: float, push: float, wave: Wave, low: float, high: float,
    forms: Floats, who: Ints, start: int, stop: int, now: Floats, horizon: float,
) -> tuple[float, int]:  # fmt: skip
    """First time before `horizon` at which a driven lane leaves (low, high), and by which side.

    Marches by safe steps: over a window the drives are bounded, the lane under the extreme constant drive arrives no
    later than the lane itself, and the step goes no further than that arrival. It can neither pass a crossing nor
    miss a grazing one, and the remaining time shrinks quadratically, as in Newton's method. A lane that follows a wave
    for ever is known by the range of what is left when the wave's steady answer is taken away.
    """
    t = 0.0
    value = v
    wide = 1e-3
    for _ in range(100_000):
        drive = drives_at(push, wave, forms, who, start, stop, t, now)
        up = reach(value, high, 1.0, rate, drive)
        down = reach(value, low, -1.0, rate, drive)
        if up <= 1e-15:
            return t, UP
        if down <= 1e-15:
            return t, DOWN
        window = min(up, down)
        if window == inf:
            least, most = bounds_for_ever(push, forms, who, start, stop, now)
            rest, peak = value, 0.0
            if wave[0] != 0.0:
                rest, peak = value - settled(wave, rate, t), wave[0] / hypot(rate, wave[1])
            if reach(rest, high - peak, 1.0, rate, most) == inf and reach(rest, low + peak, -1.0, rate, least) == inf:
                return inf, NOTHING
            window = wide
        window = min(window, horizon - t)
        step = inf
        for _shrink in range(60):
            least, most = bounds_within(push, wave, forms, who, start, stop, t, now, window)
            step = min(reach(value, high, 1.0, rate, most), reach(value, low, -1.0, rate, least))
            if step >= 0.125 * window:
                break
            window *= 0.25
        wide = 2.0 * window
        t += min(step, window)
        if t >= horizon:
            return inf, NOTHING
        value = lane(v, rate, push, wave, forms, who, start, stop, t)
    return t, NOTHING
