"""Texts on boards drawn at random: each is free of pads, parts and other texts, or the one without room is named."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurorig.hardware.kicad.tools.boxes import grown, inside, overlaps, stack, turned
from neurorig.hardware.kicad.tools.layout import Layout
from neurorig.hardware.kicad.tools.silkscreen import Part, Printer
from neurorig.signals import ConfigError

SIZE = (60.0, 40.0)


class Letters(dict):
    """Boxes of texts whose letters are all 0.95 mm wide."""

    def __missing__(self, text):
        return (0.0, -0.85, 0.95 * len(text), 0.85)


def part(x, y, width, height, back):
    pads = (("1", (x, y, x + 1.5, y + 1.5)), ("2", (x + width - 1.5, y + height - 1.5, x + width, y + height)))
    body = (x, y, x + width, y + height)
    return Part(body, pads, {"F": () if back else (body,), "B": (body,) if back else ()}, back, "100k")


parts = st.lists(
    st.builds(part, st.floats(1, 45), st.floats(3, 30), st.floats(3, 12), st.floats(2, 8), st.booleans()),
    min_size=1,
    max_size=9,
)


@settings(deadline=None, max_examples=40)
@given(parts)
def test_nothing_is_printed_over_anything(drawn):
    named = {f"R_{i}": p for i, p in enumerate(drawn) if not any(_meet(p.body, o.body) for o in drawn[:i])}
    layout = Layout(SIZE, {}, notes={"R_0": "n1.v_m"})
    printer = Printer("random", layout, named, Letters())
    try:
        done = printer.print_all("Board")
    except ConfigError as reason:
        assert any(f" of {ref} at" in str(reason) for ref in named) or "title" in str(reason)
        return
    assert set(done.references) == set(named)
    assert {text.text for text in done.texts} == {"n1.v_m", "Board"}
    assert set(done.values) | set(done.hidden) == set(named) - {"R_0"}
    texts = [*done.references.values(), *done.values.values(), *done.texts]
    for one, other in combinations(texts, 2):
        assert one.back != other.back or not _meet(printer.box(one), printer.box(other)), (one, other)
    for text in texts:
        box = printer.box(text)
        assert text.size >= 0.8
        assert inside(stack([box]), layout.corners)[0]
        assert not any(_meet(box, pad) for p in named.values() for _, pad in p.pads), text
    for ref, text in done.references.items():
        assert text.back == named[ref].back
        assert not any(p.back == text.back and _meet(printer.box(text), p.body) for p in named.values()), text


def _meet(one, other):
    return bool(overlaps(stack([one]), stack([other]))[0, 0])


def test_a_designator_lies_nearer_to_its_own_part():
    rows = {f"R_{i}": part(5.0, 5.0 + 4.5 * i, 12.0, 2.5, False) for i in range(6)}
    done = Printer("rows", Layout(SIZE, {}), rows, Letters()).print_all("Board")
    for ref, text in done.references.items():
        centre = (text.x + 1.4, text.y)
        away = {name: np.hypot(*(np.array(centre) - _nearest(p.body, centre))) for name, p in rows.items()}
        assert min(away, key=away.get) == ref


def _nearest(box, at):
    return np.clip(at[0], box[0], box[2]), np.clip(at[1], box[1], box[3])


def test_inside_an_outline_that_is_not_a_rectangle():
    notched = [(0, 0), (10, 0), (10, 10), (6, 10), (6, 5), (4, 5), (4, 10), (0, 10)]
    boxes = stack([(1, 1, 9, 4), (1, 1, 3, 9), (1, 6, 9, 9), (4.5, 6, 5.5, 9), (-1, 1, 2, 2), (11, 1, 12, 2)])
    assert inside(boxes, notched).tolist() == [True, True, False, False, False, False]


@pytest.mark.parametrize(
    ("turn", "back", "expected"),
    [(0, False, (0, -1, 4, 1)), (0, True, (-4, -1, 0, 1)), (90, False, (-1, -4, 1, 0)), (90, True, (-1, 0, 1, 4))],
)
def test_turned_counter_clockwise_and_mirrored(turn, back, expected):
    assert turned((0, -1, 4, 1), turn, back) == pytest.approx(expected)


def test_grown_on_every_side():
    assert grown((1, 2, 3, 4), 0.5) == (0.5, 1.5, 3.5, 4.5)
