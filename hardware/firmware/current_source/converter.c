#include "converter.h"

#define TIMER_CYCLES 16

uint16_t converter_word(uint8_t channel, int16_t code, uint16_t last)
{
    uint16_t output = code > 0 ? OUTPUT_A : code < 0 ? OUTPUT_B : (last & OTHER_OUTPUT) | OUTPUT_A;
    return output | calibration_corrected(code, corrections[channel]);
}

static NOT_INLINE void shift(uint8_t channel, uint16_t word)
{
    converter_shift(channel, word);
}

void converter_legs(uint8_t channel, uint16_t word)
{
    word &= (uint16_t)~CROSSES;
    shift(channel, converter_other(word));
    shift(channel, word);
}

void converter_latch(void)
{
    converter_arm();
    TCCR1C = _BV(FOC1A);
    __builtin_avr_delay_cycles(TIMER_CYCLES); /* also if the unit follows the timer's clock */
    converter_disarm();
}

void converter_start(void)
{
    converter_disarm(); /* while the pin is still an input that its resistor holds high: the unit is low after a reset */
    DDRB |= _BV(PIN_LDAC);
    SPCR = _BV(SPE) | _BV(MSTR);
    SPSR = _BV(SPI2X); /* 8 MHz of the 20 MHz that the MCP4922 takes */
    for (uint8_t channel = 0; channel < CHANNELS; channel++)
        converter_legs(channel, OUTPUT_A);
    converter_latch();
}
