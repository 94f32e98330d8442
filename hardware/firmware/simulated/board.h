/* The processor with the shield around it: what belongs to one of them, and what is told of it. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <simavr/avr_adc.h>
#include <simavr/avr_eeprom.h>
#include <simavr/avr_extint.h>
#include <simavr/avr_ioport.h>
#include <simavr/avr_spi.h>
#include <simavr/avr_timer.h>
#include <simavr/avr_uart.h>
#include <simavr/avr_watchdog.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_cycle_timers.h>
#include <simavr/sim_interrupts.h>

enum { REACHED = 0, CHANGED = 1, HALTED = -1 };
enum { LATCHED = 0, RESTARTED = 1, ENABLE = 2, SYNC = 3 };
enum { PORT_B, PORT_C, PORT_D, PORTS };

/* Data addresses of the registers. */
enum {
    TIFR0 = 0x35, PCIFR = 0x3B, EIFR = 0x3C, EIMSK = 0x3D, PCICR = 0x68, TIMSK0 = 0x6E,
    EECR = 0x3F, GTCCR = 0x43, SPCR = 0x4C, SPSR = 0x4D, SPDR = 0x4E, MCUSR = 0x54, WDTCSR = 0x60,
    ADCL = 0x78, ADCH = 0x79, ADCSRA = 0x7A, ADCSRB = 0x7B, ADMUX = 0x7C, TCCR1A = 0x80, TCCR1C = 0x82, ICR1 = 0x86,
    OCR1A = 0x88, TCCR2A = 0xB0, TCCR2B = 0xB1, OCR2B = 0xB4, UCSRA = 0xC0,
    UCSRB = 0xC1, UCSRC = 0xC2, UBRRL = 0xC4, UBRRH = 0xC5, UDR = 0xC6,
};
static const uint8_t PIN[PORTS] = {0x23, 0x26, 0x29};
static const uint8_t TCNT[3] = {0x46, 0x84, 0xB2};
static const uint8_t PULLED_UP[PORTS] = {0x06, 0x10, 0x00}; /* LDAC, CS1; CS2: resistors of the shield */

enum { BURST = 1 << 20 };           /* cycles without looking up, at most: the next timer comes sooner */
enum { WIRE_CYCLES = 320 };         /* a byte of the host, 500 000 baud, 8N1 */
enum { EEPROM_WRITE_CYCLES = 54400 }; /* 3.4 ms, table 8-1 */
enum { WDT = 6, TIMER0_COMPA = 14 }; /* vector numbers, table 12-6 (from 0) */

typedef struct {
    uint64_t cycle;
    uint16_t code;
    uint8_t channel, kind;
    uint32_t pad;
} event_t;

typedef struct {
    uint8_t *bytes;
    size_t first, count, room;
} bytes_t;

typedef struct {
    uint16_t shift, input[2], output[2];
    uint8_t bits, fresh[2], selected;
} converter_t;

typedef double (*look_t)(int channel, uint64_t cycle);

typedef struct { /* of a conversion that is over */
    uint64_t cycle;
    double volts;
    int mux, control, fresh;
} result_t;

typedef struct {
    avr_t *avr;
    uint64_t base;  /* cycles before the last restart */
    int stop, restarted;
    uint64_t start; /* when the program begins after a restart */
    event_t *events;
    size_t count, room;

    uint8_t driven[PORTS], direction[PORTS]; /* as the program writes them */
    uint8_t outside[PORTS];                  /* levels put on the inputs */
    uint8_t level[PORTS];                    /* what the shield sees */
    converter_t converters[2];
    uint64_t spi_done;

    avr_uart_t *uart;
    bytes_t to_program, from_program;
    uint8_t fifo[3], waiting, buffered, sending, tx_buffer, tx_shift;
    int receiving;

    avr_adc_t *adc;
    double volts[8], held, aref;
    uint64_t held_at;
    int converting, first, mux;
    result_t result;
    look_t look;

    struct { uint64_t cycle; uint8_t input; } rises[64]; /* of the spike inputs, to come */
    int rises_to_come;

    avr_eeprom_t *eeprom;
    avr_spi_t *spi;
    avr_watchdog_t *watchdog;
    avr_timer_t *timer1, *timer2;
    uint8_t captured_high, high; /* of ICR1: as captured, as read with the low one */
    struct { avr_io_write_t c; void *param; } own_write[256]; /* libsimavr's, of the timers' registers that are hooked */
    avr_irq_t *written[PORTS], *turned[PORTS];
    void (*reset)(avr_t *);
} board_t;

static uint64_t now(board_t *b) { return b->base + b->avr->cycle; }

/* Who runs with `watch` stops after this instruction. */
static void stop(board_t *b)
{
    b->stop = 1;
    b->avr->run_cycle_count = 1;
}

static void record(board_t *b, int kind, int channel, int code)
{
    if (b->count == b->room) {
        b->room = b->room ? 2 * b->room : 1024;
        b->events = realloc(b->events, b->room * sizeof(event_t));
    }
    b->events[b->count++] = (event_t){now(b), (uint16_t)code, (uint8_t)channel, (uint8_t)kind, 0};
}

static void put(bytes_t *q, const uint8_t *data, size_t n)
{
    if (q->first && q->first + q->count + n > q->room) {
        memmove(q->bytes, q->bytes + q->first, q->count);
        q->first = 0;
    }
    if (q->count + n > q->room) {
        q->room = 2 * (q->count + n);
        q->bytes = realloc(q->bytes, q->room);
    }
    memcpy(q->bytes + q->first + q->count, data, n);
    q->count += n;
}

static uint8_t take(bytes_t *q) { return q->count--, q->bytes[q->first++]; }

#endif
