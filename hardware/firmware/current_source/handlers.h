/* What the commands do. Each finds its parameters in shared.request, and gives NO_ERROR for `OK`, ANSWERED when
   it has made its answer, SENT_BLOCK, or why it is refused. */
#ifndef HANDLERS_H
#define HANDLERS_H

#include <stdint.h>

#include "memory.h"
#include "parameters.h"

#define HANDLER(name) uint8_t name(void)

/* system.c */
HANDLER(idn_query);
HANDLER(reset);
HANDLER(clear);
HANDLER(stat_query);
HANDLER(error_query);
HANDLER(version_query);
HANDLER(cause_query);
HANDLER(watchdog_set);
HANDLER(watchdog_query);
HANDLER(safe);

/* The contents of the hello line and of *IDN?. */
void answer_identity(void);
void answer_cause(void);
void reset_settings(void);

/* source.c */
HANDLER(current_set);
HANDLER(current_query);
HANDLER(range_query);
HANDLER(output_set_state);
HANDLER(output_query);
HANDLER(check_query);
HANDLER(tick_set);
HANDLER(tick_query);
HANDLER(trigger_source_set);
HANDLER(trigger_source_query);
HANDLER(arm);
HANDLER(trigger);
HANDLER(abort_run);
HANDLER(sync_set);
HANDLER(sync_query);

/* reading.c */
HANDLER(measure_current);
HANDLER(measure_voltage);
HANDLER(spikes_set);
HANDLER(spikes_query);
HANDLER(spikes_data);
HANDLER(scan_set);
HANDLER(scan_query);
HANDLER(slot_set);
HANDLER(slot_query);
HANDLER(stream_set_state);
HANDLER(stream_query);
HANDLER(stream_data);
HANDLER(stream_t0);

/* correction.c */
HANDLER(unlock);
HANDLER(lock);
HANDLER(gain_set);
HANDLER(gain_query);
HANDLER(offset_set);
HANDLER(offset_query);
HANDLER(store);
HANDLER(calibration_query);

#ifdef TEST_HOOKS
/* Hangs, with interrupts on (1) or off (0). */
HANDLER(test_hang);
#endif

/* Answers of one value. */
uint8_t value(int32_t number);
uint8_t word(const char *text_in_flash);

#endif
