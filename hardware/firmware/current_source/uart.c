#include "uart.h"

#include <avr/interrupt.h>
#include <avr/io.h>

#include "flags.h"
#include "watchdog.h"

/* A host has one request out at a time; besides it only the safe line (11 bytes) may come while an answer is being made. */
#define RING 24

static volatile uint8_t ring[RING];
static volatile uint8_t head, tail;

void uart_start(void)
{
    UBRR0 = F_CPU / 16 / 500000 - 1;
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXCIE0) | _BV(RXEN0) | _BV(TXEN0);
}

static inline uint8_t after(uint8_t place)
{
    return place + 1 == RING ? 0 : place + 1;
}

ISR(USART_RX_vect)
{
    if (UCSR0A & _BV(DOR0))
        FLAGS |= FLAG_BYTES_LOST;
    uint8_t byte = UDR0;
    uint8_t next = after(head);
    if (next == tail) {
        FLAGS |= FLAG_BYTES_LOST;
        return;
    }
    ring[head] = byte;
    head = next;
}

bool uart_empty(void)
{
    return head == tail;
}

bool uart_take(uint8_t *byte)
{
    if (uart_empty())
        return false;
    *byte = ring[tail];
    tail = after(tail);
    return true;
}

void uart_put(uint8_t byte)
{
    while (!(UCSR0A & _BV(UDRE0)))
        watchdog_check();
    UDR0 = byte;
}
