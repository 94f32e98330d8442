#include "program.h"

#include <string.h>

#include "calibration.h"
#include "errors.h"
#include "watchdog.h"

union shared shared;
struct program programs[CHANNELS];

/* What a walk through the segments has found. */
struct walk {
    uint32_t ticks;
    bool too_long;
    uint8_t depth;
    uint8_t silent; /* bit d: the loop of depth d has played no tick yet */
    uint8_t loops[LOOPS];
    uint16_t step; /* of the FROM just before, 0: none */
};

static uint32_t times(struct walk *walk, uint32_t ticks, uint16_t factor)
{
    uint32_t low = (uint32_t)(uint16_t)ticks * factor;
    uint32_t high = (uint32_t)(uint16_t)(ticks >> 16) * factor + (low >> 16);
    if (high >> 16)
        walk->too_long = true;
    return high << 16 | (uint16_t)low;
}

/* Adds ticks, repeated by all loops around; notes when 32 bits do not hold it. */
static void add_ticks(struct walk *walk, const uint8_t *segments, uint32_t ticks)
{
    for (uint8_t i = 0; i < walk->depth; i++)
        ticks = times(walk, ticks, segment_times(segments + SEGMENT_BYTES * walk->loops[i]));
    if (walk->ticks + ticks < ticks)
        walk->too_long = true;
    walk->ticks += ticks;
    walk->silent = 0;
}

/* One segment; false if it may not stand there (-161). */
static bool walk_over(struct walk *walk, const uint8_t *segments, uint8_t i)
{
    const uint8_t *segment = segments + SEGMENT_BYTES * i;
    uint8_t kind = kind_of(segment);
    if (walk->step && kind != RAMP)
        return false;
    if ((kind == HOLD || kind == RAMP || kind == FROM) && code_of(segment) == -FULL_CODE - 1)
        return false;
    if (segment_has_more(segment))
        return false;
    switch (kind) {
    case HOLD:
        add_ticks(walk, segments, number_of(segment) + 1);
        return true;
    case RAMP:
        add_ticks(walk, segments, times(walk, number_of(segment) + 1, walk->step ? walk->step : 1));
        walk->step = 0;
        return true;
    case FROM:
        walk->step = segment_step(segment) + 1;
        return true;
    case LOOP:
        if (segment_times(segment) == 0 || walk->depth == LOOPS)
            return false;
        walk->silent |= (uint8_t)(1 << walk->depth);
        walk->loops[walk->depth++] = i;
        return true;
    case END:
        if (walk->depth == 0)
            return false;
        return !(walk->silent & (1 << --walk->depth));
    case MARK:
        return true;
    default:
        return false;
    }
}

/* True if the calibration moves a code of the segments beyond the converter (section 12). */
static bool beyond(uint8_t channel, uint8_t count)
{
    for (uint8_t i = 0; i < count; i++) {
        const uint8_t *segment = shared.block + SEGMENT_BYTES * i;
        uint8_t kind = kind_of(segment);
        if (kind != HOLD && kind != RAMP && kind != FROM)
            continue;
        if (calibration_corrected(code_of(segment), corrections[channel]) > FULL_CODE)
            return true;
    }
    return false;
}

static void end_behind(uint8_t channel, uint8_t count)
{
    struct program *program = &programs[channel];
    program->count = count;
    program->segments[SEGMENT_BYTES * count + SEGMENT_BYTES - 1] = NO_KIND;
}

NOT_INLINE uint8_t program_load(uint8_t channel, uint16_t bytes, uint16_t crc)
{
    if (bytes > SEGMENTS * SEGMENT_BYTES)
        return TOO_MUCH_DATA;
    if (bytes % SEGMENT_BYTES)
        return INVALID_BLOCK_DATA;
    uint8_t count = (uint8_t)(bytes / SEGMENT_BYTES);
    struct walk walk = {0};
    for (uint8_t i = 0; i < count; i++)
        segment_order(shared.block + SEGMENT_BYTES * i);
    for (uint8_t i = 0; i < count; i++) {
        watchdog_glance();
        if (!walk_over(&walk, shared.block, i))
            return INVALID_BLOCK_DATA;
    }
    if (walk.depth || walk.step || (count && !walk.ticks && !walk.too_long))
        return INVALID_BLOCK_DATA;
    if (walk.too_long)
        return TOO_MUCH_DATA;
    if (beyond(channel, count))
        return DATA_OUT_OF_RANGE;
    memcpy(programs[channel].segments, shared.block, bytes);
    end_behind(channel, count);
    programs[channel].ticks = walk.ticks;
    programs[channel].crc = crc;
    return NO_ERROR;
}

void program_drop(uint8_t channel)
{
    end_behind(channel, 0);
    programs[channel].ticks = 0;
    programs[channel].crc = 0xFFFF;
}
