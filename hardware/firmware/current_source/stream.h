/* Read-backs by the 10-bit converter: one at a time (MEAS) and as the stream of section 14. */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stdint.h>

/* In the order of a scan, and of the bits of ADC:SCAN. */
enum quantity { V1, I1, V2, I2, QUANTITIES };

extern uint8_t stream_set;    /* ADC:SCAN */
extern uint16_t stream_slots; /* ADC:SLOT */

void stream_init(void);

/* 0 to 1023; a current with the sign of the driven leg, 0 when OE is low. Waits for at most 1 ms. */
int16_t stream_measure(uint8_t quantity);

/* False if the slots do not suffice for the set and one more. */
bool stream_start(void);
void stream_stop(void);
bool stream_on(void);

/* Notes where t0 lies, which is now; with interrupts off. */
void stream_note_start(void);

/* Answers with a block of up to `most` scans; with `<scan>,<halves>`. */
void stream_answer(uint8_t most);
void stream_answer_t0(void);

#endif
