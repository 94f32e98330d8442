/* MEAS, SPIK and ADC: what the source sees. */
#include <avr/pgmspace.h>
#include <stdbool.h>

#include "answer.h"
#include "errors.h"
#include "handlers.h"
#include "memory.h"
#include "output.h"
#include "stamps.h"
#include "stream.h"

#define COUNTS 1024
#define CODES_A_COUNT 4
#define FULL_MILLIVOLTS 5000
#define SLOT_LEAST 2
#define SLOT_MOST 8000
#define STAMPS_MOST 64
#define SCANS_MOST 192

HANDLER(measure_current)
{
    if (!parameters_name_channel())
        return DATA_OUT_OF_RANGE;
    uint8_t n = shared.request.channel;
    return value(output_nanoamperes(CODES_A_COUNT * stream_measure(2 * n + I1), output_quarter(n)));
}

HANDLER(measure_voltage)
{
    if (!parameters_name_channel())
        return DATA_OUT_OF_RANGE;
    uint8_t n = shared.request.channel;
    uint32_t count = (uint16_t)stream_measure(2 * n + V1);
    return value((int32_t)((count * FULL_MILLIVOLTS + COUNTS / 2) / COUNTS));
}

static uint8_t switch_word(bool is_on)
{
    return word(is_on ? PSTR("ON") : PSTR("OFF"));
}

HANDLER(spikes_set)
{
    if (!parameters_name_channel())
        return DATA_OUT_OF_RANGE;
    stamps_enable(shared.request.channel, shared.request.word == ON);
    return NO_ERROR;
}

HANDLER(spikes_query)
{
    if (!parameters_name_channel())
        return DATA_OUT_OF_RANGE;
    return switch_word(stamps_enabled(shared.request.channel));
}

HANDLER(spikes_data)
{
    if (!parameters_name_channel() || shared.request.numbers[1] < 1 || shared.request.numbers[1] > STAMPS_MOST)
        return DATA_OUT_OF_RANGE;
    stamps_answer(shared.request.channel, (uint8_t)shared.request.numbers[1]);
    return SENT_BLOCK;
}

HANDLER(scan_set)
{
    if (shared.request.numbers[0] < 1 || shared.request.numbers[0] > 15)
        return DATA_OUT_OF_RANGE;
    stream_set = (uint8_t)shared.request.numbers[0];
    return NO_ERROR;
}

HANDLER(scan_query)
{
    return value(stream_set);
}

HANDLER(slot_set)
{
    if (shared.request.numbers[0] < SLOT_LEAST || shared.request.numbers[0] > SLOT_MOST)
        return DATA_OUT_OF_RANGE;
    stream_slots = (uint16_t)shared.request.numbers[0];
    return NO_ERROR;
}

HANDLER(slot_query)
{
    return value(stream_slots);
}

HANDLER(stream_set_state)
{
    if (shared.request.word == OFF)
        stream_stop();
    else if (!stream_start())
        return SETTINGS_CONFLICT;
    return NO_ERROR;
}

HANDLER(stream_query)
{
    return switch_word(stream_on());
}

HANDLER(stream_data)
{
    if (shared.request.numbers[0] < 1 || shared.request.numbers[0] > SCANS_MOST)
        return DATA_OUT_OF_RANGE;
    stream_answer((uint8_t)shared.request.numbers[0]);
    return SENT_BLOCK;
}

HANDLER(stream_t0)
{
    stream_answer_t0();
    return ANSWERED;
}
