/* IDLE, ARMED, RUNNING (section 3), and the ticks of a run (section 7). */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "pins.h"

enum run_state { IDLE, ARMED, RUNNING };

extern volatile uint8_t run_state;
extern volatile bool run_preparing;  /* ticks ahead: not twice at a time */
extern bool run_external;            /* TRIG:SOUR EXT */
extern uint16_t run_ticks[CHANNELS]; /* length of a tick, us */

void run_init(void);

/* Arms channels, bit n each, that have programs and equal ticks. */
void run_arm(uint8_t channels);
void run_trigger(void);

/* To IDLE, SYNC low, no more stamps; the converters keep what they show. */
void run_stop(void);

#endif
