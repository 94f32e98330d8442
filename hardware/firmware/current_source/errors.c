#include "errors.h"

#include <avr/pgmspace.h>

#include "answer.h"
#include "watchdog.h"

#define QUEUE 8

#define NUMBER(name, number, text) number,
#define TEXT(name, number, text) text "\0"

static const int16_t NUMBERS[] PROGMEM = {ERRORS(NUMBER)};
static const char TEXTS[] PROGMEM = ERRORS(TEXT);

static uint8_t queue[QUEUE];
static uint8_t count;

void errors_push(uint8_t error)
{
    if (count < QUEUE)
        queue[count++] = error;
    else
        queue[QUEUE - 1] = QUEUE_OVERFLOW;
}

uint8_t errors_take(void)
{
    if (count == 0)
        return NO_ERROR;
    uint8_t oldest = queue[0];
    count--;
    for (uint8_t i = 0; i < count; i++)
        queue[i] = queue[i + 1];
    return oldest;
}

uint8_t errors_count(void)
{
    return count;
}

void errors_clear(void)
{
    count = 0;
}

void errors_answer(uint8_t error)
{
    const char *text = TEXTS;
    for (uint8_t i = 0; i < error; i++) {
        watchdog_glance();
        text += strlen_P(text) + 1;
    }
    answer_signed((int16_t)pgm_read_word(&NUMBERS[error]));
    answer_text(PSTR(",\""));
    answer_text(text);
    answer_char('"');
}
