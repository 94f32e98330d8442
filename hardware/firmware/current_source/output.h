/* The two channels in IDLE: set levels, output enable, ranges; the safe state (section 10). */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "inline.h"
#include "pins.h"

extern volatile int16_t output_levels[CHANNELS]; /* set levels: codes */
extern volatile uint8_t output_shown;            /* of channel n PLAYS << n, SINKS << n */

/* Levels first, then directions: OE is driven low before anything else is driven. */
void output_pins(void);
void output_init(void);

/* True when OE is high. */
INLINE bool output_on(uint8_t channel)
{
    return PORTD & (channel == 0 ? _BV(PIN_OE1) : _BV(PIN_OE2));
}

void output_switch_on(uint8_t channel);
void output_switch_off(uint8_t channel);

/* Sets the level in IDLE: NO_ERROR or DATA_OUT_OF_RANGE. */
uint8_t output_set(uint8_t channel, int32_t nanoamperes);
int32_t output_level(uint8_t channel);

/* The nominal current of a code, rounded. */
int32_t output_nanoamperes(int16_t code, bool in_quarter);

/* The range jumper as it is now: true when it is closed. */
bool output_quarter(uint8_t channel);

/* In IDLE, before every line: if a jumper was moved, the channel's level becomes 0, its program is dropped, and its corrections are
   those of the range. */
void output_look_at_jumpers(void);

/* ABOR; the safe state. */
void output_abort(void);
void output_safe(void);

#endif
