/* Corrections of gain and offset of each leg, section 12, in EEPROM with a CRC-16. */
#ifndef CALIBRATION_H
#define CALIBRATION_H

#include <stdbool.h>
#include <stdint.h>

#include "inline.h"

#define FULL_CODE 4095

enum leg { SOURCE_LEG, SINK_LEG };
enum calibration_state { DEFAULT, STORED, CHANGED, LOST };

struct correction {
    int16_t gain;   /* 1/65536, -3276 to 3276 */
    int16_t offset; /* 1/256 step, -8192 to 8192 */
};

extern struct correction corrections[2][2]; /* by channel and leg */
extern uint8_t calibration_state;
extern bool calibration_unlocked;

/* Reads the EEPROM; queues -313 when the CRC does not match. */
void calibration_load(void);
void calibration_store(void);

/* The hardware's products of bytes: the compiler makes six of them out of one. */
INLINE uint16_t product(uint8_t a, uint8_t b)
{
    uint16_t result;
    __asm__("mul %1, %2\n\tmovw %0, r0\n\tclr r1" : "=r"(result) : "r"(a), "r"(b) : "r0");
    return result;
}

INLINE int16_t signed_product(uint8_t a, int8_t b)
{
    int16_t result;
    __asm__("mulsu %2, %1\n\tmovw %0, r0\n\tclr r1" : "=r"(result) : "a"(a), "a"(b) : "r0");
    return result;
}

/* The magnitude for the converter: of 0 always 0, never below 0; may be beyond FULL_CODE. */
INLINE uint16_t calibration_correct(uint8_t channel, int16_t code)
{
    if (code == 0)
        return 0;
    const struct correction *leg = &corrections[channel][SOURCE_LEG];
    int16_t magnitude = code;
    if (code < 0) {
        leg = &corrections[channel][SINK_LEG];
        magnitude = -code;
    }
    /* (c * (65536 + g) + 256 * o + 32768) >> 16, byte by byte: what is a multiple of 65536 stands outside of the sum, and the
       lowest byte never matters. The sum stays below 2^14. */
    uint8_t c_low = (uint8_t)magnitude, c_high = (uint8_t)(magnitude >> 8), g_low = (uint8_t)leg->gain;
    int8_t g_high = (int8_t)(leg->gain >> 8);
    uint8_t lowest = (uint8_t)(product(c_low, g_low) >> 8);
    int16_t sum = leg->offset + 128 + lowest + signed_product(c_low, g_high) + (int16_t)product(c_high, g_low);
    int16_t corrected = magnitude + signed_product(c_high, g_high) + (int8_t)(sum >> 8);
    return corrected < 0 ? 0 : (uint16_t)corrected;
}

/* The same as a call, where time does not matter. */
uint16_t calibration_corrected(uint8_t channel, int16_t code);

#endif
