/* A segment of a program, section 6: 4 bytes, as they are sent. */
#ifndef SEGMENT_H
#define SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "inline.h"

enum kind { HOLD, RAMP, END, LOOP, FROM, MARK, NO_KIND };

INLINE uint8_t segment_kind(const uint8_t *segment)
{
    uint8_t top = segment[3] >> 4;
    if (top & 8)
        return top & 4 ? NO_KIND : RAMP;
    return top & 4 ? HOLD : END + top;
}

INLINE bool segment_is_hold(const uint8_t *segment)
{
    return (segment[3] & 0xC0) == 0x40;
}

INLINE int16_t segment_code(const uint8_t *segment)
{
    uint8_t high = segment[1] & 0x1F;
    if (high & 0x10)
        high |= 0xE0;
    return (int16_t)((uint16_t)high << 8 | segment[0]);
}

/* Ticks of a HOLD, count of a RAMP. */
INLINE __uint24 segment_count(const uint8_t *segment)
{
    /* bits 29-13, byte by byte: the compiler's shifts of 24 bits are loops */
    union {
        uint8_t bytes[3];
        __uint24 number;
    } less_one;
    less_one.bytes[0] = (uint8_t)(segment[2] << 3) | segment[1] >> 5;
    less_one.bytes[1] = (uint8_t)(segment[3] << 3) | segment[2] >> 5;
    less_one.bytes[2] = segment[3] >> 5 & 1;
    return less_one.number + 1;
}

/* Of a FROM. */
INLINE uint16_t segment_step(const uint8_t *segment)
{
    uint8_t low = (uint8_t)(segment[2] << 3) | segment[1] >> 5;
    uint8_t high = (uint8_t)(segment[3] << 3 & 0x7F) | segment[2] >> 5;
    return ((uint16_t)high << 8 | low) + 1;
}

/* Of a LOOP. */
INLINE uint16_t segment_times(const uint8_t *segment)
{
    return (uint16_t)segment[1] << 8 | segment[0];
}

/* The same as calls, where time does not matter. */
uint8_t kind_of(const uint8_t *segment);
int16_t code_of(const uint8_t *segment);
__uint24 count_of(const uint8_t *segment);

#endif
