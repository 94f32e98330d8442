#include "commands.h"

#include <avr/pgmspace.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "answer.h"
#include "calibration.h"
#include "errors.h"
#include "handlers.h"
#include "memory.h"
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

/* Of images for tests alone. */
#ifdef TEST_HOOKS
#define TEST_COMMANDS(X) X("TEST:HANG", "i", ANYWHERE, test_hang)
#else
#define TEST_COMMANDS(X)
#endif

/* Header with `#` for the number of a channel, kinds of the parameters, conditions, what does it. A block comes another way.
   What is urgent, then what is frequent stands first: a line is compared with one after the other. */
#define COMMANDS(X) \
    X("SYST:SAFE", "", ANYWHERE, safe) \
    X("ABOR", "", ANYWHERE, abort_run) \
    X("OUTP#", "o", ANYWHERE, output_set_state) \
    X("STAT?", "", ANYWHERE, stat_query) \
    X("ADC:DATA?", "i", ANYWHERE, stream_data) \
    X("SPIK:DATA?", "ii", ANYWHERE, spikes_data) \
    X("*IDN?", "", ANYWHERE, idn_query) \
    X("*RST", "", ANYWHERE, reset) \
    X("*CLS", "", ANYWHERE, clear) \
    X("SYST:ERR?", "", ANYWHERE, error_query) \
    X("SYST:VERS?", "", ANYWHERE, version_query) \
    X("SYST:RST?", "", ANYWHERE, cause_query) \
    X("SYST:WDOG", "i", IN_IDLE, watchdog_set) \
    X("SYST:WDOG?", "", ANYWHERE, watchdog_query) \
    X("SOUR#:CURR", "i", IN_IDLE, current_set) \
    X("SOUR#:CURR?", "", ANYWHERE, current_query) \
    X("SOUR#:RANG?", "", ANYWHERE, range_query) \
    X("OUTP#?", "", ANYWHERE, output_query) \
    X("SOUR#:WAV:DATA", "b", ANYWHERE, NULL) \
    X("SOUR#:WAV:CHEC?", "", ANYWHERE, check_query) \
    X("SOUR#:WAV:TICK", "i", IN_IDLE, tick_set) \
    X("SOUR#:WAV:TICK?", "", ANYWHERE, tick_query) \
    X("TRIG:SOUR", "t", IN_IDLE, trigger_source_set) \
    X("TRIG:SOUR?", "", ANYWHERE, trigger_source_query) \
    X("ARM", "", ANYWHERE, arm) \
    X("TRIG", "", ANYWHERE, trigger) \
    X("SYNC:MODE", "si", IN_IDLE, sync_set) \
    X("SYNC:MODE?", "", ANYWHERE, sync_query) \
    X("MEAS:CURR?", "i", ANYWHERE, measure_current) \
    X("MEAS:VOLT?", "i", ANYWHERE, measure_voltage) \
    X("SPIK:STAT", "io", ANYWHERE, spikes_set) \
    X("SPIK:STAT?", "i", ANYWHERE, spikes_query) \
    X("ADC:SCAN", "i", IN_IDLE | STREAM_OFF, scan_set) \
    X("ADC:SCAN?", "", ANYWHERE, scan_query) \
    X("ADC:SLOT", "i", IN_IDLE | STREAM_OFF, slot_set) \
    X("ADC:SLOT?", "", ANYWHERE, slot_query) \
    X("ADC:STAT", "o", ANYWHERE, stream_set_state) \
    X("ADC:STAT?", "", ANYWHERE, stream_query) \
    X("ADC:T0?", "", ANYWHERE, stream_t0) \
    X("CAL:UNL", "i", IN_IDLE, unlock) \
    X("CAL:LOCK", "", IN_IDLE, lock) \
    X("CAL:GAIN", "ili", IN_IDLE | OUTPUTS_OFF | UNLOCKED, gain_set) \
    X("CAL:GAIN?", "il", ANYWHERE, gain_query) \
    X("CAL:OFFS", "ili", IN_IDLE | OUTPUTS_OFF | UNLOCKED, offset_set) \
    X("CAL:OFFS?", "il", ANYWHERE, offset_query) \
    X("CAL:STOR", "", IN_IDLE | OUTPUTS_OFF | UNLOCKED, store) \
    X("CAL:STAT?", "", ANYWHERE, calibration_query) \
    TEST_COMMANDS(X)

#define HAS_NONE 255
#define TOO_LARGE 254

#define HEADER(header, kinds, conditions, handler) header "\0"
#define COMMAND(header, kinds, conditions, handler) {kinds, conditions, handler},

static const char HEADERS[] PROGMEM = COMMANDS(HEADER);

static const struct command {
    char kinds[KINDS];
    uint8_t conditions;
    uint8_t (*handler)(void);
} TABLE[] PROGMEM = {COMMANDS(COMMAND)};

/* True if the text up to its first space is a header of the table; *suffix is what stands for its `#`, TOO_LARGE with more
   than a digit. */
static bool is_header(const char *text, const char *header, uint8_t *suffix)
{
    for (;; header++) {
        char wanted = (char)pgm_read_byte(header);
        if (wanted == '#') {
            if (!isdigit((uint8_t)*text))
                return false;
            *suffix = (uint8_t)(*text++ - '0');
            for (; isdigit((uint8_t)*text); text++)
                *suffix = TOO_LARGE;
        } else if (wanted == 0) {
            return *text == 0 || *text == ' ';
        } else if (toupper((uint8_t)*text++) != wanted) {
            return false;
        }
    }
}

/* NULL if there is no such command. *suffix is the channel's number, HAS_NONE without one. */
static const struct command *find(const char *text, uint8_t *suffix)
{
    const char *header = HEADERS;
    for (uint8_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        watchdog_glance();
        *suffix = HAS_NONE;
        if (is_header(text, header, suffix))
            return &TABLE[i];
        header += strlen_P(header) + 1;
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

uint8_t command_execute(char *text)
{
    uint8_t suffix;
    const struct command *command = find(text, &suffix);
    if (!command)
        return UNDEFINED_HEADER;
    if (suffix != HAS_NONE && (suffix < 1 || suffix > CHANNELS))
        return HEADER_SUFFIX_OUT_OF_RANGE;
    shared.request.channel = suffix - 1;
    while (*text && *text != ' ')
        text++;
    while (*text == ' ')
        text++;
    uint8_t error = parameters_read(text, command->kinds);
    if (error)
        return error;
    watchdog_feed();
    output_look_at_jumpers();
    watchdog_glance();
    error = check(pgm_read_byte(&command->conditions));
    if (error)
        return error;
    uint8_t (*handler)(void) = (void *)pgm_read_word(&command->handler);
    return handler();
}

uint8_t command_execute_block(const struct block *block)
{
    if (block->suffix < 1 || block->suffix > CHANNELS)
        return HEADER_SUFFIX_OUT_OF_RANGE;
    uint8_t channel = block->suffix - 1;
    output_look_at_jumpers();
    if (block->length < 2)
        return INVALID_BLOCK_DATA;
    uint8_t error = block->kept ? NO_ERROR : SETTINGS_CONFLICT;
    if (!error && block->crc != block->sent_crc)
        error = COMMUNICATION_ERROR;
    if (!error)
        error = program_load(channel, block->length - 2, block->crc);
    if (error != COMMUNICATION_ERROR && error != INVALID_BLOCK_DATA)
        watchdog_feed();
    return error;
}
