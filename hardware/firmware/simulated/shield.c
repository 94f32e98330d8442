/* The shield: two MCP4922 behind SPI, chip selects and LDAC; OE, SYNC OUT; the comparators of SPIKE IN. */
#include "board.h"

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
        if (code != c->output[leg])
            stop(b);
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
        stop(b);
    }
    for (int i = 0; i < 2; i++)
        if (changed & 0x40 << i) {
            record(b, ENABLE, i + 1, level >> (6 + i) & 1);
            stop(b);
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

enum { CAPTURE_CYCLES = 24, SPIKE_CYCLES = 800 }; /* the shield's pulse to ICP1, 1.5 us; a spike above its threshold, 50 us */

static void put_on(board_t *b, int port, int pin, int level)
{
    b->outside[port] = (b->outside[port] & ~(1 << pin)) | (level << pin);
    b->avr->data[ICR1 + 1] = b->captured_high; /* as it was before it was read */
    avr_raise_irq(avr_io_getirq(b->avr, AVR_IOCTL_IOPORT_GETIRQ('B' + port), pin), level);
    b->captured_high = b->avr->data[ICR1 + 1];
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

/* In the very cycle of the spike, which the capture unit stamps, and not after the instruction in which it falls. */
static avr_cycle_count_t rise(avr_t *avr, avr_cycle_count_t when, void *param)
{
    board_t *b = param;
    avr_cycle_count_t served = avr->cycle;
    while (b->rises_to_come && b->rises[0].cycle <= now(b)) {
        int input = b->rises[0].input;
        avr_cycle_count_t due = b->rises[0].cycle - b->base;
        if (due >= b->timer1->tov_base && due + CAPTURE_CYCLES > served) /* else it was told too late: now */
            avr->cycle = due;
        memmove(b->rises, b->rises + 1, --b->rises_to_come * sizeof b->rises[0]);
        put_on(b, PORT_B, 0, 1);
        avr_cycle_timer_register(avr, CAPTURE_CYCLES, capture_over, b);
        put_on(b, PORT_D, 4 + input, 1);
        avr_cycle_timer_register(avr, SPIKE_CYCLES, input ? spike_2_over : spike_1_over, b);
        avr->cycle = served;
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
