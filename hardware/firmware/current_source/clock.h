/* One clock: timer 1 counts 0.5 us from start to end, and is never stopped or written. All times are in its halves. */
#ifndef CLOCK_H
#define CLOCK_H

#include <avr/io.h>
#include <stdint.h>

#include "inline.h"

#define HALVES_PER_US 2U
#define HALVES_PER_MS 2000UL

void clock_start(void);

/* 0.5 us since the start, wrapping after 2147 s. */
uint32_t clock_now(void);

extern volatile uint16_t clock_overflows;

/* The same for a count of timer 1 at most 32 ms ago; with interrupts off. */
INLINE uint32_t clock_of_count(uint16_t count)
{
    uint16_t high = clock_overflows;
    if ((TIFR1 & _BV(TOV1)) && !(count & 0x8000))
        high++;
    return ((uint32_t)high << 16) | count;
}

#endif
