"""Tests of the current source run with both of its brains."""

import pytest

from .source_bench import BRAINS


@pytest.fixture(params=BRAINS)
def brain(request: pytest.FixtureRequest) -> str:
    """The model of the protocol page, and the real program: who asks for it is run with each."""
    return request.param
