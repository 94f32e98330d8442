"""The Lua in which the simulated Keithley 2600B runs its scripts, in a sandbox.

Scripts are coroutines. Whatever they ask of the instrument is yielded as a request and answered on resumption, so that a
script can wait for the world's time while others are served. There is no io, os, debug or package, nothing can be loaded from a
file, memory is bounded, and a script that counts through `BUDGET` instructions without asking for anything is ended.

The instrument has Lua 5.0.2 (2600BS-901-01 Rev. C, 6-1); here it is 5.2, the oldest that can yield inside of
metamethods and `pcall`, with the functions of 5.0 that 5.2 has lost. Differences that remain: ``for k, v in t do``
without `pairs`, and `arg` in functions with ``...``, are not known; an instrument's function cannot be called from
a comparison in `table.sort` or a replacement in `string.gsub`.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from .keithley_2600b_tree import Table, TspError

MEMORY = 64_000_000
"""Bytes that all scripts and their data may take. The instrument has 16 Mbyte for them; a table here takes more."""
BUDGET = 10_000_000
"""Instructions that a script may run without a request: some tenths of a second of this computer."""
STEP = 100_000

BOOTSTRAP = """
local seed, budget, step, release = ...
local yield, resume, create, status = coroutine.yield, coroutine.resume, coroutine.create, coroutine.status
local error, load, pcall, xpcall, rawget, rawlen, rawset, select, type, unpack =
    error, load, pcall, xpcall, rawget, rawlen, rawset, select, type, table.unpack
local setmetatable, sethook, tostring, next = setmetatable, debug.sethook, tostring, next

local spent, last = 0, 0
local function watch()
    spent = spent + step
    if spent > budget then error("aborted", 2) end
end
local function caught(...)  -- a script that is ended cannot catch that
    if spent > budget then error("aborted", 0) end
    return ...
end

local handles = setmetatable({}, {__mode = "k"})
local function expose(handle, fixed, owned)
    local proxy = {}
    handles[proxy] = handle
    return setmetatable(proxy, {
        __index = function(_, key)
            local value = fixed[key]
            if value ~= nil then return value end
            return yield("get", handle, key)
        end,
        __newindex = function(_, key, value) yield("set", handle, key, value) end,
        __gc = owned and function() release(handle) end or nil,
        __metatable = false,
    })
end
local function method(handle, name)
    return function(...) return yield("call", handle, name, ...) end
end

-- What is shown on the front panel, or otherwise concerns nobody here: everything is there, may be set and called.
local function blank(fields)
    return setmetatable(fields or {}, {
        __index = function(self, key) local field = blank() rawset(self, key, field) return field end,
        __call = function() end,
        __metatable = false,
    })
end

string.dump = nil
getmetatable("").__metatable = false
math.randomseed(seed)

local env = {
    _VERSION = "Lua 5.0.2", assert = assert, error = error, getmetatable = getmetatable, ipairs = ipairs, next = next,
    pairs = pairs, rawequal = rawequal, rawget = rawget, rawset = rawset, select = select, tonumber = tonumber,
    tostring = tostring, type = type, unpack = unpack, string = string, table = table, math = math,
    display = blank({
        SMUA = 0, SMUB = 1, SMUA_SMUB = 2, USER = 3, MEASURE_DCAMPS = 0, MEASURE_DCVOLTS = 1, MEASURE_OHMS = 2,
        MEASURE_WATTS = 3, DIGITS_4_5 = 4, DIGITS_5_5 = 5, DIGITS_6_5 = 6,
    }),
    beeper = blank({OFF = 0, ON = 1, enable = 1}),
}
env._G = env
function env.pcall(...) return caught(pcall(...)) end
function env.xpcall(...) return caught(xpcall(...)) end
function env.setmetatable(t, meta)
    if type(meta) == "table" and rawget(meta, "__gc") ~= nil then error("__gc is not known", 2) end
    return setmetatable(t, meta)
end
function env.loadstring(text, name) return load(text, name or "=tsp", "t", env) end
function env.print(...)
    local n, shown = select("#", ...), {...}
    for i = 1, n do
        if type(shown[i]) ~= "number" then shown[i] = tostring(shown[i]) end
    end
    return yield("print", unpack(shown, 1, n))
end
function env.collectgarbage() end
function env.gcinfo() return collectgarbage("count") end
function table.getn(t) return t.n or #t end
function table.setn(t, n) t.n = n end
function table.foreach(t, f) for k, v in next, t do local r = f(k, v) if r ~= nil then return r end end end
function table.foreachi(t, f) for i = 1, #t do local r = f(i, t[i]) if r ~= nil then return r end end end
math.mod, math.pow, string.gfind = math.fmod, math.pow, string.gmatch
env.bit = {
    bitand = bit32.band, bitor = bit32.bor, bitxor = bit32.bxor,
    test = function(value, n) return bit32.extract(value, n - 1) == 1 end,
    get = function(value, n) return bit32.band(value, bit32.lshift(1, n - 1)) end,
    set = function(value, n) return bit32.bor(value, bit32.lshift(1, n - 1)) end,
    clear = function(value, n) return bit32.band(value, bit32.bnot(bit32.lshift(1, n - 1))) end,
    toggle = function(value, n) return bit32.bxor(value, bit32.lshift(1, n - 1)) end,
}

-- Scripts that were loaded (manual, section 6): an object that can be run, listed and renamed.
local scripts = {}
env.script = {user = {scripts = scripts}}
local function make_script(name, source, chunk)
    local object = {name = name, source = source, run = chunk, save = function() end, autorun = "no"}
    function object.list() return yield("list", object.name, object.source) end
    setmetatable(object, {__call = function(_, ...) return chunk(...) end})
    if name == nil then
        object.name = ""
    elseif name == "" then
        env.script.anonymous, env.script.run, env.run = object, chunk, chunk
    else
        env[name], scripts[name] = object, object
    end
    return object
end
env.script["new"] = function(source, name)
    local chunk, problem = load(source, "=tsp", "t", env)
    if not chunk then return yield("problem", problem) end
    return make_script(name, source, chunk)
end
env.script["delete"] = function(name) env[name], scripts[name] = nil, nil end

local threads = {}
local function report(id, ok, ...)
    if not ok then threads[id] = nil return "failed", tostring((...)) end
    if status(threads[id]) == "dead" then threads[id] = nil return "done" end
    return "request", ...
end

return {
    env = env, expose = expose, method = method,
    compile = function(source) return load(source, "=tsp", "t", env) end,
    script = function(name, source) return make_script(name, source, load(source, "=tsp", "t", env)) end,
    start = function(chunk)
        last = last + 1
        threads[last] = create(chunk)
        sethook(threads[last], watch, "", step)
        return last
    end,
    step = function(id, ...)
        spent = 0
        return report(id, resume(threads[id], ...))
    end,
    drop = function(id) threads[id] = nil end,
    handle_of = function(value) return handles[value] end,
    is_table = function(value) return type(value) == "table" end,
    array = function(t)
        local copy = {}
        for i = 1, rawlen(t) do copy[i] = rawget(t, i) end
        return copy
    end,
}
"""


class Outcome(NamedTuple):
    """What a script has come to: ``request`` with its values, ``done``, or ``failed`` with a message."""

    kind: str
    values: tuple[Any, ...] = ()


def told(message: str, kind: str) -> str:
    """A Lua message in the instrument's words: ``TSP Runtime error at line 1: attempt to index field `a' (a nil value)``."""
    match = re.match(r"tsp:(\d+): (.*)", message, re.DOTALL)
    line, what = match.groups() if match else ("1", message)
    quoted = re.sub(r"'([^']*)'", r"`\1'", what)
    return f"TSP {kind} error at line {line}: {quoted}"


class Sandbox:
    """One Lua for all scripts of one instrument."""

    def __init__(self, seed: int) -> None:
        # Here, because only who simulates this instrument needs it.
        from lupa.lua52 import LuaRuntime

        self._lua = LuaRuntime(
            encoding="latin-1",
            max_memory=MEMORY,
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=True,
        )
        self._tables: dict[int, Table] = {}
        self._handles = 0
        self._last: dict[int, int] = {}
        """The last handle below an owned table."""
        self._parts = self._lua.execute(BOOTSTRAP, seed % 2**31, BUDGET, STEP, self._release)

    def tell(self, name: str, value: Any) -> None:
        """Give scripts a global variable: a `Table`, or a function of the instrument as (table, name)."""
        self._parts.env[name] = self.show(value) if isinstance(value, Table) else self._method(*value)

    def show(self, table: Table, owned: bool = False) -> Any:
        """The Lua side of a table. An `owned` one is forgotten when no script knows it any more."""
        handle = self._handle(table)
        methods = {name: self._parts.method(handle, name) for name in table.functions}
        below = {name: self.show(child) for name, child in table.children().items()}
        everything: dict[Any, Any] = {**methods, **below}
        everything.update(table.fixed())
        fixed = self._lua.table_from(everything)
        if owned:
            self._last[handle] = self._handles
        return self._parts.expose(handle, fixed, owned)

    def define(self, source: str) -> None:
        """Run a text that asks for nothing but makes functions."""
        chunk, problem = self.compile(source)
        assert chunk is not None, problem
        chunk()

    def table(self, handle: int) -> Table:
        """The table behind a handle that a request names. Raises TspError for what is left of a forgotten buffer."""
        if handle not in self._tables:
            raise TspError(4903)
        return self._tables[handle]

    def compile(self, source: str) -> tuple[Callable[..., Any] | None, str]:
        """The function that a text is, or None and what is wrong with it."""
        made = self._parts.compile(source)
        return (None, self.syntax(made[1])) if isinstance(made, tuple) else (made, "")

    def syntax(self, problem: str) -> str:
        """What is wrong with a text, in the instrument's words."""
        return told(problem, "Syntax")

    def keep(self, name: str, source: str) -> Any:
        """Make a script of a text that compiles; "" is the anonymous one."""
        return self._parts.script(name, source)

    def start(self, chunk: Callable[..., Any]) -> int:
        """A coroutine of a function; its number."""
        return int(self._parts.start(chunk))

    def step(self, thread: int, *reply: Any) -> Outcome:
        """Let a coroutine go on until it asks for something, ends or fails."""
        made = self._parts.step(thread, *reply)
        kind, *values = made if isinstance(made, tuple) else (made,)
        return Outcome(kind, (told(values[0], "Runtime"),) if kind == "failed" else tuple(values))

    def drop(self, thread: int) -> None:
        """Forget a coroutine where it stands."""
        self._parts.drop(thread)

    def taken(self, value: Any) -> Any:
        """A value that Lua gave: one of our tables, the elements of a table of the script's as a list, or as it is."""
        if not self._parts.is_table(value):
            return value
        handle = self._parts.handle_of(value)
        if handle is not None:
            return self.table(int(handle))
        copy = self._parts.array(value)
        return [copy[k] for k in range(1, len(copy) + 1)]

    def given(self, value: Any) -> Any:
        """A value for Lua: lists become tables, our tables what scripts see of them."""
        if isinstance(value, Table):
            return self.show(value, owned=True)
        if isinstance(value, dict):
            return self._lua.table_from({key: self.given(item) for key, item in value.items()})
        return self._lua.table_from([self.given(item) for item in value]) if isinstance(value, list) else value

    def _method(self, table: Table, name: str) -> Any:
        return self._parts.method(self._handle(table), name)

    def _handle(self, table: Table) -> int:
        self._handles += 1
        self._tables[self._handles] = table
        return self._handles

    def _release(self, handle: float) -> None:
        for below in range(int(handle), self._last.pop(int(handle)) + 1):
            del self._tables[below]
