/* SOUR, OUTP, ARM, TRIG, ABOR and SYNC: what flows, and when. */
#include <avr/pgmspace.h>

#include "answer.h"
#include "errors.h"
#include "handlers.h"
#include "output.h"
#include "program.h"
#include "run.h"
#include "status.h"
#include "sync.h"

#define TICK_LEAST 50
#define TICK_MOST 10000

HANDLER(current_set)
{
    return output_set(shared.request.channel, shared.request.numbers[0]);
}

HANDLER(current_query)
{
    return value(output_level(shared.request.channel));
}

HANDLER(range_query)
{
    return word(output_quarter(shared.request.channel) ? PSTR("QUARTER,15259") : PSTR("FULL,61035"));
}

HANDLER(output_set_state)
{
    if (shared.request.word == OFF) {
        output_switch_off(shared.request.channel);
        return NO_ERROR;
    }
    if (run_state != IDLE)
        return SETTINGS_CONFLICT;
    if (status_latched(TRIPPED))
        return WATCHDOG_TRIPPED;
    output_switch_on(shared.request.channel);
    return NO_ERROR;
}

HANDLER(output_query)
{
    return word(output_on(shared.request.channel) ? PSTR("ON") : PSTR("OFF"));
}

HANDLER(check_query)
{
    uint8_t n = shared.request.channel;
    answer_number(programs[n].count);
    answer_char(',');
    answer_number(programs[n].ticks);
    answer_char(',');
    answer_hex(programs[n].crc);
    return ANSWERED;
}

HANDLER(tick_set)
{
    int32_t us = shared.request.numbers[0];
    if (us < TICK_LEAST || us > TICK_MOST)
        return DATA_OUT_OF_RANGE;
    run_ticks[shared.request.channel] = (uint16_t)us;
    return NO_ERROR;
}

HANDLER(tick_query)
{
    return value(run_ticks[shared.request.channel]);
}

HANDLER(trigger_source_set)
{
    run_external = shared.request.word == EXTERNAL;
    return NO_ERROR;
}

HANDLER(trigger_source_query)
{
    return word(run_external ? PSTR("EXT") : PSTR("IMM"));
}

HANDLER(arm)
{
    if (run_state != IDLE)
        return INIT_IGNORED;
    if (status_latched(TRIPPED))
        return WATCHDOG_TRIPPED;
    uint8_t channels = 0;
    for (uint8_t n = 0; n < CHANNELS; n++) {
        if (output_on(n) && programs[n].count)
            channels |= (uint8_t)_BV(n);
    }
    if (channels == 0 || (channels == 3 && run_ticks[0] != run_ticks[1]))
        return SETTINGS_CONFLICT;
    run_arm(channels);
    return NO_ERROR;
}

HANDLER(trigger)
{
    if (run_state != ARMED || run_external)
        return TRIGGER_IGNORED;
    run_trigger();
    return NO_ERROR;
}

HANDLER(abort_run)
{
    output_abort();
    return NO_ERROR;
}

HANDLER(sync_set)
{
    int32_t every = shared.request.numbers[0];
    if (shared.request.word == SYNC_TICK) {
        if (every < 2 || every > UINT16_MAX)
            return DATA_OUT_OF_RANGE;
        sync_every = (uint16_t)every;
    }
    sync_mode = shared.request.word;
    return NO_ERROR;
}

HANDLER(sync_query)
{
    static const char MODES[][6] PROGMEM = {"START", "EPOCH", "TICK,", "OFF"};
    answer_text(MODES[sync_mode]);
    if (sync_mode == SYNC_TICK)
        answer_number(sync_every);
    return ANSWERED;
}
