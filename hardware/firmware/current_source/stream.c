#include "stream.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <string.h>
#include <util/atomic.h>

#include "answer.h"
#include "clock.h"
#include "flags.h"
#include "memory.h"
#include "output.h"
#include "player.h"
#include "stamps.h"
#include "watchdog.h"

#define SLOT 250          /* halves */
#define SAMPLING_DELAY 32 /* halves from the trigger to the sample: 2 cycles of the converter's clock (data sheet 24.5) */
#define PRESCALER (_BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0)) /* 125 kHz */

#define NOTHING 0xFF
#define MEASUREMENT 0x80

uint8_t stream_set;
uint16_t stream_slots;

static struct {
    bool on : 1;
    bool begun : 1;       /* there is a scan */
    bool keeping : 1;     /* it is being kept */
    bool losing : 1;      /* until all that is kept is fetched */
    bool negative : 1;    /* leg and OE of the conversion being made */
    bool flowing : 1;
} is; /* changed with interrupts off */

/* Three conversions are in view at once: the one being read, the one being made, the one selected for the next slot. */
static uint8_t being_made, selected;
static uint8_t coming;         /* of the set, what this scan still has to select: shifted so that the next to look at is bit 0 */
static uint16_t slot;          /* of the next trigger, in its scan */

static uint8_t quantities; /* of a scan */
static uint32_t scan;      /* number of the scan being taken */
static uint32_t began;     /* when slot 0 of scan 0 was triggered */
static uint8_t missing;    /* samples that it still lacks */
static uint8_t place;      /* of the next sample: 0 to 191 */

static uint32_t first;      /* number of the oldest scan kept, or of the next that will be */
static uint8_t oldest;      /* its place */
static volatile uint8_t kept;
static uint16_t lost; /* scans just before `first`, 65535: or more */

static uint32_t start_scan; /* the scan being taken at the last start */
static bool start_known;    /* there was one since scan 0 */

static volatile uint8_t request = NOTHING; /* a quantity for MEAS, taken in a free slot */
static volatile int16_t measured;

void stream_init(void)
{
    ADMUX = 0; /* external reference, 2.500 V */
    DIDR0 = 0x0F;
    ADCSRB = _BV(ADTS1) | _BV(ADTS0); /* timer 0 compare A */
    ADCSRA = _BV(ADEN) | _BV(ADSC) | PRESCALER; /* the first conversion takes longer: not one that is asked for */
}

static uint8_t input_of(uint8_t quantity)
{
    return (uint8_t)((quantity & 1) << 1 | (quantity & 2) >> 1); /* V1 I1 V2 I2 at A0 A2 A1 A3 */
}

static int16_t with_sign(uint8_t quantity, int16_t count, bool is_negative, bool is_flowing)
{
    if (!(quantity & 1))
        return count;
    if (!is_flowing)
        return 0;
    return is_negative ? -count : count;
}

int16_t stream_measure(uint8_t quantity)
{
    if (is.on) {
        request = MEASUREMENT | quantity;
        while (request != NOTHING)
            watchdog_check();
        return measured;
    }
    while (ADCSRA & _BV(ADSC))
        ;
    ADMUX = input_of(quantity);
    ADCSRA = _BV(ADEN) | _BV(ADSC) | PRESCALER;
    while (ADCSRA & _BV(ADSC))
        watchdog_check();
    uint8_t channel = quantity >> 1;
    int16_t count = (int16_t)ADC;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        count = with_sign(quantity, count, output_shown & SINKS << channel, output_on(channel));
    }
    return count;
}

bool stream_on(void)
{
    return is.on;
}

bool stream_start(void)
{
    uint8_t q = 0;
    for (uint8_t i = 0; i < QUANTITIES; i++)
        q += stream_set >> i & 1;
    if (stream_slots <= q)
        return false;
    if (is.on)
        return true;
    quantities = q;
    slot = 0;
    scan = first = 0;
    lost = kept = oldest = place = 0;
    being_made = selected = NOTHING;
    while (ADCSRA & _BV(ADSC))
        ;
    memset(&is, 0, sizeof is);
    start_known = false;
    is.on = true;
    TIFR0 = _BV(OCF0B);
    TIMSK0 |= _BV(OCIE0B);
    return true;
}

void stream_stop(void)
{
    TIMSK0 &= (uint8_t)~_BV(OCIE0B);
    ADCSRA = _BV(ADEN) | PRESCALER;
    is.on = false;
}

/* 12 bits each: two samples in three bytes. */
static void put(uint8_t at, int16_t sample)
{
    uint8_t *three = shared.samples + 3 * (at / 2);
    uint8_t low = (uint8_t)sample, high = (uint8_t)(sample >> 8) & 0x0F;
    if (at & 1) {
        three[2] = low;
        three[1] = (uint8_t)((three[1] & 0x0F) | high << 4);
    } else {
        three[0] = low;
        three[1] = (three[1] & 0xF0) | high;
    }
}

static int16_t get(uint8_t at)
{
    const uint8_t *three = shared.samples + 3 * (at / 2);
    uint8_t low = at & 1 ? three[2] : three[0];
    uint8_t high = at & 1 ? three[1] >> 4 : three[1] & 0x0F;
    if (high & 8)
        high |= 0xF0;
    return (int16_t)((uint16_t)high << 8 | low);
}

/* All was fetched: from the next scan on they are kept again. Interrupts off. */
static void resume(void)
{
    uint32_t missed = scan + 1 - first + lost;
    lost = missed > 0xFFFF ? 0xFFFF : (uint16_t)missed;
    first = scan + 1;
    is.losing = false;
}

static void begin_scan(void)
{
    if (is.begun) {
        scan++;
    } else {
        uint8_t since;
        uint16_t count;
        do {
            since = TCNT0;
            count = TCNT1;
        } while (since != TCNT0); /* both of the same half microsecond */
        began = clock_of_count(count) - since + SLOT;
        is.begun = true;
        ADCSRA = _BV(ADEN) | _BV(ADATE) | PRESCALER; /* from the next trigger on */
    }
    is.keeping = !is.losing && kept * quantities < SAMPLES /* which 1, 2, 3 and 4 divide */;
    missing = quantities;
    if (!is.keeping) {
        is.losing = true;
        FLAGS |= FLAG_SCANS_LOST;
    }
}

/* Shifts the lowest bit out. */
static inline bool take_bit(uint8_t *bits)
{
    bool bit = *bits & 1;
    *bits >>= 1;
    return bit;
}

/* 20 us after a trigger: the conversion before is there to be read, the input of the next can be selected. */
ISR(TIMER0_COMPB_vect)
{
    uint8_t read = being_made;
    if (read != NOTHING) {
        int16_t value = with_sign(read, (int16_t)ADC, is.negative, is.flowing);
        if (read & MEASUREMENT) {
            measured = value;
            request = NOTHING;
        } else if (is.keeping) {
            put(place, value);
            if (++place == SAMPLES)
                place = 0;
            if (--missing == 0) {
                kept++;
                is.keeping = false;
            }
        }
    }
    being_made = selected;
    if (being_made != NOTHING) {
        uint8_t channel = being_made >> 1 & 1;
        is.negative = output_shown & SINKS << channel;
        is.flowing = output_on(channel);
    }
    uint8_t next = selected;
    if (slot == 0) {
        begin_scan();
        coming = stream_set;
        next = (uint8_t)-1;
    }
    if (coming) {
        do
            next++;
        while (!take_bit(&coming));
        selected = next;
    } else {
        selected = request == being_made ? NOTHING : request; /* the one being made is on its way */
    }
    if (selected != NOTHING)
        ADMUX = input_of(selected);
    if (++slot == stream_slots)
        slot = 0;
}

void stream_answer(uint8_t most)
{
    uint8_t count = 0;
    uint32_t number = 0;
    uint16_t missed = 0;
    if (is.on) {
        ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
        {
            count = kept;
            number = first;
            missed = lost;
            lost = 0;
        }
    }
    if (count > most)
        count = most;
    answer_block(6 + 2 * (uint16_t)count * quantities + 2);
    answer_block_u32(number);
    answer_block_u16(missed);
    while (count--) {
        for (uint8_t i = 0; i < quantities; i++)
            answer_block_u16((uint16_t)get(oldest + i));
        ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
        {
            oldest += quantities;
            if (oldest == SAMPLES)
                oldest = 0;
            first++;
            kept--;
            if (is.losing && kept == 0)
                resume();
        }
    }
    answer_block_end();
}

void stream_note_start(void)
{
    start_known = is.on && is.begun;
    start_scan = scan;
}

void stream_answer_t0(void)
{
    bool known;
    uint32_t at_scan, halves;
    uint32_t period = (uint32_t)stream_slots * SLOT;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        known = is.on && start_known;
        at_scan = start_scan;
        halves = stamps_t0() - (began + start_scan * period) - SAMPLING_DELAY;
    }
    /* the scan of then may not have been the one that t0 lies in: its number is given a slot ahead */
    for (; known && halves > INT32_MAX; halves += period)
        if (at_scan-- == 0)
            known = false;
    for (; known && halves >= period; halves -= period)
        at_scan++;
    if (!known) {
        answer_text(PSTR("-1,0"));
        return;
    }
    answer_number(at_scan);
    answer_char(',');
    answer_number(halves);
}
