#include "uart.h"

#include <avr/interrupt.h>
#include <avr/io.h>

#include "watchdog.h"

/* A host has one request out at a time; besides it only the safe line (11 bytes) may come while an answer is being made. */
#define RING 32

static volatile uint8_t ring[RING];
static volatile uint8_t head, tail;
static volatile bool lost;

void uart_start(void)
{
    UBRR0 = F_CPU / 16 / 500000 - 1;
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXCIE0) | _BV(RXEN0) | _BV(TXEN0);
}

ISR(USART_RX_vect)
{
    if (UCSR0A & _BV(DOR0))
        lost = true;
    uint8_t byte = UDR0;
    uint8_t next = (head + 1) % RING;
    if (next == tail) {
        lost = true;
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
    tail = (tail + 1) % RING;
    return true;
}

bool uart_lost(void)
{
    bool was = lost;
    if (was)
        lost = false;
    return was;
}

void uart_put(uint8_t byte)
{
    while (!(UCSR0A & _BV(UDRE0)))
        watchdog_check();
    UDR0 = byte;
}
