#include "calibration.h"

#include <avr/eeprom.h>
#include <string.h>
#include <util/crc16.h>

#include "errors.h"

#define LEGS sizeof corrections

/* In the EEPROM: the corrections, then their CRC. */
#define IN_EEPROM ((struct correction *)0)
#define CRC_IN_EEPROM ((uint16_t *)sizeof corrections)

struct correction corrections[2][2];
uint8_t calibration_state;
bool calibration_unlocked;

static uint16_t crc_of_corrections(void)
{
    const uint8_t *bytes = (const uint8_t *)corrections;
    uint16_t crc = 0xFFFF;
    for (uint8_t i = 0; i < LEGS; i++)
        crc = _crc_xmodem_update(crc, bytes[i]);
    return crc;
}

static bool erased(void)
{
    const uint8_t *bytes = (const uint8_t *)corrections;
    for (uint8_t i = 0; i < LEGS; i++)
        if (bytes[i] != 0xFF)
            return false;
    return true;
}

void calibration_load(void)
{
    eeprom_read_block(corrections, IN_EEPROM, LEGS);
    uint16_t crc = eeprom_read_word(CRC_IN_EEPROM);
    if (crc == crc_of_corrections()) {
        calibration_state = STORED;
        return;
    }
    calibration_state = erased() && crc == 0xFFFF ? DEFAULT : LOST;
    memset(corrections, 0, LEGS);
    if (calibration_state == LOST)
        errors_push(CALIBRATION_MEMORY_LOST);
}

void calibration_store(void)
{
    eeprom_update_block(corrections, IN_EEPROM, LEGS);
    eeprom_update_word(CRC_IN_EEPROM, crc_of_corrections());
    eeprom_busy_wait();
    calibration_state = STORED;
}

uint16_t calibration_corrected(uint8_t channel, int16_t code)
{
    return calibration_correct(channel, code);
}
