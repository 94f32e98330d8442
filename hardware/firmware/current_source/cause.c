#include "cause.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/wdt.h>

#include "output.h"
#include "pins.h"

#define CAUSES (_BV(PORF) | _BV(EXTRF) | _BV(BORF) | _BV(WDRF))
#define WARM 0x4E52
#define HUNG 0x5952

/* They keep their contents over a restart, but not without power. */
static uint8_t flags __attribute__((section(".noinit")));
static uint16_t warm __attribute__((section(".noinit")));
static uint8_t cause;

/* Before anything else: after a watchdog restart the watchdog still runs, and at 16 ms. The pins come at once, OE low first. */
void restarted(void) __attribute__((naked, used, section(".init3")));
void restarted(void)
{
    __asm__ volatile("sts %0, r2" : "=m"(flags)); /* Optiboot clears MCUSR; newer ones leave its contents in r2 */
    if (MCUSR & CAUSES)
        flags = MCUSR;
    MCUSR = 0;
    wdt_disable();
    output_pins();
}

/* The first time that the watchdog is not kicked: the currents end here, the restart comes with the second. */
ISR(WDT_vect, ISR_NAKED)
{
    PORTD &= (uint8_t)~_BV(PIN_OE1);
    PORTD &= (uint8_t)~_BV(PIN_OE2);
    warm = HUNG;
    for (;;)
        ;
}

void cause_watch(void)
{
    wdt_reset();
    WDTCSR = _BV(WDCE) | _BV(WDE);
    WDTCSR = _BV(WDIE) | _BV(WDE) | WDTO_120MS;
}

void cause_find(void)
{
    if (flags & ~CAUSES)
        flags = 0; /* r2 was anything */
    if (flags & _BV(PORF))
        cause = CAUSE_POWER;
    else if (warm == HUNG)
        cause = CAUSE_WATCHDOG;
    else if (flags & _BV(BORF))
        cause = CAUSE_BROWNOUT;
    else if (flags & _BV(EXTRF))
        cause = CAUSE_EXTERNAL; /* also when the bootloader ended its wait by the watchdog */
    else if (flags & _BV(WDRF))
        cause = CAUSE_WATCHDOG;
    else
        cause = warm == WARM ? CAUSE_EXTERNAL : CAUSE_POWER; /* an old bootloader that tells nothing */
    warm = WARM;
}

uint8_t cause_of_restart(void)
{
    return cause;
}
