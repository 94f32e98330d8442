/* The bytes that are shared, section 15: a program being received, or the scans of a stream and the line being read. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdint.h>

#define SEGMENTS 96
#define SEGMENT_BYTES 4
#define SAMPLES 192
#define LINE 63 /* characters of a line, without LF */

/* A sample takes 12 bits, so the line has room beside the scans; once a block has begun its line is no longer needed. */
union shared {
    uint8_t block[SEGMENTS * SEGMENT_BYTES];
    struct {
        uint8_t samples[SAMPLES / 2 * 3];
        char line[LINE + 1];
    };
};

extern union shared shared;

#endif
