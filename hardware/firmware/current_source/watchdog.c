#include "watchdog.h"

#include "clock.h"
#include "errors.h"
#include "output.h"
#include "status.h"

uint16_t watchdog_ms;

static uint32_t fed;

void watchdog_feed(void)
{
    fed = clock_now();
}

void watchdog_check(void)
{
    if (!output_on(0) && !output_on(1))
        return;
    if (clock_now() - fed < watchdog_ms * HALVES_PER_MS)
        return;
    output_safe();
    status_latch(TRIPPED);
    errors_push(WATCHDOG_TRIPPED);
}
