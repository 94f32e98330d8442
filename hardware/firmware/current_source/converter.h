/* The two MCP4922: code words shifted in by SPI, and latched together by LDAC. */
#ifndef CONVERTER_H
#define CONVERTER_H

#include <stdint.h>

void converter_start(void);

/* Shift in what a channel shall play next, a corrected magnitude (0 to 4095) on the leg of the code's sign; only what changes. */
void converter_prepare(uint8_t channel, int16_t code);

/* Latch now, by software: outside of programs. */
void converter_latch(void);

/* LDAC follows timer 1: low at the next match with OCR1A (armed), high at once (ready to be shifted into). Interrupts off. */
void converter_arm(void);
void converter_disarm(void);

#endif
