/* Why the processor restarted, SYST:RST?. */
#ifndef CAUSE_H
#define CAUSE_H

#include <stdint.h>

enum cause { CAUSE_POWER, CAUSE_EXTERNAL, CAUSE_BROWNOUT, CAUSE_WATCHDOG };

/* Once, at the start. */
void cause_find(void);
uint8_t cause_of_restart(void);

#endif
