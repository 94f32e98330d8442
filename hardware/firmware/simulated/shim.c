/* The ATmega328P of the current source on libsimavr 1.6, with the shield around it: converters, latch, enables, lines.

The core, the timers, interrupts and watchdog are libsimavr's. What it gets wrong for this program is done here: the time of
an SPI byte (it takes 100 us), the serial port (no depth of two, no overrun, eleven bits a byte), the converter (computed
when it is read), forced compare matches, the timers' common start, the time of an EEPROM write, and the inputs and causes
after a restart. Sources: ATmega328P data sheet DS40002061B, MCP4922 data sheet DS22250A.
*/
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
#include <simavr/sim_avr.h>
#include <simavr/sim_cycle_timers.h>
#include <simavr/sim_interrupts.h>

enum { REACHED = 0, CHANGED = 1, HALTED = -1 };
enum { LATCHED = 0, RESTARTED = 1, ENABLE = 2, SYNC = 3 };
enum { PORT_B, PORT_C, PORT_D, PORTS };

/* Data addresses of the registers. */
enum {
    EECR = 0x3F, GTCCR = 0x43, SPCR = 0x4C, SPSR = 0x4D, SPDR = 0x4E, MCUSR = 0x54, ADCL = 0x78, ADCH = 0x79,
    ADCSRA = 0x7A, ADCSRB = 0x7B, ADMUX = 0x7C, TCCR1A = 0x80, TCCR1C = 0x82, TCCR2A = 0xB0, TCCR2B = 0xB1,
    UCSRA = 0xC0, UCSRB = 0xC1, UCSRC = 0xC2, UBRRL = 0xC4, UBRRH = 0xC5, UDR = 0xC6,
};
static const uint8_t PIN[PORTS] = {0x23, 0x26, 0x29};
static const uint8_t TCNT[3] = {0x46, 0x84, 0xB2};
static const uint8_t PULLED_UP[PORTS] = {0x06, 0x10, 0x00}; /* LDAC, CS1; CS2: resistors of the shield */

enum { WIRE_CYCLES = 320 };         /* a byte of the host, 500 000 baud, 8N1 */
enum { EEPROM_WRITE_CYCLES = 54400 }; /* 3.4 ms, table 8-1 */
enum { TIMER0_COMPA = 14 };         /* vector number, table 12-6 (from 0) */

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
    struct { avr_io_write_t c; void *param; } tccr2b;
    avr_irq_t *written[PORTS], *turned[PORTS];
    void (*reset)(avr_t *);
} board_t;

static uint64_t now(board_t *b) { return b->base + b->avr->cycle; }

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
    if (q->first && !q->count)
        q->first = 0;
    if (q->first + q->count + n > q->room) {
        q->room = 2 * (q->first + q->count + n);
        q->bytes = realloc(q->bytes, q->room);
    }
    memcpy(q->bytes + q->first + q->count, data, n);
    q->count += n;
}

static uint8_t take(bytes_t *q) { return q->count--, q->bytes[q->first++]; }

/* ---- converters ------------------------------------------------------------------------------------------------ */

/* Both outputs of a converter take what was written since the last latch. */
static void latch(board_t *b, int which)
{
    converter_t *c = &b->converters[which];
    for (int leg = 0; leg < 2; leg++) {
        if (!c->fresh[leg])
            continue;
        uint16_t word = c->input[leg];
        uint16_t code = word & 0x1000 ? (word & 0x0FFF) << !(word & 0x2000) : 0; /* SHDN bit; gain 2 */
        c->fresh[leg] = 0;
        record(b, LATCHED, 2 * which + leg, code);
        b->stop |= code != c->output[leg];
        c->output[leg] = code;
    }
}

static void select_changed(board_t *b, int which, int high)
{
    converter_t *c = &b->converters[which];
    if (!high) {
        c->bits = c->shift = 0;
    } else if (c->bits >= 16 && now(b) >= b->spi_done) { /* fewer than 16 clocks: nothing is written */
        int leg = c->shift >> 15;
        c->input[leg] = c->shift;
        c->fresh[leg] = 1;
        if (!(b->level[PORT_B] & 2))
            latch(b, which);
    }
    c->selected = !high;
}

static void clocked_out(board_t *b, uint8_t byte)
{
    for (int i = 0; i < 2; i++) {
        converter_t *c = &b->converters[i];
        if (c->selected && c->bits < 16) { /* clocks beyond the sixteenth are ignored */
            c->shift = c->shift << 8 | byte;
            c->bits += 8;
        }
    }
}

static avr_cycle_count_t spi_over(avr_t *avr, avr_cycle_count_t when, void *param)
{
    avr_raise_interrupt(avr, &((board_t *)param)->spi->spi);
    return 0;
}

static void spdr_write(avr_t *avr, avr_io_addr_t addr, uint8_t v, void *param)
{
    board_t *b = param;
    if ((avr->data[SPCR] & 0x50) != 0x50) /* enabled, master */
        return;
    if (now(b) < b->spi_done) {
        avr->data[SPSR] |= 0x40; /* write collision */
        return;
    }
    avr->data[addr] = v;
    avr->data[SPSR] &= ~0xC0;
    uint32_t cycles = 8 * ((avr->data[SPCR] & 3) == 3 ? 128 : 4u << 2 * (avr->data[SPCR] & 3));
    cycles >>= avr->data[SPSR] & 1;
    b->spi_done = now(b) + cycles;
    clocked_out(b, v);
    avr_cycle_timer_register(avr, cycles, spi_over, b);
}

/* ---- pins ------------------------------------------------------------------------------------------------------ */

static void pins_changed(board_t *b, int port)
{
    uint8_t ddr = b->direction[port];
    uint8_t pulled = PULLED_UP[port] | (b->outside[port] & ~ddr);
    uint8_t level = (b->driven[port] & ddr) | (pulled & ~ddr);
    uint8_t changed = level ^ b->level[port];
    b->level[port] = level;
    if (port == PORT_B && changed & 4)
        select_changed(b, 0, level & 4);
    if (port == PORT_C && changed & 0x10)
        select_changed(b, 1, level & 0x10);
    if (port == PORT_B && changed & 2 && !(level & 2))
        for (int i = 0; i < 2; i++)
            latch(b, i);
    if (port != PORT_D)
        return;
    if (changed & 8) {
        record(b, SYNC, 0, level >> 3 & 1);
        b->stop = 1;
    }
    for (int i = 0; i < 2; i++)
        if (changed & 0x40 << i) {
            record(b, ENABLE, i + 1, level >> (6 + i) & 1);
            b->stop = 1;
        }
}


static void port_written(struct avr_irq_t *irq, uint32_t value, void *param)
{
    board_t *b = param;
    for (int port = 0; port < PORTS; port++) {
        if (irq == b->written[port])
            b->driven[port] = value;
        if (irq == b->turned[port])
            b->direction[port] = value;
        if (irq == b->written[port] || irq == b->turned[port])
            pins_changed(b, port);
    }
}

/* ---- timers ---------------------------------------------------------------------------------------------------- */

/* A forced compare match: the pin does what the mode says, nothing else happens (16.11.3). */
static void force(board_t *b, char timer, int compare, int mode, int level)
{
    if (mode)
        avr_raise_irq(
            avr_io_getirq(b->avr, AVR_IOCTL_TIMER_GETIRQ(timer), TIMER_IRQ_OUT_COMP + compare),
            AVR_IOPORT_OUTPUT | (mode == 1 ? !level : mode == 3));
}

/* What a compare match does to its pin. libsimavr 1.6 loses the flag that makes it an output (it keeps it in 8 bits), and at
   an overflow it does the contrary, as in PWM, in every mode. */
static void match(struct avr_irq_t *irq, uint32_t value, uint8_t control, int shift)
{
    int mode = control >> shift & 3;
    if (!(value & AVR_IOPORT_OUTPUT) && mode >= 2 && value == (uint32_t)(mode == 3))
        avr_raise_irq(irq, AVR_IOPORT_OUTPUT | value);
}

static void match_1a(struct avr_irq_t *irq, uint32_t value, void *param)
{
    match(irq, value, ((board_t *)param)->avr->data[TCCR1A], 6);
}

static void match_2b(struct avr_irq_t *irq, uint32_t value, void *param)
{
    match(irq, value, ((board_t *)param)->avr->data[TCCR2A], 4);
}

static void tccr1c_write(avr_t *avr, avr_io_addr_t addr, uint8_t v, void *param)
{
    board_t *b = param;
    for (int i = 0; i < 2; i++)
        if (v & 0x80 >> i)
            force(b, '1', i, avr->data[TCCR1A] >> (6 - 2 * i) & 3, b->level[PORT_B] >> (1 + i) & 1);
}

static void tccr2b_write(avr_t *avr, avr_io_addr_t addr, uint8_t v, void *param)
{
    board_t *b = param;
    if ((v & 0x3F) != avr->data[addr])
        b->tccr2b.c(avr, addr, v & 0x3F, b->tccr2b.param);
    if (v & 0x40)
        force(b, '2', 1, avr->data[TCCR2A] >> 4 & 3, b->level[PORT_D] >> 3 & 1);
}

/* With TSM set the prescalers stand still; the timers go on together from what is in them (17.1). */
static void gtccr_write(avr_t *avr, avr_io_addr_t addr, uint8_t v, void *param)
{
    int stood = avr->data[addr] & 0x80, stands = v & 0x80;
    for (int i = 0; i < 3; i++) {
        if (!((stood ? avr->data[addr] : v) & (i == 2 ? 2 : 1)))
            continue;
        if (!stood && stands)
            avr->io[AVR_DATA_TO_IO(TCNT[i])].r.c(avr, TCNT[i], avr->io[AVR_DATA_TO_IO(TCNT[i])].r.param);
        if (stood && !stands)
            avr->io[AVR_DATA_TO_IO(TCNT[i])].w.c(
                avr, TCNT[i], avr->data[TCNT[i]], avr->io[AVR_DATA_TO_IO(TCNT[i])].w.param);
    }
    avr->data[addr] = stands ? v : 0;
}

/* ---- serial port ----------------------------------------------------------------------------------------------- */

static uint32_t byte_cycles(avr_t *avr)
{
    uint32_t divisor = (avr->data[UBRRL] | (avr->data[UBRRH] & 15) << 8) + 1;
    int bits = 10 + !!(avr->data[UCSRC] & 8) + !!(avr->data[UCSRC] & 0x30);
    return bits * divisor * (avr->data[UCSRA] & 2 ? 8 : 16);
}

static avr_cycle_count_t byte_received(avr_t *avr, avr_cycle_count_t when, void *param)
{
    board_t *b = param;
    uint8_t byte = take(&b->to_program);
    b->receiving = b->to_program.count > 0;
    if (avr->data[UCSRB] & 0x10 && now(b) >= b->start) {
        if (b->waiting == sizeof b->fifo) {
            avr->data[UCSRA] |= 8; /* overrun: two are kept, a third in the shift register */
        } else {
            b->fifo[b->waiting++] = byte;
            avr_raise_interrupt(avr, &b->uart->rxc);
        }
    }
    return b->receiving ? when + WIRE_CYCLES : 0;
}

static void start_receiving(board_t *b)
{
    if (b->receiving || !b->to_program.count)
        return;
    b->receiving = 1;
    avr_cycle_timer_register(b->avr, WIRE_CYCLES, byte_received, b);
}

static uint8_t udr_read(avr_t *avr, avr_io_addr_t addr, void *param)
{
    board_t *b = param;
    uint8_t byte = b->fifo[0];
    avr->data[UCSRA] &= ~8;
    avr_clear_interrupt(avr, &b->uart->rxc);
    avr->data[UCSRA] &= ~0x80;
    if (b->waiting) {
        memmove(b->fifo, b->fifo + 1, sizeof b->fifo - 1);
        if (--b->waiting)
            avr_raise_interrupt(avr, &b->uart->rxc);
    }
    return byte;
}

static void send(board_t *b, uint8_t byte);

static avr_cycle_count_t byte_sent(avr_t *avr, avr_cycle_count_t when, void *param)
{
    board_t *b = param;
    put(&b->from_program, &b->tx_shift, 1);
    b->stop |= b->tx_shift == '\n';
    b->sending = 0;
    if (b->buffered) {
        b->buffered = 0;
        send(b, b->tx_buffer);
    } else {
        avr_raise_interrupt(avr, &b->uart->txc);
    }
    return 0;
}

static void send(board_t *b, uint8_t byte)
{
    avr_t *avr = b->avr;
    if (b->sending) {
        b->tx_buffer = byte;
        b->buffered = 1;
        avr_clear_interrupt(avr, &b->uart->udrc);
        avr->data[UCSRA] &= ~0x20;
        return;
    }
    b->sending = 1;
    b->tx_shift = byte;
    avr_cycle_timer_register(avr, byte_cycles(avr), byte_sent, b);
    avr_clear_interrupt(avr, &b->uart->udrc); /* so that it is raised anew */
    avr_raise_interrupt(avr, &b->uart->udrc);
}

static void udr_write(avr_t *avr, avr_io_addr_t addr, uint8_t v, void *param)
{
    if (avr->data[UCSRB] & 8 && avr->data[UCSRA] & 0x20)
        send(param, v);
}

static void ucsra_write(avr_t *avr, avr_io_addr_t addr, uint8_t v, void *param)
{
    avr->data[addr] = (avr->data[addr] & ~0x43) | (v & 3) | (avr->data[addr] & ~v & 0x40);
}

static void ucsrb_write(avr_t *avr, avr_io_addr_t addr, uint8_t v, void *param)
{
    board_t *b = param;
    uint8_t risen = v & ~avr->data[addr];
    avr->data[addr] = v;
    if (!(v & 0x10))
        b->waiting = 0, avr->data[UCSRA] &= ~0x80;
    if (risen & 0x80 && b->waiting)
        avr_raise_interrupt(avr, &b->uart->rxc);
    if (risen & 0x20 && avr->data[UCSRA] & 0x20) {
        avr_clear_interrupt(avr, &b->uart->udrc);
        avr_raise_interrupt(avr, &b->uart->udrc);
    }
}

static void plain_write(avr_t *avr, avr_io_addr_t addr, uint8_t v, void *param) { avr->data[addr] = v; }
static uint8_t plain_read(avr_t *avr, avr_io_addr_t addr, void *param) { return avr->data[addr]; }

/* ---- analog inputs --------------------------------------------------------------------------------------------- */

static avr_cycle_count_t sampled(avr_t *avr, avr_cycle_count_t when, void *param)
{
    board_t *b = param;
    b->held_at = now(b);
    b->held = b->mux < 8 ? b->volts[b->mux] : 0.0;
    return 0;
}

static avr_cycle_count_t converted(avr_t *avr, avr_cycle_count_t when, void *param)
{
    board_t *b = param;
    b->result = (result_t){b->held_at, b->held, b->mux, avr->data[ADMUX], 1};
    avr->data[ADCSRA] &= ~0x40;
    b->converting = b->first = 0;
    avr_raise_interrupt(avr, &b->adc->adc);
    return 0;
}

/* The result is worked out when it is read; who looks is asked for the voltage of the moment when the input was held. */
static uint8_t adc_read(avr_t *avr, avr_io_addr_t addr, void *param)
{
    board_t *b = param;
    result_t *r = &b->result;
    if (r->fresh) {
        static const double internal[4] = {0.0, 5.0, 5.0, 1.1};
        double volts = b->look && r->mux < 8 ? b->look(r->mux, r->cycle) : r->volts;
        double count = volts / (r->control >> 6 ? internal[r->control >> 6] : b->aref) * 1024.0;
        uint16_t whole = count < 0.0 ? 0 : count > 1022.5 ? 1023 : (uint16_t)(count + 0.5); /* first step at half a count */
        if (r->control & 0x20)
            whole <<= 6;
        avr->data[ADCL] = whole;
        avr->data[ADCH] = whole >> 8;
        r->fresh = 0;
    }
    return avr->data[addr];
}

/* Table 24-1: sample and hold, and the whole conversion, in half cycles of the converter's clock. */
static void convert(board_t *b, int triggered)
{
    avr_t *avr = b->avr;
    int half = 1 << ((avr->data[ADCSRA] & 7) ? (avr->data[ADCSRA] & 7) : 1);
    b->converting = 1;
    b->mux = avr->data[ADMUX] & 15;
    avr->data[ADCSRA] |= 0x40;
    avr_cycle_timer_register(avr, half * (b->first ? 27 : triggered ? 4 : 3) / 2, sampled, b);
    avr_cycle_timer_register(avr, half * (b->first ? 50 : triggered ? 27 : 26) / 2, converted, b);
}

static void adcsra_write(avr_t *avr, avr_io_addr_t addr, uint8_t v, void *param)
{
    board_t *b = param;
    uint8_t before = avr->data[addr];
    avr->data[addr] = (v & 0xAF) | (before & ~v & 0x10) | (before & 0x40);
    if (before & v & 0x10)
        avr_clear_interrupt(avr, &b->adc->adc);
    if (!(v & 0x80)) {
        avr_cycle_timer_cancel(avr, sampled, b);
        avr_cycle_timer_cancel(avr, converted, b);
        avr->data[addr] &= ~0x40;
        b->converting = 0;
        return;
    }
    b->first |= !(before & 0x80);
    if (v & 0x40 && !b->converting)
        convert(b, 0);
}

static void timer0_matched(struct avr_irq_t *irq, uint32_t value, void *param)
{
    board_t *b = param;
    if (value && (b->avr->data[ADCSRA] & 0xA0) == 0xA0 && (b->avr->data[ADCSRB] & 7) == 3 && !b->converting)
        convert(b, 1);
}

/* ---- spike inputs ---------------------------------------------------------------------------------------------- */

enum { CAPTURE_CYCLES = 24, SPIKE_CYCLES = 800 }; /* the shield's pulse to ICP1, 1.5 us; a spike above its threshold, 50 us */

static void put_on(board_t *b, int port, int pin, int level)
{
    b->outside[port] = (b->outside[port] & ~(1 << pin)) | (level << pin);
    avr_raise_irq(avr_io_getirq(b->avr, AVR_IOCTL_IOPORT_GETIRQ('B' + port), pin), level);
    pins_changed(b, port);
}

static avr_cycle_count_t capture_over(avr_t *avr, avr_cycle_count_t when, void *param)
{
    put_on(param, PORT_B, 0, 0);
    return 0;
}

static avr_cycle_count_t spike_1_over(avr_t *avr, avr_cycle_count_t when, void *param)
{
    put_on(param, PORT_D, 4, 0);
    return 0;
}

static avr_cycle_count_t spike_2_over(avr_t *avr, avr_cycle_count_t when, void *param)
{
    put_on(param, PORT_D, 5, 0);
    return 0;
}

static avr_cycle_count_t rise(avr_t *avr, avr_cycle_count_t when, void *param)
{
    board_t *b = param;
    while (b->rises_to_come && b->rises[0].cycle <= now(b)) {
        int input = b->rises[0].input;
        memmove(b->rises, b->rises + 1, --b->rises_to_come * sizeof b->rises[0]);
        put_on(b, PORT_B, 0, 1);
        avr_cycle_timer_register(avr, CAPTURE_CYCLES, capture_over, b);
        put_on(b, PORT_D, 4 + input, 1);
        avr_cycle_timer_register(avr, SPIKE_CYCLES, input ? spike_2_over : spike_1_over, b);
    }
    return b->rises_to_come ? b->rises[0].cycle - b->base : 0;
}

/* Spikes that are to come, in rising order; they replace those that were told before. */
void shim_spikes(board_t *b, const uint64_t *cycles, const uint8_t *inputs, int n)
{
    rise(b->avr, 0, b); /* one that is due now has come */
    avr_cycle_timer_cancel(b->avr, rise, b);
    b->rises_to_come = n < 64 ? n : 64;
    for (int i = 0; i < b->rises_to_come; i++) {
        b->rises[i].cycle = cycles[i];
        b->rises[i].input = inputs[i];
    }
    if (n > 0)
        avr_cycle_timer_register(b->avr, cycles[0] > now(b) ? cycles[0] - now(b) : 1, rise, b);
}

/* ---- EEPROM ---------------------------------------------------------------------------------------------------- */

static avr_cycle_count_t eeprom_over(avr_t *avr, avr_cycle_count_t when, void *param)
{
    avr->data[EECR] &= ~2;
    return 0;
}

static avr_cycle_count_t eeprom_closed(avr_t *avr, avr_cycle_count_t when, void *param)
{
    avr->data[EECR] &= ~4;
    return 0;
}

static void eecr_write(avr_t *avr, avr_io_addr_t addr, uint8_t v, void *param)
{
    board_t *b = param;
    uint8_t before = avr->data[addr];
    uint16_t place = (avr->data[0x41] | avr->data[0x42] << 8) & (b->eeprom->size - 1);
    if (before & 2) /* being written */
        return;
    avr->data[addr] = (v & 0x3C) | (before & 4);
    if (v & 1)
        avr->data[0x40] = b->eeprom->eeprom[place];
    if (v & 4 && !(v & 2))
        avr_cycle_timer_register(avr, 4, eeprom_closed, b);
    if (v & 2 && before & 4) {
        b->eeprom->eeprom[place] = avr->data[0x40];
        avr->data[addr] = (avr->data[addr] & ~4) | 2;
        avr_cycle_timer_register(avr, EEPROM_WRITE_CYCLES, eeprom_over, b);
    }
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

static board_t *board_of[64]; /* a hook of a restart is told the processor only */

static void no_sleep(avr_t *avr, avr_cycle_count_t cycles) {}
static void no_log(avr_t *avr, const int level, const char *format, va_list arguments) {}

static void on_reset(avr_t *avr)
{
    for (int i = 0; i < 64; i++)
        if (board_of[i] && board_of[i]->avr == avr) {
            board_of[i]->restarted = 1;
            if (board_of[i]->reset)
                board_of[i]->reset(avr);
        }
}

/* After a restart: every pin floats, nothing is under way, the levels on the inputs are there. */
static void begin(board_t *b)
{
    avr_t *avr = b->avr;
    b->restarted = 0;
    b->receiving = b->waiting = b->sending = b->buffered = 0;
    b->converting = b->first = b->result.fresh = 0;
    b->spi_done = b->rises_to_come = 0;
    b->outside[PORT_B] &= ~1;
    b->outside[PORT_D] &= ~0x30;
    avr->data[UCSRA] = 0x20;
    avr->data[UCSRB] = 0;
    avr->data[UCSRC] = 6;
    for (int i = 0; i < 2; i++)
        avr_extint_set_strict_lvl_trig(avr, i, 0); /* it would look at a low pin at every cycle */
    record(b, RESTARTED, 0, 0);
    for (int port = 0; port < PORTS; port++) {
        b->driven[port] = b->direction[port] = 0;
        avr->data[PIN[port]] = b->outside[port];
        pins_changed(b, port);
    }
    b->stop = 1;
    start_receiving(b);
}

static void hook(board_t *b, avr_io_addr_t addr, avr_io_read_t read, avr_io_write_t write)
{
    int i = AVR_DATA_TO_IO(addr);
    if (read)
        b->avr->io[i].r.c = read, b->avr->io[i].r.param = b;
    if (write)
        b->avr->io[i].w.c = write, b->avr->io[i].w.param = b;
}

static avr_io_t *module(avr_t *avr, const char *kind)
{
    for (avr_io_t *io = avr->io_port; io; io = io->next)
        if (!strcmp(io->kind, kind))
            return io;
    return NULL;
}

static avr_irq_t *watch(board_t *b, uint32_t which, int index, avr_irq_notify_t notify)
{
    avr_irq_t *irq = avr_io_getirq(b->avr, which, index);
    avr_irq_set_flags(irq, avr_irq_get_flags(irq) & ~IRQ_FLAG_FILTERED);
    avr_irq_register_notify(irq, notify, b);
    return irq;
}

void shim_restart(board_t *b, int flags, uint64_t boot)
{
    uint64_t before = now(b);
    avr_reset(b->avr);
    b->base = before - b->avr->cycle;
    b->avr->data[MCUSR] = flags;
    if (flags & 1) /* power: the converters forget */
        for (int i = 0; i < 2; i++) {
            converter_t *c = &b->converters[i];
            memset(c, 0, sizeof *c);
            for (int leg = 0; leg < 2; leg++)
                record(b, LATCHED, 2 * i + leg, 0);
        }
    begin(b);
    b->start = before + boot;
}

board_t *shim_new(const uint8_t *code, uint32_t size, int flags)
{
    int slot = 0;
    while (slot < 64 && board_of[slot])
        slot++;
    if (slot == 64)
        return NULL;
    avr_global_logger_set(no_log);
    board_t *b = calloc(1, sizeof *b);
    avr_t *avr = b->avr = avr_make_mcu_by_name("atmega328p");
    board_of[slot] = b;
    avr_init(avr);
    avr->frequency = 16000000;
    avr->sleep = no_sleep;
    avr->vcc = avr->avcc = 5000;
    avr->aref = 2500;
    b->aref = 2.5;
    avr_loadcode(avr, (uint8_t *)code, size, 0);
    avr->codeend = avr->flashend;
    b->uart = (avr_uart_t *)module(avr, "uart");
    b->uart->flags = 0;
    b->adc = (avr_adc_t *)module(avr, "adc");
    b->eeprom = (avr_eeprom_t *)module(avr, "eeprom");
    b->spi = (avr_spi_t *)module(avr, "spi");
    b->reset = avr->reset;
    avr->reset = on_reset;
    for (int port = 0; port < PORTS; port++) {
        b->written[port] = watch(b, AVR_IOCTL_IOPORT_GETIRQ('B' + port), IOPORT_IRQ_REG_PORT, port_written);
        b->turned[port] = watch(b, AVR_IOCTL_IOPORT_GETIRQ('B' + port), IOPORT_IRQ_DIRECTION_ALL, port_written);
    }
    avr_irq_register_notify(avr_get_interrupt_irq(avr, TIMER0_COMPA) + AVR_INT_IRQ_PENDING, timer0_matched, b);
    watch(b, AVR_IOCTL_TIMER_GETIRQ('1'), TIMER_IRQ_OUT_COMP + AVR_TIMER_COMPA, match_1a);
    watch(b, AVR_IOCTL_TIMER_GETIRQ('2'), TIMER_IRQ_OUT_COMP + AVR_TIMER_COMPB, match_2b);
    b->tccr2b.c = avr->io[AVR_DATA_TO_IO(TCCR2B)].w.c;
    b->tccr2b.param = avr->io[AVR_DATA_TO_IO(TCCR2B)].w.param;
    hook(b, SPDR, NULL, spdr_write);
    hook(b, TCCR1C, NULL, tccr1c_write);
    hook(b, TCCR2B, NULL, tccr2b_write);
    hook(b, GTCCR, NULL, gtccr_write);
    hook(b, UDR, udr_read, udr_write);
    hook(b, UCSRA, plain_read, ucsra_write);
    hook(b, UCSRB, NULL, ucsrb_write);
    hook(b, UCSRC, NULL, plain_write);
    hook(b, UBRRL, NULL, plain_write);
    hook(b, UBRRH, NULL, plain_write);
    hook(b, ADCL, adc_read, NULL);
    hook(b, ADCH, adc_read, NULL);
    hook(b, ADCSRA, NULL, adcsra_write);
    hook(b, ADCSRB, NULL, plain_write);
    hook(b, EECR, NULL, eecr_write);
    shim_restart(b, flags, 0);
    return b;
}

void shim_free(board_t *b)
{
    for (int i = 0; i < 64; i++)
        if (board_of[i] == b)
            board_of[i] = NULL;
    avr_terminate(b->avr);
    free(b->avr);
    free(b->events);
    free(b->to_program.bytes);
    free(b->from_program.bytes);
    free(b);
}

static avr_cycle_count_t far_enough(avr_t *avr, avr_cycle_count_t when, void *param) { return 0; }

/* Run until this cycle; with `watch`, not beyond a change of an output or the end of a line. */
int shim_run(board_t *b, uint64_t until, int watch)
{
    avr_t *avr = b->avr;
    b->stop = 0;
    start_receiving(b);
    if (now(b) < until)
        avr_cycle_timer_register(avr, until - now(b), far_enough, b);
    while (now(b) < until && !(b->stop && watch)) {
        if (now(b) < b->start) { /* in the bootloader: what comes is lost */
            avr->cycle += (until < b->start ? until : b->start) - now(b);
            avr_cycle_timer_process(avr);
            continue;
        }
        uint64_t before = now(b);
        int state = avr_run(avr);
        if (b->restarted) {
            b->base = before - avr->cycle;
            begin(b);
            if (now(b) < until)
                avr_cycle_timer_register(avr, until - now(b), far_enough, b);
        }
        if (state == cpu_Done || state == cpu_Crashed || state == cpu_Stopped)
            return HALTED;
    }
    avr_cycle_timer_cancel(avr, far_enough, b);
    return b->stop ? CHANGED : REACHED;
}

uint64_t shim_cycle(board_t *b) { return now(b); }
void shim_look(board_t *b, look_t look) { b->look = look; }
uint32_t shim_pc(board_t *b) { return b->avr->pc; }
void shim_send(board_t *b, const uint8_t *data, size_t n) { put(&b->to_program, data, n); }
size_t shim_unread(board_t *b) { return b->to_program.count; }
size_t shim_pending(board_t *b) { return b->from_program.count; }
size_t shim_events(board_t *b) { return b->count; }
void shim_analog(board_t *b, int channel, double volts) { b->volts[channel & 7] = volts; }
void shim_aref(board_t *b, double volts) { b->aref = volts; }
int shim_level(board_t *b, int port, int pin) { return b->level[port] >> pin & 1; }
uint8_t *shim_memory(board_t *b) { return b->avr->data; }
uint8_t *shim_eeprom(board_t *b) { return b->eeprom->eeprom; }

void shim_take_received(board_t *b, uint8_t *into)
{
    memcpy(into, b->from_program.bytes + b->from_program.first, b->from_program.count);
    b->from_program.first = b->from_program.count = 0;
}

void shim_take_events(board_t *b, event_t *into)
{
    memcpy(into, b->events, b->count * sizeof(event_t));
    b->count = 0;
}

void shim_pin(board_t *b, int port, int pin, int level) { put_on(b, port, pin, level); }
