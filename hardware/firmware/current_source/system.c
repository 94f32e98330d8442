/* *IDN?, *RST, *CLS, STAT? and SYST:...: what concerns the source as a whole. */
#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/pgmspace.h>
#include <ctype.h>

#include "answer.h"
#include "calibration.h"
#include "cause.h"
#include "commands.h"
#include "errors.h"
#include "handlers.h"
#include "output.h"
#include "program.h"
#include "run.h"
#include "stamps.h"
#include "status.h"
#include "stream.h"
#include "sync.h"
#include "watchdog.h"

#define CONTRACT "1.2"
#define FIRMWARE "1.2.0"

/* The serial number: letters, digits and hyphens in the EEPROM, up to 16 and ended by FF; 1 if there is none. */
#define SERIAL ((const uint8_t *)0x3F0)
#define SERIAL_LENGTH 16

#define WATCHDOG_DEFAULT 2000
#define WATCHDOG_LEAST 100
#define WATCHDOG_MOST 60000
#define TICK_DEFAULT 100
#define SCAN_DEFAULT 3
#define SLOT_DEFAULT 8

uint8_t value(int32_t number)
{
    answer_signed(number);
    return ANSWERED;
}

uint8_t word(const char *text_in_flash)
{
    answer_text(text_in_flash);
    return ANSWERED;
}

static void answer_serial(void)
{
    uint8_t i = 0;
    for (; i < SERIAL_LENGTH; i++) {
        uint8_t c = eeprom_read_byte(SERIAL + i);
        if (!isalnum(c) && c != '-')
            break;
        answer_char((char)c);
    }
    if (i == 0)
        answer_char('1');
}

void answer_identity(void)
{
    answer_text(PSTR("neurorig,ARDUINO-SOURCE-2,"));
    answer_serial();
    answer_text(PSTR("," FIRMWARE "+" BUILD));
}

void answer_cause(void)
{
    static const char CAUSES[][10] PROGMEM = {"POWER", "EXTERNAL", "BROWNOUT", "WATCHDOG"};
    answer_text(CAUSES[cause_of_restart()]);
}

HANDLER(idn_query)
{
    answer_identity();
    return ANSWERED;
}

void reset_settings(void)
{
    stream_stop();
    for (uint8_t n = 0; n < CHANNELS; n++) {
        program_drop(n);
        run_ticks[n] = TICK_DEFAULT;
        stamps_enable(n, false);
    }
    stamps_clear();
    run_external = false;
    sync_mode = SYNC_START;
    watchdog_ms = WATCHDOG_DEFAULT;
    stream_set = SCAN_DEFAULT;
    stream_slots = SLOT_DEFAULT;
    calibration_unlocked = false;
}

HANDLER(reset)
{
    output_safe();
    reset_settings();
    return NO_ERROR;
}

HANDLER(clear)
{
    errors_clear();
    status_clear();
    return NO_ERROR;
}

HANDLER(stat_query)
{
    return value(status_word());
}

HANDLER(error_query)
{
    errors_answer(errors_take());
    return ANSWERED;
}

HANDLER(version_query)
{
    return word(PSTR(CONTRACT));
}

HANDLER(cause_query)
{
    answer_cause();
    return ANSWERED;
}

HANDLER(watchdog_set)
{
    int32_t ms = shared.request.numbers[0];
    if (ms < WATCHDOG_LEAST || ms > WATCHDOG_MOST)
        return DATA_OUT_OF_RANGE;
    watchdog_ms = (uint16_t)ms;
    watchdog_feed();
    return NO_ERROR;
}

HANDLER(watchdog_query)
{
    return value(watchdog_ms);
}

#ifdef TEST_HOOKS
HANDLER(test_hang)
{
    if (shared.request.numbers[0] == 0)
        cli();
    for (;;)
        ;
}
#endif

HANDLER(safe)
{
    output_safe();
    return NO_ERROR;
}
