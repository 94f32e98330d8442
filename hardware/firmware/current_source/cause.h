/* Why the processor restarted, SYST:RST?. */
#ifndef CAUSE_H
#define CAUSE_H

#include <stdint.h>

enum cause { CAUSE_POWER, CAUSE_EXTERNAL, CAUSE_BROWNOUT, CAUSE_WATCHDOG };

/* Once, at the start. */
void cause_find(void);
uint8_t cause_of_restart(void);

/* Starts the processor's own watchdog, kicked in the main loop: typically 125 ms to zero currents, 250 ms to a restart. Interrupts
   off. */
void cause_watch(void);

#endif
