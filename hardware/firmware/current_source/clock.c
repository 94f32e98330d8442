/* The timers, which start together and stay in step: timer 1 the clock, timer 0 the slots of 125 us, timer 2 SYNC. */
#include "clock.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/atomic.h>

#define SLOT_HALVES 250
#define READ_SLOT_AFTER 40

volatile uint16_t clock_overflows;

void clock_start(void)
{
    GTCCR = _BV(TSM) | _BV(PSRASY) | _BV(PSRSYNC); /* hold both prescalers: all three count from the same cycle */
    TCNT0 = TCNT2 = 0; /* a bootloader may have left something */
    TCNT1 = 0;
    TCCR1B = _BV(ICES1) | _BV(CS11);               /* 16 MHz / 8; capture rising edges */
    TCCR2B = _BV(CS21);                            /* the low byte of timer 1 */
    TCCR0A = _BV(WGM01);
    TCCR0B = _BV(CS01);
    OCR0A = SLOT_HALVES - 1;
    OCR0B = READ_SLOT_AFTER;
    TIMSK0 = _BV(OCIE0A); /* watchdog.c */
    TIMSK1 = _BV(TOIE1);
    GTCCR = 0;
}

ISR(TIMER1_OVF_vect)
{
    clock_overflows++;
}

uint32_t clock_now(void)
{
    uint32_t now;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        now = clock_of_count(TCNT1);
    }
    return now;
}
