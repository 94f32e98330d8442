/* Programs, sections 5 and 6: kept as they were sent, checked before they are. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"
#include "segment.h"

struct program {
    uint8_t count;  /* of segments; 0: none */
    uint32_t ticks; /* with loops played out */
    uint16_t crc;   /* of the segments as they were sent */
    uint8_t segments[(SEGMENTS + 1) * SEGMENT_BYTES]; /* behind the last one: NO_KIND */
};

extern struct program programs[CHANNELS];

/* NO_ERROR, or why a block that came in `shared.block` is refused; loads it when it is not. An empty one drops the program. */
uint8_t program_load(uint8_t channel, uint16_t bytes, uint16_t crc);

void program_drop(uint8_t channel);

#endif
