/* What libsimavr's timers lack: forced matches, matches that reach their pins in their cycle, captures read whole, the common
   start. The EEPROM's time. */
#include "board.h"

/* A forced compare match: the pin does what the mode says, nothing else happens (16.11.3). */
static void force(board_t *b, char timer, int compare, int mode, int level)
{
    if (mode)
        avr_raise_irq(
            avr_io_getirq(b->avr, AVR_IOCTL_TIMER_GETIRQ(timer), TIMER_IRQ_OUT_COMP + compare),
            AVR_IOPORT_OUTPUT | (mode == 1 ? !level : mode == 3));
}

/* What a compare match does to its pin, in its very cycle: libsimavr serves it after the instruction in which it falls. Also
   1.6 loses the flag that makes the pin an output (it keeps it in 8 bits), and at an overflow it does the contrary, as in
   PWM, in every mode. */
static void match(struct avr_irq_t *irq, uint32_t value, const avr_timer_t *timer, int compare, int mode)
{
    avr_t *avr = timer->io.avr;
    const avr_timer_comp_t *comp = &timer->comp[compare];
    if (value & AVR_IOPORT_OUTPUT || mode < 2 || value != (uint32_t)(mode == 3))
        return;
    avr_cycle_count_t served = avr->cycle;
    avr->cycle = timer->tov_base + comp->comp_cycles % timer->tov_cycles; /* a match at the overflow: counted anew since */
    avr_raise_irq(irq, AVR_IOPORT_OUTPUT | value);
    avr->cycle = served;
}

static void match_1a(struct avr_irq_t *irq, uint32_t value, void *param)
{
    board_t *b = param;
    match(irq, value, b->timer1, AVR_TIMER_COMPA, b->avr->data[TCCR1A] >> 6);
}

static void match_2b(struct avr_irq_t *irq, uint32_t value, void *param)
{
    board_t *b = param;
    match(irq, value, b->timer2, AVR_TIMER_COMPB, b->avr->data[TCCR2A] >> 4 & 3);
}

/* These registers are reached by stores of two cycles, which take effect at their end: a match until then finds the old
   value. (Assumed of one in the last cycle: both are clocked by the same edge.) */
enum { STORE_CYCLES = 2 };

static void timer_write(avr_t *avr, avr_io_addr_t addr, uint8_t v, void *param)
{
    board_t *b = param;
    int forced_1 = addr == TCCR1C ? v & 0xC0 : 0, forced_2 = addr == TCCR2B ? v & 0x40 : 0;
    avr->cycle += STORE_CYCLES;
    avr_cycle_timer_process(avr);
    if (b->own_write[addr].c)
        b->own_write[addr].c(avr, addr, v & ~forced_2, b->own_write[addr].param);
    for (int i = 0; i < 2; i++)
        if (forced_1 & 0x80 >> i)
            force(b, '1', i, avr->data[TCCR1A] >> (6 - 2 * i) & 3, b->level[PORT_B] >> (1 + i) & 1);
    if (forced_2)
        force(b, '2', 1, avr->data[TCCR2A] >> 4 & 3, b->level[PORT_D] >> 3 & 1);
    avr->cycle -= STORE_CYCLES;
    avr->run_cycle_count = 1; /* who waits for a cycle may have been told just now that it has come */
}

/* The high byte of ICR1 is that of the moment when the low one was read (16.3): a capture in between tears nothing. */
static uint8_t icr1_read(avr_t *avr, avr_io_addr_t addr, void *param)
{
    board_t *b = param;
    b->high = b->captured_high;
    return avr->data[addr];
}

static uint8_t icr1_high_read(avr_t *avr, avr_io_addr_t addr, void *param) { return ((board_t *)param)->high; }

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
