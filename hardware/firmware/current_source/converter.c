#include "converter.h"

#include <avr/io.h>

#include "calibration.h"
#include "pins.h"

/* MCP4922 (Microchip DS22250A, register 5-1): bit 15 output B, 13 gain 1, 12 not shut down, 11-0 the code. */
#define OUTPUT_A 0x3000
#define OUTPUT_B 0xB000

static uint16_t shifted[CHANNELS][2]; /* what the source and sink legs' input latches hold */

/* The compare unit of OC1A holds LDAC at all times; a strobe makes it do at once what it shall do at a match. */
static void ldac_high(void)
{
    TCCR1A = _BV(COM1A1) | _BV(COM1A0);
    TCCR1C = _BV(FOC1A);
}

static void ldac_low(void)
{
    TCCR1A = _BV(COM1A1);
    TCCR1C = _BV(FOC1A);
}

static void shift(uint8_t channel, uint16_t word)
{
    if (channel == 0)
        PORTB &= (uint8_t)~_BV(PIN_CS1);
    else
        PORTC &= (uint8_t)~_BV(PIN_CS2);
    SPDR = (uint8_t)(word >> 8);
    while (!(SPSR & _BV(SPIF)))
        ;
    SPDR = (uint8_t)word;
    while (!(SPSR & _BV(SPIF)))
        ;
    PORTB |= _BV(PIN_CS1);
    PORTC |= _BV(PIN_CS2);
}

void converter_start(void)
{
    ldac_high(); /* while the pin is still an input that its resistor holds high: the unit is low after a reset */
    DDRB |= _BV(PIN_LDAC);
    SPCR = _BV(SPE) | _BV(MSTR);
    SPSR = _BV(SPI2X); /* 8 MHz of the 20 MHz that the MCP4922 takes */
    for (uint8_t channel = 0; channel < CHANNELS; channel++) {
        shift(channel, OUTPUT_A);
        shift(channel, OUTPUT_B);
    }
    converter_latch();
}

void converter_prepare(uint8_t channel, int16_t code)
{
    uint16_t magnitude = calibration_correct(channel, code);
    uint16_t source = code > 0 ? magnitude : 0;
    uint16_t sink = code < 0 ? magnitude : 0;
    if (shifted[channel][0] != source) {
        shifted[channel][0] = source;
        shift(channel, OUTPUT_A | source);
    }
    if (shifted[channel][1] != sink) {
        shifted[channel][1] = sink;
        shift(channel, OUTPUT_B | sink);
    }
}

void converter_latch(void)
{
    ldac_low();
    ldac_high();
}

void converter_arm(void)
{
    TCCR1A = _BV(COM1A1);
}

void converter_disarm(void)
{
    ldac_high();
}
