/* The status word, section 9. */
#ifndef STATUS_H
#define STATUS_H

#include <stdbool.h>
#include <stdint.h>

/* Bits that stay until *CLS. */
enum latched { OVERRUN = 32, TRIPPED = 64, INPUT_LOST = 128, STAMPS_LOST = 256, RESTARTED = 512, SCANS_LOST = 2048 };

void status_latch(uint16_t bits);
bool status_latched(uint16_t bits);

/* Takes over what interrupts have found since the last call. */
void status_collect(void);
void status_clear(void);
uint16_t status_word(void);

#endif
