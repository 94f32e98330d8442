#include "run.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/atomic.h>

#include "clock.h"
#include "converter.h"
#include "flags.h"
#include "memory.h"
#include "output.h"
#include "player.h"
#include "stamps.h"
#include "stream.h"
#include "sync.h"
#include "ticks.h"
#include "watchdog.h"

#define START_AFTER 16 /* halves from the trigger to t0: time to plan LDAC and SYNC for it */
#define ENOUGH 16      /* halves before a tick within which LDAC and SYNC can still be planned */
#define TO_BE_FILLED 0x40 /* bit of what happens in a tick: the queue */
#define LATE_BY 40     /* halves by which a tick comes later that was held up */

volatile uint8_t run_state;
bool run_external;
uint16_t run_ticks[CHANNELS];

static uint8_t armed; /* bit n: channel n is in this run */
static uint16_t tick_counts __attribute__((used)); /* a tick in counts of timer 1 */
static uint8_t coming __attribute__((used));       /* of the tick that comes next and waits for LDAC: what */
volatile uint8_t run_busy __attribute__((used));

void run_init(void)
{
    EICRA = _BV(ISC01) | _BV(ISC00); /* INT0 on the rising edge */
}

/* The first tick, to wait for LDAC. */
static void load_first(void)
{
    const struct tick *tick = ticks_out++;
    for (uint8_t n = 0; n < CHANNELS; n++)
        if (tick->what & CHANGES << n)
            converter_legs(n, tick->words[n]);
    coming = tick->what;
}

void run_arm(uint8_t channels)
{
    for (uint8_t n = 0; n < CHANNELS; n++) {
        player_begin(n, output_levels[n], channels & _BV(n));
        if (channels & _BV(n))
            tick_counts = run_ticks[n] * HALVES_PER_US;
    }
    armed = channels;
    ticks_begin();
    ticks_fill();
    load_first();
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
    uint16_t first = (TCNT1 + START_AFTER) | 1;
    OCR1A = first;
    converter_arm();
    sync_plan(coming & TICK_SYNC, first);
    EIMSK = 0;
    TIFR1 = _BV(OCF1A);
    TIMSK1 |= _BV(OCIE1A);
    uint32_t now = clock_of_count(TCNT1);
    stamps_begin(now + (uint16_t)(first + 1 - (uint16_t)now)); /* a match shows when the count has passed */
    stream_note_start();
    output_shown |= coming & (PLAYS * 3);
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
        output_shown &= SINKS * 3;
        run_state = IDLE;
    }
}

static void end(void)
{
    for (uint8_t n = 0; n < CHANNELS; n++)
        if (armed & _BV(n))
            output_levels[n] = shared.players[n].code;
    TIMSK1 &= (uint8_t)~_BV(OCIE1A);
    run_state = IDLE;
}

/* Prepares ticks, with interrupts let in, unless that goes on already. Interrupts off. */
static NOT_INLINE void prepare(void)
{
    if (run_busy)
        return;
    run_busy = TICKS_PREPARED;
    sei();
    ticks_fill();
    cli();
    run_busy = 0;
}

/* After a tick was planned, with interrupts off: what takes longer. Ticks that come meanwhile interrupt it. */
__attribute__((used)) void run_go_on(uint8_t what)
{
    stamps_go_on();
    sync_plan(what & TICK_SYNC, OCR1A);
    if (!(output_shown & PLAYS * 3))
        end();
    else if (what & TO_BE_FILLED)
        prepare();
}

void run_meanwhile(void)
{
    if (run_state == RUNNING)
        ATOMIC_BLOCK(ATOMIC_FORCEON)
        {
            prepare();
        }
}

/* A byte to the converter takes 16 cycles, and one until the next may be written: shorter than to ask whether it is out. */
#define SEND(byte, meanwhile) \
    "out %[spdr], " byte "\n\t" \
    "ldi r24, 5\n" \
    "0:\tdec r24\n\t" \
    "brne 0b\n\t" meanwhile

/* What a channel plays in the coming tick, if it changes: first 0 for the leg that drove, as converter_other(). While the last
   byte goes out the program goes on; only after 17 cycles it may raise the chip select. */
#define LOAD(bit, port, pin) \
    "sbrs r25, " bit "\n\t" \
    "rjmp 2f\n\t" \
    "sbrs r19, %[crosses]\n\t" \
    "rjmp 1f\n\t" \
    "andi r19, 0xBF\n\t" \
    "mov r24, r19\n\t" \
    "subi r24, 0x80\n\t" \
    "andi r24, 0xB0\n\t" \
    "cbi " port ", " pin "\n\t" \
    SEND("r24", "nop\n\tldi r24, 0\n\t") \
    SEND("r24", "rjmp .\n\t") \
    "sbi " port ", " pin "\n" \
    "1:\tcbi " port ", " pin "\n\t" \
    SEND("r19", "rjmp .\n\t") \
    "out %[spdr], r18\n" \
    "2:\t"

/* A tick has begun: LDAC went low by itself. Shifts in what comes next and plans it, by hand: two channels have 50 us, in which
   this is what cannot wait. If nothing is ready the programs are held for a tick, which is told. Z runs through the tick that
   comes, r25 is what happens in it; its bit 6: the queue is to be filled. */
ISR(TIMER1_COMPA_vect, ISR_NAKED)
{
    __asm__ volatile(
        "push r24\n\t"
        "in r24, __SREG__\n\t"
        "push r24\n\t"
        "push r25\n\t"
        "push r18\n\t"
        "push r19\n\t"
        "push r30\n\t"
        "push r31\n\t"
        "ldi r24, %[disarm]\n\t" /* converter_disarm() */
        "sts %[tccr1a], r24\n\t"
        "ldi r24, %[force]\n\t"
        "sts %[tccr1c], r24\n\t"
        "lds r25, %[coming]\n\t"
        "sts %[shown], r25\n\t"
        "mov r24, r25\n\t"
        "andi r24, %[playing]\n\t"
        "brne 0f\n\t"
        "rjmp 8f\n"
        "0:\tlds r30, %[out]\n\t"
        "lds r31, %[out]+1\n\t"
        "lds r24, %[in]\n\t"
        "cp r24, r30\n\t"
        "brne 0f\n\t"
        "sbi %[flags], %[overrun]\n\t" /* none is ready */
        "sbi %[flags], %[hungry]\n\t"
        "andi r25, 0xFC\n\t" /* no CHANGES */
        "ori r25, 0x40\n\t"
        "sts %[coming], r25\n\t"
        "rjmp 6f\n"
        "0:\tld r25, Z+\n\t"
        "sts %[coming], r25\n\t"
        "ld r18, Z+\n\t"
        "ld r19, Z+\n\t"
        LOAD("0", "%[port1]", "%[pin1]")
        "ld r18, Z+\n\t"
        "ld r19, Z+\n\t"
        "andi r25, 0xBF\n\t"
        "sbic %[flags], %[hungry]\n\t"
        "ori r25, 0x40\n\t"
        "cpi r30, lo8(%[queue]+%[middle])\n\t"
        "breq 0f\n\t"
        "cpi r30, lo8(%[queue]+%[size])\n\t"
        "brne 5f\n\t"
        "ldi r30, lo8(%[queue])\n\t"
        "ldi r31, hi8(%[queue])\n"
        "0:\tori r25, 0x40\n"
        "5:\tsts %[out], r30\n\t"
        "sts %[out]+1, r31\n\t"
        "rjmp .\n\t" /* 17 cycles at least since the byte */
        "sbi %[port1], %[pin1]\n\t"
        LOAD("1", "%[port2]", "%[pin2]")
        "6:\tlds r18, %[ocr]\n\t" /* when it comes */
        "lds r19, %[ocr]+1\n\t"
        "lds r30, %[counts]\n\t"
        "lds r31, %[counts]+1\n\t"
        "add r30, r18\n\t"
        "adc r31, r19\n\t"
        "lds r18, %[tcnt]\n\t"
        "lds r19, %[tcnt]+1\n\t"
        "subi r18, lo8(-%[enough])\n\t"
        "sbci r19, hi8(-%[enough])\n\t"
        "sub r18, r30\n\t"
        "sbc r19, r31\n\t"
        "sbi %[port2], %[pin2]\n\t" /* 18 cycles since */
        "brmi 5f\n\t"
        "sbi %[flags], %[overrun]\n\t" /* was held up */
        "lds r30, %[tcnt]\n\t"
        "lds r31, %[tcnt]+1\n\t"
        "adiw r30, %[late]\n\t"
        "ori r30, 1\n"
        "5:\tsts %[ocr]+1, r31\n\t"
        "sts %[ocr], r30\n\t"
        "ldi r24, %[arm]\n\t" /* converter_arm() */
        "sts %[tccr1a], r24\n\t"
        "sbrs r25, 6\n\t"
        "rjmp 7f\n\t"
        "lds r24, %[preparing]\n\t"
        "tst r24\n\t"
        "breq 8f\n\t"
        "sbrs r24, 0\n\t" /* TICKS_PREPARED */
        "sbi %[flags], %[hungry]\n"
        "7:\tlds r24, %[sync]\n\t"
        "eor r24, r25\n\t" /* bit 7: SYNC changes */
        "brmi 8f\n"
        "9:\tpop r31\n\t"
        "pop r30\n\t"
        "pop r19\n\t"
        "pop r18\n\t"
        "pop r25\n\t"
        "pop r24\n\t"
        "out __SREG__, r24\n\t"
        "pop r24\n\t"
        "reti\n"
        "8:\tpush r0\n\t"
        "push r1\n\t"
        "push r20\n\t"
        "push r21\n\t"
        "push r22\n\t"
        "push r23\n\t"
        "push r26\n\t"
        "push r27\n\t"
        "clr r1\n\t"
        "mov r24, r25\n\t"
        "%~call run_go_on\n\t"
        "pop r27\n\t"
        "pop r26\n\t"
        "pop r23\n\t"
        "pop r22\n\t"
        "pop r21\n\t"
        "pop r20\n\t"
        "pop r1\n\t"
        "pop r0\n\t"
        "rjmp 9b"
        :
        : [disarm] "M"(_BV(COM1A1) | _BV(COM1A0)), [arm] "M"(_BV(COM1A1)), [force] "M"(_BV(FOC1A)),
          [tccr1a] "n"(_SFR_MEM_ADDR(TCCR1A)), [tccr1c] "n"(_SFR_MEM_ADDR(TCCR1C)), [ocr] "n"(_SFR_MEM_ADDR(OCR1A)),
          [tcnt] "n"(_SFR_MEM_ADDR(TCNT1)), [spdr] "I"(_SFR_IO_ADDR(SPDR)), [port1] "I"(_SFR_IO_ADDR(PORTB)),
          [pin1] "I"(PIN_CS1), [port2] "I"(_SFR_IO_ADDR(PORTC)), [pin2] "I"(PIN_CS2), [flags] "I"(_SFR_IO_ADDR(FLAGS)),
          [overrun] "I"(OVERRUN_BIT), [hungry] "I"(HUNGRY), [coming] "i"(&coming), [shown] "i"(&output_shown),
          [counts] "i"(&tick_counts), [preparing] "i"(&run_busy), [sync] "i"(&sync_high), [in] "i"(&ticks_in),
          [out] "i"(&ticks_out), [queue] "i"(ticks_queue), [size] "n"(sizeof ticks_queue),
          [middle] "n"(FILL_AT * sizeof *ticks_queue), [playing] "M"(PLAYS * 3),
          [crosses] "I"(CROSSES_BIT), [enough] "n"(ENOUGH), [late] "I"(LATE_BY));
}
