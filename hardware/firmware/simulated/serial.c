/* The serial port, bit by bit as long as a real one, two bytes deep and a third in the shift register. */
#include "board.h"

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
    if (b->tx_shift == '\n')
        stop(b);
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
