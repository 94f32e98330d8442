"""What one writes for the benchmark's network when nothing else is wanted: a split propagator in plain numba.

All neurons take one exact linear step together, cut wherever one of them crosses a threshold or a current pulse ends. It
knows this one kind of board (alike neurons, one excitatory and one inhibitory synapse with two stages and constant
pulses, no disturbances), tests crossings at the ends of its steps only, and gives spikes only.
"""

# ruff: noqa: PLR0912, PLR0915, PLR0917  (compiled, called by position, and left in one piece on purpose)

import math
from itertools import pairwise

import numba
import numpy as np

from neurorig.hardware import Board

CLAMP = 1e-3
ON, HOLD, BELOW_ZERO = 0, 1, 2  # then: flat, first slope, second slope
DEAD, LINEAR, FULL = 0, 1, 2


def tabulated(board: Board):
    """The board's numbers as arrays."""
    neuron = next(iter(board.neurons.values()))
    d, farad, on = neuron.calibration, neuron.capacitance, neuron.on_resistance
    rate, push, low, high = (
        [1 / on / farad, 0.0],
        [d.V_F / on / farad, 0.0],
        [d.V_F + d.scale * d.I_H * on, -9.0],
        [99.0, 99.0],
    )
    corners = [(-9.0, -9.0 * CLAMP), (0.0, 0.0), *d.leak]
    for (v_0, i_0), (v_1, i_1) in pairwise(corners):
        g = (i_1 - i_0) / (v_1 - v_0)
        rate, push, low, high = [*rate, g / farad], [*push, (g * v_0 - i_0) / farad], [*low, v_0], [*high, v_1]
    names = list(board.neurons)
    kind = np.zeros(len(names), np.int64)
    numbers, start = np.zeros((2, 6)), np.zeros(2)
    into = [[] for _ in names]
    for key, s in board.synapses.items():
        q = int(s.kind == "inhibitory")
        kind[names.index(s.pre)] = q
        into[names.index(s.pre)].append((names.index(s.post), s.sign * s.calibration.m2 / farad))
        drive, fit = board.drive(key), s.calibration
        top = (board.supply - fit.headroom - fit.V_T) / s.resistance
        numbers[q] = 1 / s.tau, drive.current / s.tau, drive.width, top, fit.m1 / s.tau, 0.0
        start[q] = (s.at_rest.v_c1 - fit.V_T) / s.resistance
    first = np.cumsum([0, *(len(ends) for ends in into)])
    post = np.array([i for ends in into for i, _ in ends])
    weight = np.array([w for ends in into for _, w in ends])
    return (
        np.array([rate, push, low, high]).T.copy(), d.dead_time, farad,
        kind, numbers, start, first, post, weight,
    )  # fmt: skip


@numba.njit(cache=True)
def coefficients(h, rate, k):
    """V after h = L v + G push + X x + C c + D d for a pool x' = c + d exp(-k t) - k x."""
    fade, own = math.exp(-k * h), math.exp(-rate * h)
    gap = rate - k
    gain = (1 - own) / rate if rate > 0 else h
    x = (fade - own) / gap
    return own, gain, x, (gain - x) / k, (h * fade - x) / gap, fade


@numba.njit(fastmath=True, cache=True)
def step(h, pieces, k, v, phase, amperes, pool, out, new_pool, table):
    """All membranes and pools after h; how many membranes are out of their phase by then."""
    for q in range(len(pieces)):
        for kind in range(2):
            row = table[q, kind]
            row[0], row[1], row[2], row[3], row[4], row[5] = coefficients(h, pieces[q, 0], k[kind])
    hits = 0
    for i in range(len(v)):
        q = phase[i]
        row = table[q, 0]
        x = row[0] * v[i] + row[1] * (pieces[q, 1] + amperes[i])
        for kind in range(2):
            row, p = table[q, kind], pool[i, kind]
            x += row[2] * p[0] + row[3] * p[1] + row[4] * p[2]
            new_pool[i, kind, 0] = row[5] * p[0] + (1 - row[5]) / k[kind] * p[1] + h * row[5] * p[2]
            new_pool[i, kind, 1] = p[1]
            new_pool[i, kind, 2] = row[5] * p[2]
        out[i] = v[i] if q == HOLD else x
        hits += out[i] < pieces[q, 2] or out[i] > pieces[q, 3]
    return hits


@numba.njit(cache=True)
def crossing(h, piece, k, v, amperes, pool, level):
    """When one membrane reaches `level` within h."""
    low, high, t = 0.0, h, 0.5 * h
    side = 1.0 if level == piece[3] else -1.0
    for _ in range(60):
        value, drive = 0.0, 0.0
        for kind in range(2):
            own, gain, x, c, d, fade = coefficients(t, piece[0], k[kind])
            p = pool[kind]
            value += x * p[0] + c * p[1] + d * p[2]
            drive += fade * p[0] + (1 - fade) / k[kind] * p[1] + t * fade * p[2]
        value += own * v + gain * (piece[1] + amperes)
        if (value - level) * side < 0:
            low = t
        else:
            high = t
        better = t - (value - level) / (piece[1] + amperes + drive - piece[0] * value)
        if not low < better < high:
            better = 0.5 * (low + high)
        if abs(better - t) < 1e-14:
            return better
        t = better
    return t


@numba.njit(cache=True)
def lanes(h, kind, numbers, stage, pulse, regime, out):
    """Stages of all neurons after h; how many are out of their regime by then."""
    hits = 0
    for j in range(len(kind)):
        n = numbers[kind[j]]
        k, top = n[0], n[3]
        e = math.exp(-k * h)
        x, u = stage[j, 0], n[1] if pulse[j] < np.inf else 0.0
        given, fading = 0.0, 0.0
        if regime[j, 0] == LINEAR:
            out[j, 0] = x * e + u / k * (1 - e)
            given, fading = n[4] * u / k, n[4] * (x - u / k)
        elif regime[j, 0] == DEAD:
            out[j, 0] = x + u * h
        else:
            out[j, 0] = top
            given = n[4] * top
            hits += u < k * top
        x = stage[j, 1]
        if regime[j, 1] == LINEAR:
            out[j, 1] = x * e + given * (1 - e) / k + fading * h * e
        elif regime[j, 1] == DEAD:
            out[j, 1] = x + given * h + fading * (1 - e) / k
        else:
            out[j, 1] = top
            hits += given + fading < k * top
        for s in range(2):
            hits += (regime[j, s] == DEAD and out[j, s] > 0) or (regime[j, s] == LINEAR and out[j, s] > top)
    return hits


@numba.njit(cache=True)
def give(j, sign, kind, numbers, stage, pulse, regime, first, post, weight, constant, pool):
    """Add (1) or take away (-1) what neuron j gives to its targets."""
    n, q = numbers[kind[j]], kind[j]
    u = n[1] if pulse[j] < np.inf else 0.0
    c = d = 0.0
    if regime[j, 0] == LINEAR:
        c, d = n[4] * u / n[0], n[4] * (stage[j, 0] - u / n[0])
    elif regime[j, 0] == FULL:
        c = n[4] * n[3]
    for e in range(first[j], first[j + 1]):
        w, p = sign * weight[e], pool[post[e], q]
        if regime[j, 1] == LINEAR:
            p[0] += w * stage[j, 1]
            p[1] += w * c
            p[2] += w * d
        elif regime[j, 1] == FULL:
            constant[post[e]] += w * n[3]


@numba.njit(cache=True)
def switch_stages(h, j, numbers, kind, stage, regime, new):
    """Change the regimes that are left within a short h."""
    top = numbers[kind[j], 3]
    for s in range(2):
        if regime[j, s] == FULL:
            regime[j, s] = LINEAR
        elif regime[j, s] == DEAD and new[j, s] > 0:
            stage[j, s], regime[j, s] = 0.0, LINEAR
        elif regime[j, s] == LINEAR and new[j, s] > top:
            stage[j, s], regime[j, s] = top, FULL


@numba.njit(cache=True)
def simulate(amperes, until, dt, pieces, dead_time, farad, kind, numbers, start, first, post, weight):
    """Spike times and neurons of a network at rest that gets `amperes` (N,) from t = 0 on."""
    n = len(amperes)
    v, phase, wake = np.zeros(n), np.full(n, BELOW_ZERO + 1), np.full(n, np.inf)
    stage, regime, pulse = np.zeros((n, 2)), np.zeros((n, 2), np.int64), np.full(n, np.inf)
    for j in range(n):
        stage[j] = start[kind[j]]
    pool, new_pool, constant = np.zeros((n, 2, 3)), np.zeros((n, 2, 3)), np.zeros(n)
    new, new_stage, k = np.zeros(n), np.zeros((n, 2)), numbers[:, 0].copy()
    table, drive = np.zeros((len(pieces), 2, 6)), amperes / farad
    times, who = [0.0], [0]
    last = len(pieces) - 1
    for block in range(round(until / dt)):
        now, end = block * dt, (block + 1) * dt
        while True:
            h, what, j = max(0.0, end - now), 0, -1
            for i in range(n):
                if wake[i] - now < h:
                    h, what, j = wake[i] - now, 1, i
                if pulse[i] - now < h:
                    h, what, j = pulse[i] - now, 2, i
            if step(h, pieces, k, v, phase, drive + constant, pool, new, new_pool, table):
                whole = h
                for i in range(n):
                    piece = pieces[phase[i]]
                    if new[i] < piece[2] or new[i] > piece[3]:
                        level = piece[2] if new[i] < piece[2] else piece[3]
                        t = crossing(whole, piece, k, v[i], drive[i] + constant[i], pool[i], level)
                        if t < h:
                            h, what, j = t, 3, i
                step(h, pieces, k, v, phase, drive + constant, pool, new, new_pool, table)
            if lanes(h, kind, numbers, stage, pulse, regime, new_stage):
                short = 0.0  # bisect: this happens a few times in a run
                while h - short > 1e-13:
                    middle = 0.5 * (short + h)
                    if lanes(middle, kind, numbers, stage, pulse, regime, new_stage):
                        h = middle
                    else:
                        short = middle
                what = 4
                lanes(h, kind, numbers, stage, pulse, regime, new_stage)
                step(h, pieces, k, v, phase, drive + constant, pool, new, new_pool, table)
            v[:] = new
            pool[:] = new_pool
            if what == 4:
                for i in range(n):
                    stage[i] = new_stage[i]
                    give(i, -1.0, kind, numbers, stage, pulse, regime, first, post, weight, constant, pool)
                    switch_stages(h, i, numbers, kind, stage, regime, new_stage)
                    give(i, 1.0, kind, numbers, stage, pulse, regime, first, post, weight, constant, pool)
            else:
                stage[:] = new_stage
            now += h
            if what == 0:
                break
            if what == 1:
                wake[j], phase[j] = np.inf, BELOW_ZERO + 1 + (v[j] > pieces[BELOW_ZERO + 1, 3])
            elif what == 2:
                give(j, -1.0, kind, numbers, stage, pulse, regime, first, post, weight, constant, pool)
                pulse[j] = np.inf
                give(j, 1.0, kind, numbers, stage, pulse, regime, first, post, weight, constant, pool)
            elif what == 3 and phase[j] == ON:
                v[j], phase[j], wake[j] = pieces[ON, 2], HOLD, now + dead_time
            elif what == 3 and phase[j] == last and new[j] > 0.5 * (pieces[last, 2] + pieces[last, 3]):
                v[j], phase[j] = pieces[last, 3], ON
                times.append(now)
                who.append(j)
                give(j, -1.0, kind, numbers, stage, pulse, regime, first, post, weight, constant, pool)
                pulse[j] = now + numbers[kind[j], 2]
                give(j, 1.0, kind, numbers, stage, pulse, regime, first, post, weight, constant, pool)
            elif what == 3:
                up = new[j] > 0.5 * (pieces[phase[j], 2] + pieces[phase[j], 3])
                v[j] = pieces[phase[j], 3 if up else 2]
                phase[j] += 1 if up else -1
    return np.array(times[1:]), np.array(who[1:])
