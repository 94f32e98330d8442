/* Error numbers and their queue, section 11. */
#ifndef ERRORS_H
#define ERRORS_H

#include <stdint.h>

/* In the order of the table in errors.c. */
enum error {
    NO_ERROR,
    INVALID_CHARACTER,
    DATA_TYPE_ERROR,
    PARAMETER_NOT_ALLOWED,
    MISSING_PARAMETER,
    UNDEFINED_HEADER,
    HEADER_SUFFIX_OUT_OF_RANGE,
    INVALID_BLOCK_DATA,
    COMMAND_PROTECTED,
    TRIGGER_IGNORED,
    INIT_IGNORED,
    SETTINGS_CONFLICT,
    DATA_OUT_OF_RANGE,
    TOO_MUCH_DATA,
    ILLEGAL_PARAMETER_VALUE,
    CALIBRATION_MEMORY_LOST,
    QUEUE_OVERFLOW,
    COMMUNICATION_ERROR,
    INPUT_BUFFER_OVERRUN,
    TIME_OUT_ERROR,
    WATCHDOG_TRIPPED,
    TICK_OVERRUN,
    /* Not errors: what a command may return besides. */
    ANSWERED, /* it has sent its answer itself */
};

void errors_push(uint8_t error);
uint8_t errors_take(void);
uint8_t errors_count(void);
void errors_clear(void);

/* `<number>,"<text>"` into the answer. */
void errors_answer(uint8_t error);

#endif
