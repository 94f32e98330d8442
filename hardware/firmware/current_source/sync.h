/* SYNC OUT, section 7: timer 2 counts in step with timer 1 and switches the pin at the very count of a latch. */
#ifndef SYNC_H
#define SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "inline.h"

enum sync_mode { SYNC_START, SYNC_EPOCH, SYNC_TICK, SYNC_OFF };

extern uint8_t sync_mode;
extern uint16_t sync_every; /* n of TICK,n */

void sync_start(void);

/* Low at once, and nothing planned. Interrupts off. */
void sync_low(void);

/* What SYNC is in the ticks from tick 0 on, one by one. */
void sync_begin(void);
bool sync_next(uint8_t mark);

extern uint8_t sync_high; /* bit 7: what the pin is, or is planned to be */

/* Changes the level at count `at` of timer 1, which lies ahead by at least 1.5 us and less than 32 ms. Interrupts off. */
void sync_change(uint16_t at);

INLINE void sync_plan(uint8_t level, uint16_t at)
{
    if ((level ^ sync_high) & 0x80)
        sync_change(at);
}

#endif
