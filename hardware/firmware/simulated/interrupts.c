/* Interrupts where libsimavr 1.6 is none of the chip's: flags, late enabling, and the time it takes to enter one. */
#include "board.h"

/* A 1 clears its flag, and no other (13.2.3, 16.11.9): libsimavr forgets all that are pending of a timer. */
static void flags_write(avr_t *avr, avr_io_addr_t addr, uint8_t v, void *param)
{
    for (int i = 0; i < avr->interrupts.vector_count; i++) {
        avr_int_vector_t *vector = avr->interrupts.vector[i];
        if (vector->raised.reg == addr && v >> vector->raised.bit & 1)
            avr_clear_interrupt(avr, vector);
    }
}

/* An interrupt that is enabled when its flag is there already comes at once (7.7); libsimavr has forgotten it by then. */
static void enables_write(avr_t *avr, avr_io_addr_t addr, uint8_t v, void *param)
{
    uint8_t risen = v & ~avr->data[addr];
    avr->data[addr] = v;
    for (int i = 0; i < avr->interrupts.vector_count; i++) {
        avr_int_vector_t *vector = avr->interrupts.vector[i];
        if (vector->enable.reg == addr && risen >> vector->enable.bit & 1 && avr_regbit_get(avr, vector->raised))
            avr_raise_interrupt(avr, vector);
    }
}

enum { ENTRY_CYCLES = 4, WAKING_CYCLES = 3 }; /* 7.7.1: 4, and 4 more out of sleep, of which libsimavr spends 1 */

/* Some instructions, or a sleep. To enter an interrupt takes its time, which libsimavr leaves out. */
static int run(avr_t *avr)
{
    int within = avr->interrupts.running_ptr, asleep = avr->state == cpu_Sleeping;
    int state = avr_run(avr);
    if (avr->interrupts.running_ptr > within) {
        avr->cycle += ENTRY_CYCLES + (asleep ? WAKING_CYCLES : 0);
        avr->run_cycle_count = 1;
    }
    return state;
}
