/* The analog inputs: held and converted in the converter's own time, at once or by the timer. */
#include "board.h"

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
