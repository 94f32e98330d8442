/* The bytes that are shared, section 15: a block being received; or else what is needed only while none is kept. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdint.h>

#include "pins.h"

#define SEGMENTS 96
#define SEGMENT_BYTES 4
#define SAMPLES 192
#define LINE 63 /* characters of a line, without LF */
#define LOOPS 4

struct request {
    uint8_t channel;     /* of SOUR<n> and OUTP<n>: 0 or 1 */
    uint8_t word;        /* place of the word among the choices */
    __int24 numbers[2];  /* saturated */
};

struct loop {
    uint8_t start; /* of the LOOP: segments from there to the end of the program */
    uint16_t left; /* times still to come after this one */
};

/* A block is kept in IDLE with the stream off, and its line is no longer needed once it has begun. */
union shared {
    uint8_t block[SEGMENTS * SEGMENT_BYTES];
    struct {
        uint8_t samples[SAMPLES / 2 * 3]; /* of the stream, 12 bits each */
        char line[LINE + 1];
        struct request request;
        struct loop loops[CHANNELS][LOOPS]; /* of the programs being played */
    };
};

extern union shared shared;

#endif
