/* Parameters of a line: whole numbers and words, section 2. */
#ifndef PARAMETERS_H
#define PARAMETERS_H

#include <stdbool.h>
#include <stdint.h>

#define KINDS 3

/* What a command takes, a letter each: `i` an integer, the others a word of those in parameters.c. */
enum { ON, OFF };
enum { IMMEDIATE, EXTERNAL };

/* NO_ERROR, PARAMETER_NOT_ALLOWED, MISSING_PARAMETER, DATA_TYPE_ERROR or ILLEGAL_PARAMETER_VALUE. Cuts the text to pieces;
   the values come to shared.request. */
uint8_t parameters_read(char *text, const char *kinds_in_flash);

/* True if the first number is that of a channel; it then is the request's channel. */
bool parameters_name_channel(void);

#endif
