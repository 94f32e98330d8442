/* Programs, sections 5 and 6: kept as they were sent, checked before they are. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"
#include "pins.h"

#define LOOPS 4

enum kind { HOLD, RAMP, END, LOOP, FROM, MARK, NO_KIND };

struct program {
    uint8_t count; /* of segments; 0: none */
    uint8_t segments[SEGMENTS * SEGMENT_BYTES];
};

extern struct program programs[CHANNELS];

uint8_t segment_kind(const uint8_t *segment);
int16_t segment_code(const uint8_t *segment);
__uint24 segment_count(const uint8_t *segment); /* ticks of a HOLD, count of a RAMP */
uint16_t segment_step(const uint8_t *segment);  /* of a FROM */
uint16_t segment_times(const uint8_t *segment); /* of a LOOP */

/* NO_ERROR, or why a block that came in `shared.block` is refused; loads it when it is not. An empty one drops the program. */
uint8_t program_load(uint8_t channel, uint16_t bytes);

void program_drop(uint8_t channel);
uint32_t program_ticks(uint8_t channel);
uint16_t program_crc(uint8_t channel);

#endif
