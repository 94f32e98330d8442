/* The two MCP4922: code words shifted in by SPI, and latched together by LDAC. */
#ifndef CONVERTER_H
#define CONVERTER_H

#include <avr/io.h>
#include <stdint.h>

#include "calibration.h"
#include "inline.h"
#include "pins.h"

/* MCP4922 (Microchip DS22250A, register 5-1): bit 15 output B, 13 gain 1, 12 not shut down, 11-0 the code. */
#define OUTPUT_A 0x3000
#define OUTPUT_B 0xB000
#define OTHER_OUTPUT 0x8000
#define CROSSES_BIT 6 /* of the upper byte, not for the converter: from one leg to the other */
#define CROSSES (1 << (8 + CROSSES_BIT))
#define BYTE_CYCLES 17 /* 16, and one until the next may be written: shorter than to ask whether it is out */

void converter_start(void);

INLINE void converter_shift(uint8_t channel, uint16_t word)
{
    if (channel == 0)
        PORTB &= (uint8_t)~_BV(PIN_CS1);
    else
        PORTC &= (uint8_t)~_BV(PIN_CS2);
    SPDR = (uint8_t)(word >> 8);
    __builtin_avr_delay_cycles(BYTE_CYCLES);
    SPDR = (uint8_t)word;
    __builtin_avr_delay_cycles(BYTE_CYCLES);
    if (channel == 0)
        PORTB |= _BV(PIN_CS1);
    else
        PORTC |= _BV(PIN_CS2);
}

/* The word of the leg that drives a code, corrected; the other leg is to be at 0. At 0 the leg stays that of `last`. */
uint16_t converter_word(uint8_t channel, int16_t code, uint16_t last);

/* The word that puts the other leg at 0. */
INLINE uint16_t converter_other(uint16_t word)
{
    return (~word & OTHER_OUTPUT) | OUTPUT_A;
}

/* Both legs of a channel, to wait for LDAC. */
void converter_legs(uint8_t channel, uint16_t word);

/* Latch now, by software: outside of programs. */
void converter_latch(void);

/* LDAC follows timer 1: low at the next match with OCR1A (armed), high at once (ready to be shifted into). Interrupts off. */
INLINE void converter_disarm(void)
{
    /* The compare unit of OC1A holds LDAC at all times; a strobe makes it do at once what it shall do at a match. */
    TCCR1A = _BV(COM1A1) | _BV(COM1A0);
    TCCR1C = _BV(FOC1A);
}

INLINE void converter_arm(void)
{
    TCCR1A = _BV(COM1A1);
}

#endif
