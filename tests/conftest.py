"""Property tests draw the same examples every time (HYPOTHESIS_PROFILE=explore draws new ones); outside programs."""

import os

from hypothesis import settings

from .outside_programs import pytest_configure, pytest_runtest_setup, pytest_terminal_summary

__all__ = ["pytest_configure", "pytest_runtest_setup", "pytest_terminal_summary"]

settings.register_profile("same", derandomize=True)
settings.register_profile("explore", derandomize=False, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
