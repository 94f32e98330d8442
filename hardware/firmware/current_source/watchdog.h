/* The host watchdog, section 10: while an output is on, a valid line must come in time. */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <stdint.h>

extern uint16_t watchdog_ms;

/* A valid line has come. */
void watchdog_feed(void);

/* To be called at least every 0.5 ms (30 ms, or time is lost), but not from interrupts: trips when it is time. */
void watchdog_check(void);

#endif
