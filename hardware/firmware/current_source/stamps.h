/* Time stamps of the comparators' rising edges, section 8. */
#ifndef STAMPS_H
#define STAMPS_H

#include <stdbool.h>
#include <stdint.h>

#define STAMPS 44

/* Lets edges in, again: to be called every millisecond. */
void stamps_look(void);
void stamps_enable(uint8_t channel, bool on);
bool stamps_enabled(uint8_t channel);

/* Forgets all stamps; none are taken until the next start. */
void stamps_clear(void);

/* t0 is planned; it has passed; no more stamps. */
void stamps_begin(uint32_t t0);
void stamps_go_on(void);
void stamps_end(void);

/* t0 of the last start. */
uint32_t stamps_t0(void);

/* Answers with a block of up to `most` stamps. */
void stamps_answer(uint8_t channel, uint8_t most);

#endif
