/* The bytes that are shared, section 15: a block being received; or else what is needed only while none is kept. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdint.h>

#include "pins.h"
#include "player.h"

#define SEGMENTS 96
#define SAMPLES 144
#define LINE 63 /* characters of a line, without LF */

struct request {
    uint8_t channel;     /* of SOUR<n> and OUTP<n>: 0 or 1 */
    uint8_t word;        /* place of the word among the choices */
    __int24 numbers[2];  /* saturated */
};

/* A block is kept in IDLE with the stream off, and its line is no longer needed once it has begun. */
union shared {
    uint8_t block[SEGMENTS * SEGMENT_BYTES];
    struct {
        uint8_t samples[SAMPLES / 2 * 3]; /* of the stream, 12 bits each */
        char line[LINE + 1];
        struct request request;
        struct player players[CHANNELS]; /* of the programs being played */
    };
};

extern union shared shared;

#endif
