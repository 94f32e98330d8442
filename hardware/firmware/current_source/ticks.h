/* The ticks of a run, prepared ahead of their time in a queue: so a tick for which much is to be read from the programs takes
   from the spare time of its neighbours, and so do bytes, samples and spikes that come meanwhile. */
#ifndef TICKS_H
#define TICKS_H

#include <stdbool.h>
#include <stdint.h>

#include "pins.h"
#include "player.h"

#define QUEUE 8
#define FILL_AT 4 /* of the queue: it is filled here and at its beginning, several at once */

/* What happens in a tick; in the last nobody plays. */
struct tick {
    uint8_t what;             /* of channel n CHANGES << n, SINKS << n, PLAYS << n; TICK_SYNC */
    uint16_t words[CHANNELS]; /* for the converters of those that change */
};

enum { TICK_SYNC = 128 }; /* SYNC is high */

extern struct tick ticks_queue[QUEUE];
extern struct tick *volatile ticks_in, *volatile ticks_out; /* where the next goes in and comes out; equal: none is ready */

void ticks_begin(void);

/* Prepares as many as there is room for. Fewer if one was missed, if the host has to be heard (then the main loop has the rest of
   that tick), or if the programs are over. */
void ticks_fill(void);

#endif
