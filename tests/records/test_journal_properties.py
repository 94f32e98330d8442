"""Whatever a protocol names or counts, the journal keeps it exactly or refuses it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from neurorig.records import Channel, Run, RunWriter, SweepRecord
from neurorig.signals import Steps, Trace

TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)  # lone surrogates and NUL included
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
PARAMS = st.dictionaries(TEXT, VALUES, max_size=4)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
SAMPLES = stn.arrays(
    st.sampled_from([np.dtype(k) for k in ("u1", "i1", "<u2", "<i2", ">i2", "<i4")]), st.integers(0, 300)
)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@contextmanager
def kept(record: SweepRecord, traces: dict[str, Trace], commanded: dict[str, Steps]) -> Iterator[Run]:
    """A finished run with this sweep, and another one after it."""
    with tempfile.TemporaryDirectory() as folder:
        with RunWriter.create(Path(folder), {}) as writer:
            writer.open_journal([Channel(n, t.unit, t.samples.dtype) for n, t in traces.items()], list(commanded))
            writer.add_sweep(record, traces, commanded)
            writer.add_sweep(SweepRecord(1, "after", record.started), traces, commanded)
        yield Run.open(writer.path)


@QUICK
@given(label=st.one_of(TEXT, TEXT.map(lambda t: t * 500)), params=PARAMS, state=PARAMS, acquired=PARAMS)
def test_labels_and_parameters_are_kept_exactly(label, params, state, acquired):
    with kept(SweepRecord(0, label, "2026-11-20T06:45:12Z", state, params, acquired), {}, {}) as run:
        sweep = run.sweeps[0]
        assert (sweep.label, sweep.state, sweep.params, sweep.acquired) == (label, state, params, acquired)
        assert run.problems(deep=True) == []


@QUICK
@given(
    trace=st.builds(
        Trace, st.just("n1.v_m"), SAMPLES, NUMBER, NUMBER, st.just("V"), NUMBER, NUMBER, NUMBER, st.integers(0, 2**40)
    )
)
def test_traces_are_kept_bit_for_bit(trace):
    with kept(SweepRecord(0, "x", "2026-11-20T06:45:12Z"), {"n1.v_m": trace}, {}) as run:
        for sweep in run.sweeps:
            back = sweep.traces["n1.v_m"]
            assert back.samples.dtype == trace.samples.dtype and back.samples.tobytes() == trace.samples.tobytes()
            fields = ("name", "scale", "offset", "unit", "t0", "dt", "error", "clipped")
            assert [getattr(back, f) for f in fields] == [getattr(trace, f) for f in fields]


@QUICK
@given(lengths=st.lists(st.integers(1, 10**15), min_size=1, max_size=50), data=st.data())
def test_commands_are_kept_exactly(lengths, data):
    levels = data.draw(st.lists(NUMBER, min_size=len(lengths), max_size=len(lengths)))
    steps = Steps(np.concatenate([[0], np.cumsum(lengths)]), np.array(levels), "A")
    with kept(SweepRecord(0, "x", "2026-11-20T06:45:12Z"), {}, {"n1.i0": steps}) as run:
        assert [s.commanded["n1.i0"] for s in run.sweeps] == [steps, steps]
