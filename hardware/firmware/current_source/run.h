/* IDLE, ARMED, RUNNING (section 3), and the ticks of a run (section 7). */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "pins.h"

enum run_state { IDLE, ARMED, RUNNING };
enum { TICKS_PREPARED = 1, SPIKE_KEPT = 2 };

extern volatile uint8_t run_state;
extern volatile uint8_t run_busy;    /* no ticks are prepared now, for some are already; or for something short */
extern bool run_external;            /* TRIG:SOUR EXT */
extern uint16_t run_ticks[CHANNELS]; /* length of a tick, us */

void run_init(void);

/* Arms channels, bit n each, that have programs and equal ticks. */
void run_arm(uint8_t channels);
void run_trigger(void);

/* While there is nothing else to do: prepares ticks. */
void run_meanwhile(void);

/* To IDLE, SYNC low, no more stamps; the converters keep what they show. */
void run_stop(void);

#endif
