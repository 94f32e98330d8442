#include "watchdog.h"

#include <avr/interrupt.h>

#include "clock.h"
#include "errors.h"
#include "flags.h"
#include "output.h"
#include "stamps.h"
#include "status.h"

#define LOOK_EVERY 250 /* halves */
#define SLOTS_PER_MS 8

uint16_t watchdog_ms;
uint8_t watchdog_seen;

/* In halves. Not counted by an interrupt: others could hold it up. */
static uint32_t silent; /* since the last valid line */
static uint16_t last_look;
static uint8_t slots_since; /* stamps_look() */

/* Each slot; its flag, which this clears, is also what triggers the converter of the stream. */
ISR(TIMER0_COMPA_vect)
{
    SLOTS++;
}

static uint16_t since_last_look(void)
{
    return (uint16_t)clock_now() - last_look;
}

void watchdog_feed(void)
{
    last_look += since_last_look();
    silent = 0;
}

void watchdog_check(void)
{
    watchdog_seen = SLOTS;
    uint16_t passed = since_last_look();
    if (passed < LOOK_EVERY)
        return;
    last_look += passed;
    slots_since += (uint8_t)((passed + 8) / 256); /* nearly slots; more of them when the main loop was late */
    if (slots_since >= SLOTS_PER_MS) {
        slots_since = 0;
        stamps_look();
    }
    if (!output_on(0) && !output_on(1))
        return;
    silent += passed;
    if (silent <= watchdog_ms * HALVES_PER_MS)
        return;
    output_safe();
    status_latch(TRIPPED);
    errors_push(WATCHDOG_TRIPPED);
}
