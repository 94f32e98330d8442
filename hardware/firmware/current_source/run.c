#include "run.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/atomic.h>

#include "clock.h"
#include "converter.h"
#include "flags.h"
#include "output.h"
#include "player.h"
#include "stamps.h"
#include "stream.h"
#include "sync.h"

#define START_AFTER 12 /* halves from the trigger to t0: time to plan LDAC and SYNC for it */
#define ENOUGH 4       /* halves before a tick within which LDAC and SYNC can still be planned */
#define SHORT 200      /* halves: a tick in which it is not sure that */
#define READING 60     /* the time is there to read ahead */
#define LATE_BY 100    /* a tick that was missed comes so much later: the main loop lives in between */

volatile uint8_t run_state;
volatile uint8_t run_playing;
bool run_external;
uint16_t run_ticks[CHANNELS];

static uint8_t armed;        /* bit n: channel n is in this run */
static bool mark;            /* a MARK stands before one of them */
static uint16_t tick_counts; /* a tick in counts of timer 1 */

/* Bit n: channel n plays in the tick that comes next. */
INLINE uint8_t going_on(void)
{
    return FLAGS / FLAG_GOING_ON & 3;
}

void run_init(void)
{
    EICRA = _BV(ISC01) | _BV(ISC00); /* INT0 on the rising edge */
}

/* What a channel gives in the next tick: shifted in if it changes, to wait for LDAC. */
INLINE void prepare_channel(uint8_t n)
{
    struct player *player = &players[n];
    uint8_t way = player->way;
    if (way == ON_RAMP) {
        player_ramp_next(player);
    } else if (way == NOT_SIMPLE || !player_hold_next(player)) {
        uint8_t next = player_next(player);
        if (next == 0)
            return;
        if (next == THE_END) {
            FLAGS &= (uint8_t)~(FLAG_GOING_ON << n);
            return;
        }
        if (next & A_MARK)
            mark = true;
    }
    FLAGS |= FLAG_CHANGING << n;
    if (player->code != output_codes[n])
        converter_play(n, player->code);
}

/* If there is time: what comes after a level that stays. */
static NOT_INLINE void look_ahead(void)
{
    if (tick_counts <= SHORT && (uint8_t)(TCNT1L - OCR1AL) > tick_counts - READING)
        return;
    for (uint8_t n = 0; n < CHANNELS; n++)
        if ((FLAGS & FLAG_GOING_ON << n) && !(FLAGS & FLAG_CHANGING << n) && !players[n].ahead) {
            player_look_ahead(&players[n]);
            players[n].way = NOT_SIMPLE;
            return; /* one of them: two may be too long for a tick */
        }
}

/* Prepares the next tick; if that leaves time, what comes after. */
static NOT_INLINE void prepare(void)
{
    mark = false;
    FLAGS &= (uint8_t)~FLAG_CHANGING;
    FLAGS &= (uint8_t)~(FLAG_CHANGING << 1);
    if (FLAGS & FLAG_GOING_ON)
        prepare_channel(0);
    if (FLAGS & FLAG_GOING_ON << 1)
        prepare_channel(1);
    if (!(FLAGS & FLAG_CHANGING) || !(FLAGS & FLAG_CHANGING << 1))
        look_ahead();
}

void run_arm(uint8_t channels)
{
    for (uint8_t n = 0; n < CHANNELS; n++) {
        if (!(channels & _BV(n)))
            continue;
        tick_counts = run_ticks[n] * HALVES_PER_US;
        player_begin(n, output_levels[n]);
    }
    armed = channels;
    if (channels & _BV(0))
        FLAGS |= FLAG_GOING_ON;
    else
        FLAGS &= (uint8_t)~FLAG_GOING_ON;
    if (channels & _BV(1))
        FLAGS |= FLAG_GOING_ON << 1;
    else
        FLAGS &= (uint8_t)~(FLAG_GOING_ON << 1);
    prepare();
    stamps_clear();
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        run_state = ARMED;
        if (run_external) {
            EIFR = _BV(INTF0);
            EIMSK = _BV(INT0);
        }
    }
}

/* Plans t0. Interrupts off. */
static void start(void)
{
    /* Odd, and so are all ticks: a compare register of 0 is one that simulators never meet. */
    bool high = sync_first();
    uint16_t first = (TCNT1 + START_AFTER) | 1;
    OCR1A = first;
    converter_arm();
    sync_plan(high, first);
    EIMSK = 0;
    TIFR1 = _BV(OCF1A);
    TIMSK1 |= _BV(OCIE1A);
    uint32_t now = clock_of_count(TCNT1);
    stamps_begin(now + (uint16_t)(first + 1 - (uint16_t)now)); /* a match shows when the count has passed */
    run_playing = going_on();
    run_state = RUNNING;
}

void run_trigger(void)
{
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        start();
    }
}

ISR(INT0_vect)
{
    start();
}

void run_stop(void)
{
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        TIMSK1 &= (uint8_t)~_BV(OCIE1A);
        EIMSK = 0;
        converter_disarm();
        sync_low();
        stamps_end();
        run_playing = 0;
        run_state = IDLE;
    }
}

/* A tick has begun: LDAC went low by itself. Prepares the next one, letting other interrupts in meanwhile. */
ISR(TIMER1_COMPA_vect)
{
    converter_disarm();
    if (stamps_started())
        stream_note_start();
    if (FLAGS & FLAG_CHANGING)
        output_codes[0] = players[0].code;
    if (FLAGS & FLAG_CHANGING << 1)
        output_codes[1] = players[1].code;
    uint8_t playing = going_on();
    run_playing = playing;
    if (playing == 0) {
        for (uint8_t n = 0; n < CHANNELS; n++)
            if (armed & _BV(n))
                output_levels[n] = output_codes[n];
        TIMSK1 &= (uint8_t)~_BV(OCIE1A);
        run_state = IDLE;
        return;
    }
    uint16_t next = OCR1A + tick_counts;
    sei();

    prepare();
    bool high = going_on() && sync_next(mark);

    cli();
    uint16_t now = TCNT1;
    if ((int16_t)(next - now) < ENOUGH) {
        FLAGS |= FLAG_OVERRUN;
        next = (now + LATE_BY) | 1;
    }
    OCR1A = next; /* not before: so no tick interrupts this one */
    sync_plan(high, next);
    converter_arm();
}
