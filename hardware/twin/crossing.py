"""The exact time at which a driven lane leaves a range."""

# ruff: noqa: PLR0917  (compiled helpers are called by position)

from math import cos, hypot, inf, log1p, sin

from .compiled import helper
from .lanes import look, settled
from .layout import C_0, C_1, DOWN, NOTHING, UP, A, B, Floats, Ints, Q, Wave, X

LEAST = 1e-13  # s; the shortest step, for a lane that sets out from its very level
CLOSE = 1e-15  # s; a lane that is no further from a level is there
DIGITS = 1e-18  # s; what a crossing time may still be wrong by


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
def outset(
    push: float, wave: Wave, forms: Floats, who: Ints, start: int, stop: int, now: Floats
) -> tuple[float, float]:  # fmt: skip
    """The drive and its slope at the beginning; fills `now` as `look` does."""
    drive, slope = push, 0.0
    for k in range(start, stop):
        form = forms[who[k]]
        x, d = form[X], form[C_0] + form[C_1]
        now[k - start, 0], now[k - start, 1] = x, d
        drive += form[Q] * x
        slope += form[Q] * (d - form[B] * x)
    if wave[0] != 0.0:
        sine, cosine = sin(wave[2]), cos(wave[2])
        now[stop - start, 0], now[stop - start, 1] = sine, cosine
        drive += wave[0] * sine
        slope += wave[0] * wave[1] * cosine
    return drive, slope


@helper
def never(
    value: float, rate: float, push: float, wave: Wave, low: float, high: float,
    forms: Floats, who: Ints, start: int, stop: int, t: float, now: Floats,
) -> bool:  # fmt: skip
    """Whether a lane that is at `value` at `t` surely stays in (low, high) for ever.

    One that follows a wave is judged by what is left when the wave's steady answer is taken away: that has to stay away
    from the levels by as much as the wave swings.
    """
    least, most = bounds_for_ever(push, forms, who, start, stop, now)
    peak = 0.0
    if wave[0] != 0.0:
        value, peak = value - settled(wave, rate, t), wave[0] / hypot(rate, wave[1])
        if not low + peak <= value <= high - peak:  # there already, and coming to rest there: `reach` sees no crossing
            return False
    inside = reach(value, high - peak, 1.0, rate, most) == inf
    return inside and reach(value, low + peak, -1.0, rate, least) == inf


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
    push: float, wave: Wave, forms: Floats, who: Ints, start: int, stop: int, now: Floats, window: float
) -> tuple[float, float]:
    """What the drive cannot pass before `window` is over: least, most."""
    least = most = push
    if wave[0] != 0.0:
        sine, cosine, turn = now[stop - start, 0], now[stop - start, 1], wave[1] * window
        most += wave[0] * min(1.0, sine + max(0.0, cosine + turn) * turn)
        least += wave[0] * max(-1.0, sine + min(0.0, cosine - turn) * turn)
    for k in range(start, stop):
        form = forms[who[k]]
        x, d = now[k - start, 0], now[k - start, 1]
        later = d - (d - form[C_0]) * min(1.0, form[A] * window)  # exp(-A t) stays above 1 - A t
        x_high = form[Q] * (x + max(0.0, max(d, later) - form[B] * x) * window)
        x_low = form[Q] * (x + min(0.0, min(d, later) - form[B] * x) * window)
        most += max(x_high, x_low)
        least += min(x_high, x_low)
    return least, most


@helper
def leave(
    v: float, rate: float, push: float, wave: Wave, low: float, high: float,
    forms: Floats, who: Ints, start: int, stop: int, now: Floats, horizon: float,
) -> tuple[float, int]:  # fmt: skip
    """First time before `horizon` at which a driven lane leaves (low, high), and by which side."""
    drive, slope = outset(push, wave, forms, who, start, stop, now)
    up = reach(v, high, 1.0, rate, drive)
    down = reach(v, low, -1.0, rate, drive)
    if up == down == inf and never(v, rate, push, wave, low, high, forms, who, start, stop, 0.0, now):
        return inf, NOTHING
    if min(up, down) > horizon:
        least, most = bounds_within(push, wave, forms, who, start, stop, now, horizon)
        if min(reach(v, high, 1.0, rate, most), reach(v, low, -1.0, rate, least)) >= horizon:
            return inf, NOTHING
    if up != down:
        side, level, guess = (1.0, high, up) if up < down else (-1.0, low, down)
        t, sure = newton(v, rate, push, wave, level, side, guess, drive, slope, forms, who, start, stop, now, horizon)
        if sure:
            return (t, UP if up < down else DOWN) if t < horizon else (inf, NOTHING)
    return march(v, rate, push, wave, low, high, forms, who, start, stop, now, horizon)


@helper
def newton(
    v: float, rate: float, push: float, wave: Wave, level: float, side: float, guess: float, drive: float, slope: float,
    forms: Floats, who: Ints, start: int, stop: int, now: Floats, horizon: float,
) -> tuple[float, bool]:  # fmt: skip
    """When a lane crosses `level` (inf: not before `horizon`), if it surely heads there all the time, else False.

    While the bounds of the drive keep its speed of one sign up to the level, there is one crossing and nothing else to
    miss; third-order steps from the time it would take under the mean drive find it.
    """
    t = min(guess, horizon)
    better = reach(v, level, side, rate, drive + 0.5 * slope * t)
    if better < inf:
        t = min(better, horizon)
    window = 1.25 * t
    least, most = bounds_within(push, wave, forms, who, start, stop, now, window)
    steepest = max(rate * v * side, rate * level * side)
    if not (least if side > 0.0 else -most) > steepest + 1e-9 * abs(steepest):
        return t, False
    if t >= horizon and reach(v, level, side, rate, most if side > 0.0 else least) >= horizon:
        return inf, True
    for _ in range(12):
        value, force, bend = look(v, rate, push, wave, forms, who, start, stop, t, now)
        speed = force - rate * value
        step = (level - value) / speed
        curve = (bend - rate * speed) / speed
        step *= 1.0 - 0.5 * step * curve
        t += step
        if not 0.0 < t <= window:
            return t, False
        if abs(step * step * step) * (curve * curve + rate * rate) <= DIGITS:
            return t, True
    return t, False


@helper
def march(
    v: float, rate: float, push: float, wave: Wave, low: float, high: float,
    forms: Floats, who: Ints, start: int, stop: int, now: Floats, horizon: float,
) -> tuple[float, int]:  # fmt: skip
    """The same for any lane, by safe steps.

    Over a window the drives are bounded, the lane under the extreme constant drive arrives no later than the lane
    itself, and the step goes no further than that arrival. It can neither pass a crossing nor miss a grazing one, and
    the remaining time shrinks quadratically.
    """
    t = 0.0
    wide = 1e-3
    for _ in range(100_000):
        value, drive, _ = look(v, rate, push, wave, forms, who, start, stop, t, now)
        up = reach(value, high, 1.0, rate, drive)
        down = reach(value, low, -1.0, rate, drive)
        if up <= CLOSE:
            return t, UP
        if down <= CLOSE:
            return t, DOWN
        window = min(up, down)
        if window == inf:
            if never(value, rate, push, wave, low, high, forms, who, start, stop, t, now):
                return inf, NOTHING
            window = wide
        window = min(window, horizon - t)
        while True:
            least, most = bounds_within(push, wave, forms, who, start, stop, now, window)
            step = min(reach(value, high, 1.0, rate, most), reach(value, low, -1.0, rate, least))
            if step >= 0.125 * window:
                break
            if window < LEAST:
                step = window
                break
            window *= 0.25
        wide = 2.0 * window
        t += min(step, window)
        if t >= horizon:
            return inf, NOTHING
    return t, NOTHING
