/* CAL: section 12. */
#include <avr/pgmspace.h>
#include <stdbool.h>
#include <stddef.h>

#include "calibration.h"
#include "errors.h"
#include "handlers.h"
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

/* The leg that a line names, or NULL. */
static struct correction *leg(void)
{
    if (!parameters_name_channel())
        return NULL;
    return &corrections[shared.request.channel][shared.request.word];
}

/* Sets a correction, and drops what was checked against the old one. */
static uint8_t change(int16_t *correction, int32_t to, int16_t most)
{
    if (to < -most || to > most)
        return DATA_OUT_OF_RANGE;
    output_abort();
    for (uint8_t n = 0; n < CHANNELS; n++)
        program_drop(n);
    *correction = (int16_t)to;
    calibration_state = CHANGED;
    return NO_ERROR;
}

HANDLER(gain_set)
{
    struct correction *named = leg();
    return named ? change(&named->gain, shared.request.numbers[1], GAIN_MOST) : (uint8_t)DATA_OUT_OF_RANGE;
}

HANDLER(gain_query)
{
    const struct correction *named = leg();
    return named ? value(named->gain) : (uint8_t)DATA_OUT_OF_RANGE;
}

HANDLER(offset_set)
{
    struct correction *named = leg();
    return named ? change(&named->offset, shared.request.numbers[1], OFFSET_MOST) : (uint8_t)DATA_OUT_OF_RANGE;
}

HANDLER(offset_query)
{
    const struct correction *named = leg();
    return named ? value(named->offset) : (uint8_t)DATA_OUT_OF_RANGE;
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
