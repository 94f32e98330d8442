/* Corrections of gain and offset of each leg in each range, section 12, in EEPROM with a CRC-16. */
#ifndef CALIBRATION_H
#define CALIBRATION_H

#include <stdbool.h>
#include <stdint.h>

#define FULL_CODE 4095

enum leg { SOURCE_LEG, SINK_LEG };
enum calibration_state { DEFAULT, STORED, CHANGED, LOST };

struct correction {
    int16_t gain;   /* 1/65536, -3276 to 3276 */
    int16_t offset; /* 1/256 step, -8192 to 8192 */
};

extern struct correction corrections[2][2]; /* by channel and leg, of the range that its jumper selects */
extern uint8_t calibration_state;
extern bool calibration_unlocked;

/* Reads the EEPROM; queues -313 when the CRC does not match. */
void calibration_load(void);
void calibration_store(void);

/* A channel's jumper was moved: what is stored for the other range. */
void calibration_select(uint8_t channel);

/* The magnitude for the converter of a code, with the two legs' corrections of its channel: of 0 always 0, never below 0; may be
   beyond FULL_CODE. */
uint16_t calibration_corrected(int16_t code, const struct correction *legs);

#endif
