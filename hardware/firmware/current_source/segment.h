/* A segment of a program, section 6, its bits in an order that ticks of 50 us have the time to read: the number (bits 29-13 of
   the word that was sent) in bytes 0, 1 and bit 5 of byte 3, the code (bits 12-0) in byte 2 and the lower 5 bits of byte 3, and
   in its upper 2 bits what they are in the word. */
#ifndef SEGMENT_H
#define SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "inline.h"

#define SEGMENT_BYTES 4

/* Of segments that play nothing the upper two bits of the number tell what they are. */
enum kind { END, LOOP, FROM, MARK, HOLD = 0x40, RAMP = 0x80, NO_KIND = 0xC0 };

/* From the order of the word to this one. */
void segment_order(uint8_t *segment);

INLINE uint8_t segment_kind(const uint8_t *segment)
{
    uint8_t top = segment[3] & 0xC0;
    if (top)
        return top;
    uint8_t kind = segment[1] & 0x80 ? LOOP : END;
    return segment[3] & 0x20 ? kind + FROM : kind;
}

INLINE bool segment_is_hold(const uint8_t *segment)
{
    return (segment[3] & 0xC0) == HOLD;
}

INLINE int16_t segment_code(const uint8_t *segment)
{
    union {
        uint8_t bytes[2];
        int16_t code;
    } both;
    both.bytes[0] = segment[2];
    both.bytes[1] = segment[3] & 0x1F;
    if (segment[3] & 0x10)
        both.bytes[1] |= 0xE0;
    return both.code;
}

/* Ticks of a HOLD, count of a RAMP: less one. */
INLINE __uint24 segment_number(const uint8_t *segment)
{
    union {
        uint8_t bytes[3];
        __uint24 number;
    } all;
    all.bytes[0] = segment[0];
    all.bytes[1] = segment[1];
    all.bytes[2] = segment[3] >> 5 & 1;
    return all.number;
}

/* Of a FROM, less one. */
INLINE uint16_t segment_step(const uint8_t *segment)
{
    return (uint16_t)(segment[1] & 0x7F) << 8 | segment[0];
}

/* Of a LOOP: bits 15-0 of the word. */
INLINE uint16_t segment_times(const uint8_t *segment)
{
    return (uint16_t)((uint8_t)(segment[0] << 5) | (segment[3] & 0x1F)) << 8 | segment[2];
}

/* What the table of section 6 gives as 0 is not. */
bool segment_has_more(const uint8_t *segment);

/* The same as calls, where time does not matter. */
uint8_t kind_of(const uint8_t *segment);
int16_t code_of(const uint8_t *segment);
__uint24 number_of(const uint8_t *segment);

#endif
