#include "stamps.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/atomic.h>

#include "answer.h"
#include "clock.h"
#include "flags.h"
#include "pins.h"
#include "run.h"

#define EDGES_MOST 24 /* in a millisecond: a comparator that chatters shall not have the processor to itself */
#define INPUTS (_BV(PIN_SPIKE1) | _BV(PIN_SPIKE2))

static volatile struct {
    uint32_t stamps[STAMPS];
    uint8_t oldest;
    uint8_t count;
    uint16_t lost;
} kept[CHANNELS];

static uint8_t enabled; /* bits of port D */
static uint8_t edges;   /* since stamps_look() */
static uint8_t levels;
static enum { NOT_STAMPING, BEFORE_T0, STAMPING } stamping;
static uint32_t t0;

void stamps_look(void)
{
    edges = 0;
    if (PCICR == 0) {
        levels = PIND & INPUTS;
        PCICR = _BV(PCIE2);
    }
}

void stamps_enable(uint8_t channel, bool on)
{
    uint8_t bit = channel == 0 ? _BV(PIN_SPIKE1) : _BV(PIN_SPIKE2);
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        enabled = on ? enabled | bit : enabled & (uint8_t)~bit;
        levels = PIND & INPUTS;
        PCMSK2 = enabled;
    }
}

bool stamps_enabled(uint8_t channel)
{
    return enabled & (channel == 0 ? _BV(PIN_SPIKE1) : _BV(PIN_SPIKE2));
}

void stamps_clear(void)
{
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        stamping = NOT_STAMPING;
        for (uint8_t n = 0; n < CHANNELS; n++) {
            kept[n].count = 0;
            kept[n].lost = 0;
        }
    }
}

void stamps_begin(uint32_t when)
{
    t0 = when;
    stamping = BEFORE_T0;
}

void stamps_go_on(void)
{
    stamping = STAMPING;
}

void stamps_end(void)
{
    stamping = NOT_STAMPING;
}

uint32_t stamps_t0(void)
{
    return t0;
}

static void keep(uint8_t channel, uint32_t stamp)
{
    uint8_t count = kept[channel].count;
    if (count == STAMPS) {
        FLAGS |= FLAG_STAMPS_LOST;
        if (kept[channel].lost != 0xFFFF)
            kept[channel].lost++;
        return;
    }
    uint8_t place = kept[channel].oldest + count;
    if (place >= STAMPS)
        place -= STAMPS;
    kept[channel].stamps[place] = stamp;
    kept[channel].count = count + 1;
}

/* The capture unit holds the time of the last rise of either input, at most 32 ms ago; the levels tell of which. While it is kept
   other interrupts may come, for a byte waits for 960 cycles at most; but no ticks are prepared, which takes longer than a pulse. */
ISR(PCINT2_vect)
{
    uint8_t was_busy = run_busy;
    run_busy |= SPIKE_KEPT;
    uint8_t now;
    while (PCICR = _BV(PCIE2), (now = PIND & INPUTS) != levels) {
        PCICR = 0;
        uint16_t captured = ICR1, count = TCNT1;
        uint32_t stamp = clock_of_count(count) - (uint16_t)(count - captured) - t0;
        uint8_t risen = now & (uint8_t)~levels & enabled;
        levels = now;
        if (stamping == NOT_STAMPING || (stamping == BEFORE_T0 && stamp > INT32_MAX))
            risen = 0;
        sei();
        if (risen & _BV(PIN_SPIKE1))
            keep(0, stamp);
        if (risen & _BV(PIN_SPIKE2))
            keep(1, stamp);
        cli();
        if (++edges == EDGES_MOST) {
            FLAGS |= FLAG_STAMPS_LOST;
            break;
        }
    }
    run_busy = was_busy;
}

void stamps_answer(uint8_t channel, uint8_t most)
{
    uint8_t count;
    uint16_t lost;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        count = kept[channel].count;
        lost = kept[channel].lost;
        kept[channel].lost = 0;
    }
    if (count > most)
        count = most;
    answer_block(2 + 4 * (uint16_t)count + 2);
    answer_block_u16(lost);
    while (count--) {
        uint8_t oldest = kept[channel].oldest;
        answer_block_u32(kept[channel].stamps[oldest]);
        ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
        {
            kept[channel].oldest = oldest + 1 == STAMPS ? 0 : oldest + 1;
            kept[channel].count--;
        }
    }
    answer_block_end();
}
