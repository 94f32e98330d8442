#include "errors.h"

#include <avr/pgmspace.h>

#include "answer.h"

#define QUEUE 8

static const struct {
    int16_t number;
    char text[27];
} TABLE[] PROGMEM = {
    {0, "No error"},
    {-101, "Invalid character"},
    {-104, "Data type error"},
    {-108, "Parameter not allowed"},
    {-109, "Missing parameter"},
    {-113, "Undefined header"},
    {-114, "Header suffix out of range"},
    {-161, "Invalid block data"},
    {-203, "Command protected"},
    {-211, "Trigger ignored"},
    {-213, "Init ignored"},
    {-221, "Settings conflict"},
    {-222, "Data out of range"},
    {-223, "Too much data"},
    {-224, "Illegal parameter value"},
    {-313, "Calibration memory lost"},
    {-350, "Queue overflow"},
    {-360, "Communication error"},
    {-363, "Input buffer overrun"},
    {-365, "Time out error"},
    {1, "Watchdog tripped"},
    {2, "Tick overrun"},
};

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
    answer_signed((int16_t)pgm_read_word(&TABLE[error].number));
    answer_text(PSTR(",\""));
    answer_text(TABLE[error].text);
    answer_char('"');
}
