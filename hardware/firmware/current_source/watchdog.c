#include "watchdog.h"

#include <avr/interrupt.h>

#include "errors.h"
#include "flags.h"
#include "output.h"
#include "status.h"

#define SLOTS_PER_MS 8

uint16_t watchdog_ms;

static __uint24 silent; /* slots since the last valid line */
static uint8_t seen;    /* of SLOTS */

/* Each slot; its flag, which this clears, is also what triggers the converter of the stream. */
ISR(TIMER0_COMPA_vect)
{
    SLOTS++;
}

void watchdog_feed(void)
{
    seen = SLOTS;
    silent = 0;
}

void watchdog_check(void)
{
    uint8_t passed = SLOTS - seen;
    if (passed == 0)
        return;
    seen += passed;
    if (!output_on(0) && !output_on(1))
        return;
    silent += passed;
    if (silent <= (__uint24)watchdog_ms * SLOTS_PER_MS)
        return;
    output_safe();
    status_latch(TRIPPED);
    errors_push(WATCHDOG_TRIPPED);
}
