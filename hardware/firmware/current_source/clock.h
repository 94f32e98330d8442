/* One clock: timer 1 counts 0.5 us from start to end, and is never stopped or written. All times are in its halves. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

#define HALVES_PER_US 2U
#define HALVES_PER_MS 2000UL

void clock_start(void);

/* 0.5 us since the start, wrapping after 2147 s. */
uint32_t clock_now(void);

/* The same for a count of timer 1 at most 32 ms ago; with interrupts off. */
uint32_t clock_of_count(uint16_t count);

#endif
