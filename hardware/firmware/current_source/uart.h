/* The serial line, section 2: 500 000 baud, 8 data bits, no parity, 1 stop bit. */
#ifndef UART_H
#define UART_H

#include <stdbool.h>
#include <stdint.h>

void uart_start(void);

/* True when a byte was there. */
bool uart_take(uint8_t *byte);

bool uart_empty(void);

/* Sends a byte, waiting for room; the watchdog is watched meanwhile. */
void uart_put(uint8_t byte);

#endif
