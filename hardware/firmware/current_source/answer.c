#include "answer.h"

#include <avr/pgmspace.h>
#include <avr/wdt.h>
#include <util/crc16.h>

#include "uart.h"
#include "watchdog.h"

static bool checksum;
static uint16_t sum; /* CRC-8 of a line, CRC-16 of a block */

void answer_begin(bool with_checksum)
{
    checksum = with_checksum;
    sum = 0;
}

void answer_char(char c)
{
    sum = _crc8_ccitt_update((uint8_t)sum, (uint8_t)c);
    uart_put((uint8_t)c);
}

void answer_text(const char *text_in_flash)
{
    char c;
    while ((c = (char)pgm_read_byte(text_in_flash++)))
        answer_char(c);
}

void answer_number(uint32_t number)
{
    static const uint32_t POWERS[] PROGMEM = {1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1};
    bool begun = false;
    for (uint8_t i = 0; i < 10; i++) {
        watchdog_glance();
        uint32_t power = pgm_read_dword(&POWERS[i]);
        char digit = '0';
        for (; number >= power; number -= power)
            digit++;
        begun = begun || digit != '0' || i == 9;
        if (begun)
            answer_char(digit);
    }
}

void answer_signed(int32_t number)
{
    if (number < 0)
        answer_char('-');
    answer_number(number < 0 ? -(uint32_t)number : (uint32_t)number);
}

static void hex_digit(uint8_t nibble)
{
    nibble &= 15;
    answer_char((char)(nibble < 10 ? '0' + nibble : 'A' + nibble - 10));
}

void answer_hex(uint16_t number)
{
    for (uint8_t i = 0; i < 4; i++) {
        hex_digit((uint8_t)(number >> 12));
        number <<= 4;
    }
}

void answer_end(void)
{
    if (checksum) {
        uint8_t crc = (uint8_t)sum;
        answer_char('*');
        hex_digit(crc >> 4);
        hex_digit(crc);
    }
    uart_put('\n');
}

void answer_block(uint16_t length)
{
    checksum = false;
    answer_char('#');
    answer_char(length < 10 ? '1' : length < 100 ? '2' : '3');
    answer_number(length);
    sum = 0xFFFF;
}

void answer_block_byte(uint8_t byte)
{
    sum = _crc_xmodem_update(sum, byte);
    wdt_reset(); /* a long one may take 100 ms, but ends */
    uart_put(byte);
}

void answer_block_u16(uint16_t word)
{
    answer_block_byte((uint8_t)word);
    answer_block_byte((uint8_t)(word >> 8));
}

void answer_block_u32(uint32_t word)
{
    answer_block_u16((uint16_t)word);
    answer_block_u16((uint16_t)(word >> 16));
}

void answer_block_end(void)
{
    uart_put((uint8_t)sum);
    uart_put((uint8_t)(sum >> 8));
    uart_put('\n');
}
