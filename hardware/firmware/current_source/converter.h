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
#define BYTE_CYCLES 17 /* 16, and one until the next may be written: shorter than to ask whether it is out */

extern uint16_t converter_holds[CHANNELS][2]; /* what the source and sink legs' input latches hold */

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

/* Shifts in what a channel shall play next, only what changes. */
INLINE void converter_legs(uint8_t channel, uint16_t source, uint16_t sink)
{
    if (converter_holds[channel][SOURCE_LEG] != source) {
        converter_holds[channel][SOURCE_LEG] = source;
        converter_shift(channel, OUTPUT_A | source);
    }
    if (converter_holds[channel][SINK_LEG] != sink) {
        converter_holds[channel][SINK_LEG] = sink;
        converter_shift(channel, OUTPUT_B | sink);
    }
}

/* The same for a code, corrected. Inline like what it calls: for a given channel that takes half the time. */
INLINE void converter_prepare(uint8_t channel, int16_t code)
{
    uint16_t magnitude = calibration_correct(channel, code);
    converter_legs(channel, code > 0 ? magnitude : 0, code < 0 ? magnitude : 0);
}

/* Latch now, by software: outside of programs. */
void converter_latch(void);

/* LDAC follows timer 1: low at the next match with OCR1A (armed), high at once (ready to be shifted into). Interrupts off. */
void converter_arm(void);
void converter_disarm(void);

#endif
