"""Factory scripts of the simulated Keithley 2600B, in Lua as on the instrument (2600BS-901-01 Rev. C, 5-21, 7-169 to 7-171).

Those that prepare pulse trains for later (ConfigPulse..., InitiatePulseTest) are not there, nor prompts on the front panel
for parameters that are left out. That the output is switched off at the end is assumed.
"""

FACTORY = """
local function prepare(smu, func, name, level)
    smu.nvbuffer1.clear()
    smu.nvbuffer1.appendmode, smu.nvbuffer1.collectsourcevalues, smu.nvbuffer1.collecttimestamps = 1, 1, 1
    smu.source.func = func
    smu.source[name] = level
    smu.source.output = smu.OUTPUT_ON
end

local function pulses(smu, func, name, measure, bias, level, ton, toff, points)
    prepare(smu, func, name, bias)
    delay(toff)
    for _ = 1, points do
        smu.source[name] = level
        delay(ton)
        measure(smu.nvbuffer1)
        smu.source[name] = bias
        delay(toff)
    end
    smu.source.output = smu.OUTPUT_OFF
end

local function sweep(smu, func, name, measure, first, last, settle, points)
    prepare(smu, func, name, first)
    for k = 1, points do
        smu.source[name] = first + (last - first) * (k - 1) / math.max(points - 1, 1)
        delay(settle)
        measure(smu.nvbuffer1)
    end
    smu.source.output = smu.OUTPUT_OFF
end

function PulseIMeasureV(smu, ...) pulses(smu, smu.OUTPUT_DCAMPS, "leveli", smu.measure.v, ...) end
function PulseVMeasureI(smu, ...) pulses(smu, smu.OUTPUT_DCVOLTS, "levelv", smu.measure.i, ...) end
function SweepILinMeasureV(smu, ...) sweep(smu, smu.OUTPUT_DCAMPS, "leveli", smu.measure.v, ...) end
function SweepVLinMeasureI(smu, ...) sweep(smu, smu.OUTPUT_DCVOLTS, "levelv", smu.measure.i, ...) end
"""
