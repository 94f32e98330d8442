#include "output.h"

#include <util/atomic.h>
#include <util/delay.h>

#include "calibration.h"
#include "converter.h"
#include "errors.h"
#include "player.h"
#include "program.h"
#include "run.h"

#define FULL_SCALE 250000UL
#define RELAY_MS 2

volatile int16_t output_levels[CHANNELS];
volatile uint8_t output_shown;

static bool quarter[CHANNELS]; /* the jumpers as last found in IDLE: what the set levels and programs mean */

void output_pins(void)
{
    PORTD = 0;
    DDRD = _BV(PIN_OE1) | _BV(PIN_OE2);
    PORTB = _BV(PIN_CS1) | _BV(PIN_LDAC);
    PORTC = _BV(PIN_CS2);
    DDRB = _BV(PIN_CS1) | _BV(PIN_MOSI) | _BV(PIN_SCK);
    DDRC = _BV(PIN_CS2);
}

void output_init(void)
{
    for (uint8_t n = 0; n < CHANNELS; n++)
        quarter[n] = output_quarter(n);
}

static void shift(uint8_t channel, int16_t code)
{
    converter_legs(channel, converter_word(channel, code, OUTPUT_A));
}

/* In IDLE only: programs have the converters to themselves. */
static NOT_INLINE void show(uint8_t channel, int16_t code)
{
    shift(channel, code);
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        converter_latch();
        if (code < 0)
            output_shown |= (uint8_t)(SINKS << channel);
        else
            output_shown &= (uint8_t)~(SINKS << channel);
    }
}

static NOT_INLINE void zero(uint8_t channel)
{
    output_levels[channel] = 0;
    show(channel, 0);
}

void output_switch_on(uint8_t channel)
{
    if (output_on(channel))
        return;
    show(channel, 0);
    if (channel == 0)
        PORTD |= _BV(PIN_OE1);
    else
        PORTD |= _BV(PIN_OE2);
    _delay_ms(RELAY_MS); /* the current begins on a closed contact */
    show(channel, output_levels[channel]);
}

static void oe_low(uint8_t channel)
{
    if (channel == 0)
        PORTD &= (uint8_t)~_BV(PIN_OE1);
    else
        PORTD &= (uint8_t)~_BV(PIN_OE2);
}

void output_switch_off(uint8_t channel)
{
    if (run_state != IDLE)
        output_abort();
    run_stop();
    zero(channel);
    oe_low(channel);
}

void output_abort(void)
{
    run_stop();
    /* Both before they are latched: what was shifted in for the next tick is not to be seen. */
    for (uint8_t n = 0; n < CHANNELS; n++) {
        output_levels[n] = 0;
        shift(n, 0);
    }
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        converter_latch();
        output_shown = 0;
    }
}

void output_safe(void)
{
    for (uint8_t n = 0; n < CHANNELS; n++)
        oe_low(n);
    output_abort();
}

bool output_quarter(uint8_t channel)
{
    return channel == 0 ? !(PINB & _BV(PIN_RANGE1)) : !(PINC & _BV(PIN_RANGE2));
}

static uint32_t output_full_scale(bool in_quarter)
{
    return in_quarter ? FULL_SCALE / 4 : FULL_SCALE;
}

NOT_INLINE void output_look_at_jumpers(void)
{
    for (uint8_t n = 0; n < CHANNELS && run_state == IDLE; n++) {
        bool found = output_quarter(n);
        if (found == quarter[n])
            continue;
        quarter[n] = found;
        program_drop(n);
        zero(n);
        calibration_select(n);
    }
}

NOT_INLINE int32_t output_nanoamperes(int16_t code, bool in_quarter)
{
    uint32_t magnitude = code < 0 ? (uint32_t)-code : (uint32_t)code;
    int32_t nanoamperes = (int32_t)((magnitude * output_full_scale(in_quarter) + 2048) / 4096);
    return code < 0 ? -nanoamperes : nanoamperes;
}

int32_t output_level(uint8_t channel)
{
    int16_t code;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        code = output_levels[channel];
    }
    return output_nanoamperes(code, quarter[channel]);
}

uint8_t output_set(uint8_t channel, int32_t nanoamperes)
{
    uint32_t scale = output_full_scale(quarter[channel]);
    uint32_t magnitude = nanoamperes < 0 ? -(uint32_t)nanoamperes : (uint32_t)nanoamperes;
    if (magnitude >= scale)
        return DATA_OUT_OF_RANGE;
    int16_t code = (int16_t)((magnitude * 4096 + scale / 2) / scale);
    if (code > FULL_CODE)
        return DATA_OUT_OF_RANGE;
    if (nanoamperes < 0)
        code = -code;
    if (calibration_corrected(code, corrections[channel]) > FULL_CODE)
        return DATA_OUT_OF_RANGE;
    output_levels[channel] = code;
    if (output_on(channel))
        show(channel, code);
    return NO_ERROR;
}
