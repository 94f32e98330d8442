/* Error numbers and their queue, section 11. */
#ifndef ERRORS_H
#define ERRORS_H

#include <stdint.h>

#define ERRORS(X) \
    X(NO_ERROR, 0, "No error") \
    X(INVALID_CHARACTER, -101, "Invalid character") \
    X(DATA_TYPE_ERROR, -104, "Data type error") \
    X(PARAMETER_NOT_ALLOWED, -108, "Parameter not allowed") \
    X(MISSING_PARAMETER, -109, "Missing parameter") \
    X(UNDEFINED_HEADER, -113, "Undefined header") \
    X(HEADER_SUFFIX_OUT_OF_RANGE, -114, "Header suffix out of range") \
    X(INVALID_BLOCK_DATA, -161, "Invalid block data") \
    X(COMMAND_PROTECTED, -203, "Command protected") \
    X(TRIGGER_IGNORED, -211, "Trigger ignored") \
    X(INIT_IGNORED, -213, "Init ignored") \
    X(SETTINGS_CONFLICT, -221, "Settings conflict") \
    X(DATA_OUT_OF_RANGE, -222, "Data out of range") \
    X(TOO_MUCH_DATA, -223, "Too much data") \
    X(ILLEGAL_PARAMETER_VALUE, -224, "Illegal parameter value") \
    X(CALIBRATION_MEMORY_LOST, -313, "Calibration memory lost") \
    X(QUEUE_OVERFLOW, -350, "Queue overflow") \
    X(COMMUNICATION_ERROR, -360, "Communication error") \
    X(INPUT_BUFFER_OVERRUN, -363, "Input buffer overrun") \
    X(TIME_OUT_ERROR, -365, "Time out error") \
    X(WATCHDOG_TRIPPED, 1, "Watchdog tripped") \
    X(TICK_OVERRUN, 2, "Tick overrun")

#define ERROR_NAME(name, number, text) name,

enum error {
    ERRORS(ERROR_NAME)
    ANSWERED,   /* none: a command has made its answer, but for its end */
    SENT_BLOCK, /* none: it has sent its answer */
};

void errors_push(uint8_t error);
uint8_t errors_take(void);
uint8_t errors_count(void);
void errors_clear(void);

/* `<number>,"<text>"` into the answer. */
void errors_answer(uint8_t error);

#endif
