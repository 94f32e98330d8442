/* CAL: section 12. */
#include <avr/pgmspace.h>
#include <stddef.h>

#include "calibration.h"
#include "errors.h"
#include "handlers.h"
#include "inline.h"
#include "output.h"
#include "program.h"

#define KEY 4922
#define GAIN_MOST 3276
#define OFFSET_MOST 8192

HANDLER(unlock)
{
    if (shared.request.numbers[0] != KEY)
        return COMMAND_PROTECTED;
    calibration_unlocked = true;
    return NO_ERROR;
}

HANDLER(lock)
{
    calibration_unlocked = false;
    return NO_ERROR;
}

enum which { GAIN, OFFSET };

/* The correction of the leg that a line names, or NULL. */
static int16_t *named(enum which which)
{
    if (!parameters_name_channel())
        return NULL;
    struct correction *leg = &corrections[shared.request.channel][shared.request.word];
    return which == GAIN ? &leg->gain : &leg->offset;
}

/* Sets a correction, and drops what was checked against the old one. */
static NOT_INLINE uint8_t change(enum which which, int16_t most)
{
    int16_t *correction = named(which);
    __int24 to = shared.request.numbers[1];
    if (!correction || to < -most || to > most)
        return DATA_OUT_OF_RANGE;
    *correction = (int16_t)to;
    calibration_state = CHANGED;
    output_abort();
    for (uint8_t n = 0; n < CHANNELS; n++)
        program_drop(n);
    return NO_ERROR;
}

static NOT_INLINE uint8_t tell(enum which which)
{
    const int16_t *correction = named(which);
    return correction ? value(*correction) : (uint8_t)DATA_OUT_OF_RANGE;
}

HANDLER(gain_set)
{
    return change(GAIN, GAIN_MOST);
}

HANDLER(gain_query)
{
    return tell(GAIN);
}

HANDLER(offset_set)
{
    return change(OFFSET, OFFSET_MOST);
}

HANDLER(offset_query)
{
    return tell(OFFSET);
}

HANDLER(store)
{
    calibration_store();
    return NO_ERROR;
}

HANDLER(calibration_query)
{
    static const char STATES[][8] PROGMEM = {"DEFAULT", "STORED", "CHANGED", "LOST"};
    return word(STATES[calibration_state]);
}
