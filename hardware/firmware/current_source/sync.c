#include "sync.h"

#include <avr/interrupt.h>
#include <avr/io.h>

#include "pins.h"

/* Timer 2 meets the low byte of a time every 256 counts: a change can be entered in the last 256 before it, not sooner. */
#define NEAR 240
#define ENTER_BEFORE 200

uint8_t sync_mode;
uint16_t sync_every;
uint8_t sync_high;

static uint16_t ticks_to_go; /* until SYNC is high again; 0 in the first tick */
static uint8_t planned_count;

void sync_start(void)
{
    TCCR2A = _BV(COM2B1); /* the compare unit holds the pin; low after a reset */
    TCCR2B |= _BV(FOC2B);
    DDRD |= _BV(PIN_SYNC);
}

static void enter(void)
{
    OCR2B = planned_count;
    TCCR2A = sync_high ? _BV(COM2B1) | _BV(COM2B0) : _BV(COM2B1);
}

void sync_low(void)
{
    sync_high = 0;
    TIMSK1 &= (uint8_t)~_BV(OCIE1B);
    TCCR2A = _BV(COM2B1);
    TCCR2B |= _BV(FOC2B);
}

void sync_begin(void)
{
    ticks_to_go = 0;
}

__attribute__((used)) bool sync_next(uint8_t mark)
{
    if (sync_mode == SYNC_START)
        return true;
    if (sync_mode == SYNC_OFF)
        return false;
    if (sync_mode == SYNC_TICK)
        mark = 0;
    if (ticks_to_go == 0) {
        ticks_to_go = sync_mode == SYNC_TICK ? sync_every : 1;
        mark = 1;
    }
    if (sync_mode == SYNC_TICK)
        ticks_to_go--;
    return mark;
}

void sync_change(uint16_t at)
{
    sync_high ^= 0x80;
    planned_count = (uint8_t)at;
    if ((uint16_t)(at - TCNT1) < NEAR) {
        enter();
        return;
    }
    OCR1B = at - ENTER_BEFORE;
    TIFR1 = _BV(OCF1B);
    TIMSK1 |= _BV(OCIE1B);
}

ISR(TIMER1_COMPB_vect)
{
    TIMSK1 &= (uint8_t)~_BV(OCIE1B);
    enter();
}
