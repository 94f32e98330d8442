#include "commands.h"

#include <avr/pgmspace.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "answer.h"
#include "calibration.h"
#include "errors.h"
#include "handlers.h"
#include "output.h"
#include "program.h"
#include "run.h"
#include "stream.h"
#include "watchdog.h"

/* Where a command is allowed, section 3 and 4; without any: everywhere. */
enum condition {
    ANYWHERE = 0,
    IN_IDLE = 1,     /* else -221 */
    STREAM_OFF = 2,  /* else -221 */
    OUTPUTS_OFF = 4, /* else -221 */
    UNLOCKED = 8,    /* else -203 */
};

#define HEADER 16

/* `#` stands for the number of a channel. */
static const struct command {
    char header[HEADER];
    char kinds[KINDS];
    uint8_t conditions;
    uint8_t (*handler)(const struct request *request);
} COMMANDS[] PROGMEM = {
    {"*IDN?", "", ANYWHERE, idn_query},
    {"*RST", "", ANYWHERE, reset},
    {"*CLS", "", ANYWHERE, clear},
    {"STAT?", "", ANYWHERE, stat_query},
    {"SYST:ERR?", "", ANYWHERE, error_query},
    {"SYST:VERS?", "", ANYWHERE, version_query},
    {"SYST:RST?", "", ANYWHERE, cause_query},
    {"SYST:WDOG", "i", IN_IDLE, watchdog_set},
    {"SYST:WDOG?", "", ANYWHERE, watchdog_query},
    {"SYST:SAFE", "", ANYWHERE, safe},
    {"SOUR#:CURR", "i", IN_IDLE, current_set},
    {"SOUR#:CURR?", "", ANYWHERE, current_query},
    {"SOUR#:RANG?", "", ANYWHERE, range_query},
    {"OUTP#", "o", ANYWHERE, output_set_state},
    {"OUTP#?", "", ANYWHERE, output_query},
    {"SOUR#:WAV:DATA", "b", IN_IDLE | STREAM_OFF, NULL}, /* a block comes by command_execute_block */
    {"SOUR#:WAV:CHEC?", "", ANYWHERE, check_query},
    {"SOUR#:WAV:TICK", "i", IN_IDLE, tick_set},
    {"SOUR#:WAV:TICK?", "", ANYWHERE, tick_query},
    {"TRIG:SOUR", "t", IN_IDLE, trigger_source_set},
    {"TRIG:SOUR?", "", ANYWHERE, trigger_source_query},
    {"ARM", "", ANYWHERE, arm},
    {"TRIG", "", ANYWHERE, trigger},
    {"ABOR", "", ANYWHERE, abort_run},
    {"SYNC:MODE", "si", IN_IDLE, sync_set},
    {"SYNC:MODE?", "", ANYWHERE, sync_query},
    {"MEAS:CURR?", "i", ANYWHERE, measure_current},
    {"MEAS:VOLT?", "i", ANYWHERE, measure_voltage},
    {"SPIK:STAT", "io", ANYWHERE, spikes_set},
    {"SPIK:STAT?", "i", ANYWHERE, spikes_query},
    {"SPIK:DATA?", "ii", ANYWHERE, spikes_data},
    {"ADC:SCAN", "i", IN_IDLE | STREAM_OFF, scan_set},
    {"ADC:SCAN?", "", ANYWHERE, scan_query},
    {"ADC:SLOT", "i", IN_IDLE | STREAM_OFF, slot_set},
    {"ADC:SLOT?", "", ANYWHERE, slot_query},
    {"ADC:STAT", "o", ANYWHERE, stream_set_state},
    {"ADC:STAT?", "", ANYWHERE, stream_query},
    {"ADC:DATA?", "i", ANYWHERE, stream_data},
    {"ADC:T0?", "", ANYWHERE, stream_t0},
    {"CAL:UNL", "i", IN_IDLE, unlock},
    {"CAL:LOCK", "", IN_IDLE, lock},
    {"CAL:GAIN", "ili", IN_IDLE | OUTPUTS_OFF | UNLOCKED, gain_set},
    {"CAL:GAIN?", "il", ANYWHERE, gain_query},
    {"CAL:OFFS", "ili", IN_IDLE | OUTPUTS_OFF | UNLOCKED, offset_set},
    {"CAL:OFFS?", "il", ANYWHERE, offset_query},
    {"CAL:STOR", "", IN_IDLE | OUTPUTS_OFF | UNLOCKED, store},
    {"CAL:STAT?", "", ANYWHERE, calibration_query},
};

/* True if the text up to its first space is a header of the table; *suffix is what stands for its `#`, 255: more than a digit. */
static bool is_header(const char *text, const char *header, uint8_t *suffix)
{
    for (;; header++) {
        char wanted = (char)pgm_read_byte(header);
        if (wanted == '#') {
            if (!isdigit((uint8_t)*text))
                return false;
            *suffix = (uint8_t)(*text++ - '0');
            for (; isdigit((uint8_t)*text); text++)
                *suffix = 255;
        } else if (wanted == 0) {
            return *text == 0 || *text == ' ';
        } else if (toupper((uint8_t)*text++) != wanted) {
            return false;
        }
    }
}

static const struct command *find(const char *text, uint8_t *suffix)
{
    for (uint8_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
        *suffix = 0;
        if (is_header(text, COMMANDS[i].header, suffix))
            return &COMMANDS[i];
    }
    return NULL;
}

static uint8_t check(uint8_t conditions)
{
    if ((conditions & IN_IDLE) && run_state != IDLE)
        return SETTINGS_CONFLICT;
    if ((conditions & STREAM_OFF) && stream_on())
        return SETTINGS_CONFLICT;
    if ((conditions & OUTPUTS_OFF) && (output_on(0) || output_on(1)))
        return SETTINGS_CONFLICT;
    if ((conditions & UNLOCKED) && !calibration_unlocked)
        return COMMAND_PROTECTED;
    return NO_ERROR;
}

static bool has_suffix(const char *header)
{
    return strchr_P(header, '#') != NULL;
}

uint8_t command_execute(char *text)
{
    uint8_t suffix;
    const struct command *command = find(text, &suffix);
    if (!command)
        return UNDEFINED_HEADER;
    struct request request = {0};
    if (has_suffix(command->header)) {
        if (suffix < 1 || suffix > CHANNELS)
            return HEADER_SUFFIX_OUT_OF_RANGE;
        request.channel = suffix - 1;
    }
    while (*text && *text != ' ')
        text++;
    while (*text == ' ')
        text++;
    uint8_t error = parameters_read(text, command->kinds, &request);
    if (error)
        return error;
    watchdog_feed();
    if (has_suffix(command->header) && run_state == IDLE)
        output_look_at_jumper(request.channel);
    error = check(pgm_read_byte(&command->conditions));
    if (error)
        return error;
    uint8_t (*handler)(const struct request *) = (void *)pgm_read_word(&command->handler);
    return handler(&request);
}

uint8_t command_execute_block(const struct block *block)
{
    if (block->suffix < 1 || block->suffix > CHANNELS)
        return HEADER_SUFFIX_OUT_OF_RANGE;
    uint8_t channel = block->suffix - 1;
    if (run_state == IDLE)
        output_look_at_jumper(channel);
    if (block->length < 2)
        return INVALID_BLOCK_DATA;
    uint8_t error = check(IN_IDLE | STREAM_OFF);
    if (!error && block->crc != block->sent_crc)
        error = COMMUNICATION_ERROR;
    if (!error)
        error = program_load(channel, block->length - 2);
    if (error != COMMUNICATION_ERROR && error != INVALID_BLOCK_DATA)
        watchdog_feed();
    return error;
}
