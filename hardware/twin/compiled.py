"""How the twin's functions are compiled: helpers into their callers, kernels once, kept on disk."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import CellType, FunctionType
from typing import Any, TypeVar

import numba

_njit: Any = numba.njit  # its own types know neither these options nor that a function stays what it was
Function = TypeVar("Function", bound=Callable[..., object])


def helper(function: Function) -> Function:
    """Compile for use inside kernels only."""
    return _for_kernels(function)


def lean_helper(function: Function) -> Function:
    """Compile for use inside lean kernels only."""
    return _for_kernels(function, _nrt=False)


def inlined(function: Function) -> Function:
    """Compile into every lean kernel and helper that calls it: for what is small and runs very often."""
    return _for_kernels(function, _nrt=False, forceinline=True)


def kernel(function: Function) -> Function:
    """Compile for use from Python and keep the result on disk."""
    return _kept(function)


def lean_kernel(function: Function) -> Function:
    """Compile like `kernel` what makes no arrays: references to them need no counting, which would take half the time."""
    return _kept(function, _nrt=False)


def _for_kernels(function: Function, **options: bool) -> Function:
    compiled: Function = _njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)(function)
    return compiled


def _kept(function: Function, **options: bool) -> Function:
    """A compiled function on disk.

    numba's cache watches only the file of the kernel itself, but its key includes what the function closes over:
    closing over the sources of this folder and of the kernel's own makes a change in any helper a new key.
    """
    assert isinstance(function, FunctionType)
    code = function.__code__.replace(co_freevars=("sources",))
    sources = CellType(_sources(Path(code.co_filename).parent))
    tied = FunctionType(code, function.__globals__, function.__name__, None, (sources,))
    tied.__module__, tied.__qualname__, tied.__doc__ = function.__module__, function.__qualname__, function.__doc__
    compiled: Function = _njit(cache=True, error_model="numpy", nogil=True, **options)(tied)
    return compiled


def _sources(own: Path) -> str:
    files = sorted({*Path(__file__).parent.glob("*.py"), *own.glob("*.py")})
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
