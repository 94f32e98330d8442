/* The host watchdog, section 10: while an output is on, a valid line must come in time. */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <stdint.h>

#include "flags.h"
#include "inline.h"

extern uint16_t watchdog_ms;
extern uint8_t watchdog_seen; /* SLOTS at the last look */

/* A valid line has come. */
void watchdog_feed(void);

/* To be called at least every 0.5 ms (30 ms, or time is lost), but not from interrupts: trips when it is time. */
void watchdog_check(void);

/* The same where it comes often. */
INLINE void watchdog_glance(void)
{
    if (SLOTS != watchdog_seen)
        watchdog_check();
}

/* So many slots after it interrupts must leave the processor to the main loop. */
#define WATCHDOG_UNSEEN 10

#endif
