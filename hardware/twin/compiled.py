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
    """Compile for use inside kernels only.

    A helper owns no memory (its arrays come from the caller) and becomes part of its caller: counting references and
    handing over a board's arrays would cost more than the physics.
    """
    options = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compiled: Function = _njit(**options, _nrt=False, forceinline=True)(function)
    return compiled


def routine(function: Function) -> Function:
    """Compile like a helper, but once, to be called: what is long, or used in many places."""
    options = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compiled: Function = _njit(**options, _nrt=False)(function)
    return compiled


def kernel(function: Function) -> Function:
    """Compile for use from Python and keep the result on disk.

    numba's cache watches only the file of the kernel itself, but its key includes what the function closes over:
    closing over the sources of this folder and of the kernel's own makes a change in any helper a new key.
    """
    assert isinstance(function, FunctionType)
    code = function.__code__.replace(co_freevars=("sources",))
    sources = CellType(_sources(Path(code.co_filename).parent))
    tied = FunctionType(code, function.__globals__, function.__name__, None, (sources,))
    tied.__module__, tied.__qualname__, tied.__doc__ = function.__module__, function.__qualname__, function.__doc__
    compiled: Function = _njit(cache=True, error_model="numpy", nogil=True)(tied)
    return compiled


def _sources(own: Path) -> str:
    files = sorted({*Path(__file__).parent.glob("*.py"), *own.glob("*.py")})
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
