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

/* (c * (65536 + g) + 256 * o + 32768) >> 16, not below 0, byte by byte: what is a multiple of 65536 stands outside of the sum, and
   the lowest byte never matters; the sum stays below 2^14. By hand, since two channels have 50 us, and the compiler makes six
   products of bytes out of each of the four. c in r20 and r21, g in r22 and r23, o in r18 and r19; into r24 and r25; uses r0. */
#define CALIBRATION_CORRECT \
    "subi r18, 0x80\n\t" /* + 128 */ \
    "sbci r19, 0xFF\n\t" \
    "movw r24, r20\n\t" \
    "mul r20, r22\n\t" \
    "mov r0, r1\n\t" \
    "clr r1\n\t" \
    "add r18, r0\n\t" \
    "adc r19, r1\n\t" \
    "mulsu r23, r20\n\t" \
    "add r18, r0\n\t" \
    "adc r19, r1\n\t" \
    "mul r21, r22\n\t" \
    "add r18, r0\n\t" \
    "adc r19, r1\n\t" \
    "mulsu r23, r21\n\t" \
    "add r24, r0\n\t" \
    "adc r25, r1\n\t" \
    "clr r1\n\t" \
    "add r24, r19\n\t" \
    "adc r25, r1\n\t" \
    "sbrc r19, 7\n\t" \
    "dec r25\n\t" \
    "sbrs r25, 7\n\t" \
    "rjmp 70f\n\t" \
    "clr r24\n\t" \
    "clr r25\n" \
    "70:\t"

/* The magnitude for the converter of a code, with the two legs' corrections of its channel: of 0 always 0, never below 0; may be
   beyond FULL_CODE. */
uint16_t calibration_corrected(int16_t code, const struct correction *legs);

#endif
