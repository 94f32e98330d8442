#include "converter.h"

uint16_t converter_holds[CHANNELS][2];

/* The compare unit of OC1A holds LDAC at all times; a strobe makes it do at once what it shall do at a match. */
void converter_disarm(void)
{
    TCCR1A = _BV(COM1A1) | _BV(COM1A0);
    TCCR1C = _BV(FOC1A);
}

void converter_arm(void)
{
    TCCR1A = _BV(COM1A1);
}

void converter_latch(void)
{
    converter_arm();
    TCCR1C = _BV(FOC1A);
    converter_disarm();
}

void converter_start(void)
{
    converter_disarm(); /* while the pin is still an input that its resistor holds high: the unit is low after a reset */
    DDRB |= _BV(PIN_LDAC);
    SPCR = _BV(SPE) | _BV(MSTR);
    SPSR = _BV(SPI2X); /* 8 MHz of the 20 MHz that the MCP4922 takes */
    for (uint8_t channel = 0; channel < CHANNELS; channel++) {
        converter_shift(channel, OUTPUT_A);
        converter_shift(channel, OUTPUT_B);
    }
    converter_latch();
}
