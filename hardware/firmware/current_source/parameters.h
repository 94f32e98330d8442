/* Parameters of a line: whole numbers and words, section 2. */
#ifndef PARAMETERS_H
#define PARAMETERS_H

#include <stdint.h>

#define KINDS 3

/* What a command takes, a letter each: `i` an integer, the others a word of those in parameters.c. */
enum { ON, OFF };
enum { IMMEDIATE, EXTERNAL };

struct request {
    uint8_t channel;    /* of SOUR<n> and OUTP<n>: 0 or 1 */
    uint8_t word;       /* place of the word among the choices */
    int32_t numbers[2]; /* saturated */
};

/* NO_ERROR, PARAMETER_NOT_ALLOWED, MISSING_PARAMETER, DATA_TYPE_ERROR or ILLEGAL_PARAMETER_VALUE. Cuts the text to pieces. */
uint8_t parameters_read(char *text, const char *kinds_in_flash, struct request *request);

#endif
