#include "calibration.h"

#include <avr/eeprom.h>
#include <avr/wdt.h>
#include <util/crc16.h>

#include "errors.h"
#include "output.h"

/* In the EEPROM: the corrections by range (quarter range second), channel and leg, then their CRC. */
#define OF_CHANNEL (sizeof corrections[0])
#define STORED_BYTES (2 * sizeof corrections)
#define IN_EEPROM(quarter, channel) ((void *)(((quarter) ? sizeof corrections : 0) + (channel) * OF_CHANNEL))
#define CRC_IN_EEPROM ((uint16_t *)STORED_BYTES)

struct correction corrections[CHANNELS][2];
uint8_t calibration_state;
bool calibration_unlocked;
static bool kept; /* there is something in the EEPROM */

static uint16_t crc_in_eeprom(void)
{
    uint16_t crc = 0xFFFF;
    for (uint8_t i = 0; i < STORED_BYTES; i++)
        crc = _crc_xmodem_update(crc, eeprom_read_byte((const uint8_t *)(uint16_t)i));
    return crc;
}

static bool erased(void)
{
    for (uint8_t i = 0; i < STORED_BYTES + 2; i++)
        if (eeprom_read_byte((const uint8_t *)(uint16_t)i) != 0xFF)
            return false;
    return true;
}

void calibration_load(void)
{
    kept = eeprom_read_word(CRC_IN_EEPROM) == crc_in_eeprom();
    calibration_state = kept ? STORED : erased() ? DEFAULT : LOST;
    if (calibration_state == LOST)
        errors_push(CALIBRATION_MEMORY_LOST);
    for (uint8_t n = 0; n < CHANNELS; n++)
        calibration_select(n);
}

NOT_INLINE void calibration_select(uint8_t channel)
{
    if (kept)
        eeprom_read_block(corrections[channel], IN_EEPROM(output_quarter(channel), channel), OF_CHANNEL);
}

void calibration_store(void)
{
    for (uint8_t n = 0; n < CHANNELS; n++) {
        bool quarter = output_quarter(n);
        wdt_reset(); /* a byte takes 3.4 ms */
        eeprom_update_block(corrections[n], IN_EEPROM(quarter, n), OF_CHANNEL);
        wdt_reset();
        if (!kept)
            eeprom_update_block(corrections[n], IN_EEPROM(!quarter, n), OF_CHANNEL);
    }
    eeprom_update_word(CRC_IN_EEPROM, crc_in_eeprom());
    eeprom_busy_wait();
    kept = true;
    calibration_state = STORED;
}

__attribute__((naked, noinline)) uint16_t calibration_corrected(int16_t code __attribute__((unused)),
                                                               const struct correction *legs __attribute__((unused)))
{
    __asm__("sbiw r24, 0\n\t"
            "breq 3f\n\t"
            "movw r20, r24\n\t"
            "movw r26, r22\n\t"
            "brpl 1f\n\t"
            "adiw r26, %[leg]\n\t"
            "neg r21\n\t"
            "neg r20\n\t"
            "sbci r21, 0\n"
            "1:\tld r22, X+\n\t" /* g */
            "ld r23, X+\n\t"
            "ld r18, X+\n\t" /* o, the sum */
            "ld r19, X\n\t"
            CALIBRATION_CORRECT
            "3:\tret"
            :
            : [leg] "I"(sizeof(struct correction)));
}
