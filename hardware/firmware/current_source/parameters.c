#include "parameters.h"

#include <avr/pgmspace.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "errors.h"
#include "inline.h"
#include "memory.h"
#include "sync.h"
#include "watchdog.h"

#define DIGITS 10
#define NUMBER_MOST 8388607 /* the limit of no parameter */

static const char SWITCHES[] PROGMEM = "ON\0OFF\0";
static const char TRIGGERS[] PROGMEM = "IMM\0EXT\0";
static const char LEGS[] PROGMEM = "SOUR\0SINK\0";
static const char SYNC_MODES[] PROGMEM = "START\0EPOCH\0TICK\0OFF\0";

static const char *choices(char kind)
{
    return kind == 'o' ? SWITCHES : kind == 't' ? TRIGGERS : kind == 'l' ? LEGS : SYNC_MODES;
}

static bool read_word(const char *text, const char *words, uint8_t *place)
{
    for (*place = 0; pgm_read_byte(words); (*place)++) {
        if (strcasecmp_P(text, words) == 0)
            return true;
        words += strlen_P(words) + 1;
    }
    return false;
}

static bool read_integer(const char *text, __int24 *number)
{
    bool negative = *text == '-';
    if (negative || *text == '+')
        text++;
    uint32_t magnitude = 0;
    uint8_t digits = 0;
    for (; isdigit((uint8_t)*text); text++, digits++) {
        magnitude = magnitude * 10 + (uint8_t)(*text - '0');
        if (magnitude > NUMBER_MOST)
            magnitude = NUMBER_MOST;
    }
    if (*text || digits == 0 || digits > DIGITS)
        return false;
    *number = negative ? -(__int24)magnitude : (__int24)magnitude;
    return true;
}

/* How many parameters there are; commas become NULs. */
static uint8_t split(char *text)
{
    if (*text == 0)
        return 0;
    uint8_t count = 1;
    for (; *text; text++)
        if (*text == ',') {
            *text = 0;
            count++;
        }
    return count;
}

uint8_t parameters_read(char *text, const char *kinds_in_flash)
{
    uint8_t count = split(text);
    uint8_t wanted = (uint8_t)strnlen_P(kinds_in_flash, KINDS);
    if (pgm_read_byte(kinds_in_flash) == 's' && count) {
        /* SYNC:MODE: only TICK takes a number */
        bool known = read_word(text, SYNC_MODES, &shared.request.word);
        if (known ? shared.request.word != SYNC_TICK : count == 1)
            wanted = 1;
    }
    if (count > wanted)
        return PARAMETER_NOT_ALLOWED;
    if (count < wanted)
        return MISSING_PARAMETER;
    __int24 *number = shared.request.numbers;
    for (uint8_t i = 0; i < count; i++, text += strlen(text) + 1) {
        watchdog_glance();
        char kind = (char)pgm_read_byte(kinds_in_flash + i);
        if (kind == 'i') {
            if (!read_integer(text, number++))
                return DATA_TYPE_ERROR;
        } else if (kind == 'b') {
            return DATA_TYPE_ERROR; /* a block would not come here */
        } else if (!read_word(text, choices(kind), &shared.request.word)) {
            return ILLEGAL_PARAMETER_VALUE;
        }
    }
    return NO_ERROR;
}

NOT_INLINE bool parameters_name_channel(void)
{
    if (shared.request.numbers[0] < 1 || shared.request.numbers[0] > CHANNELS)
        return false;
    shared.request.channel = (uint8_t)shared.request.numbers[0] - 1;
    return true;
}
