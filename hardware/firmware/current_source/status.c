#include "status.h"

#include <util/atomic.h>

#include "errors.h"
#include "flags.h"
#include "output.h"
#include "player.h"
#include "run.h"

/* Bits 0 and 1 are the channels that play. */
#define STATUS_ARMED 4
#define STATUS_OUTPUT1 8
#define STATUS_OUTPUT2 16
#define STATUS_ERRORS 1024

static uint16_t latched;

void status_latch(uint16_t bits)
{
    latched |= bits;
}

bool status_latched(uint16_t bits)
{
    return latched & bits;
}

void status_collect(void)
{
    if (FLAG_TAKEN(FLAG_OVERRUN) && !status_latched(OVERRUN)) {
        status_latch(OVERRUN);
        errors_push(TICK_OVERRUN);
    }
    if (FLAG_TAKEN(FLAG_STAMPS_LOST))
        status_latch(STAMPS_LOST);
    if (FLAG_TAKEN(FLAG_SCANS_LOST))
        status_latch(SCANS_LOST);
}

void status_clear(void)
{
    latched = 0;
}

uint16_t status_word(void)
{
    uint16_t word = latched;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        word |= output_shown / PLAYS & 3;
        if (run_state == ARMED)
            word |= STATUS_ARMED;
    }
    if (output_on(0))
        word |= STATUS_OUTPUT1;
    if (output_on(1))
        word |= STATUS_OUTPUT2;
    if (errors_count())
        word |= STATUS_ERRORS;
    return word;
}
