#include "line.h"

#include <avr/pgmspace.h>
#include <ctype.h>
#include <util/crc16.h>

#include "answer.h"
#include "clock.h"
#include "commands.h"
#include "errors.h"
#include "flags.h"
#include "memory.h"
#include "run.h"
#include "status.h"
#include "stream.h"
#include "uart.h"
#include "watchdog.h"

#define BLOCK_PAUSE (250 * HALVES_PER_MS / 256)
#define AT_ONCE 16 /* bytes from look to look at the watchdogs, however many come */

static enum {
    TEXT,         /* of a line */
    TOO_LONG,     /* dropped up to the LF: -363 */
    DIGITS,       /* of a block: how many digits its length has */
    LENGTH,       /* those digits */
    PAYLOAD,      /* and its CRC */
    PAYLOAD_END,  /* CR or LF */
    PAYLOAD_CR,   /* LF */
    BLOCK_BROKEN, /* dropped up to the LF: -161 */
    BYTES_MISSING, /* bytes did not arrive: what comes is dropped up to a pause */
} receiving;

static uint8_t length;  /* of the line so far */
static bool line_ended; /* BYTES_MISSING: a LF has come since */

static struct block block;
static uint8_t digits;     /* of the length still to come */
static uint16_t remaining; /* bytes of the payload still to come, CRC included */
static uint16_t last_byte; /* when it came, in 128 us */

static void refuse(uint8_t error, bool checksum)
{
    status_collect();
    errors_push(error);
    answer_begin(checksum);
    answer_text(PSTR("ERR "));
    errors_answer(error);
    answer_end();
}

/* Where shared.line ends without the spaces at its end. */
static uint8_t end_of_text(uint8_t end)
{
    while (end && shared.line[end - 1] == ' ')
        end--;
    return end;
}

static int8_t hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return (int8_t)(c - '0');
    c = (char)toupper(c);
    return c >= 'A' && c <= 'F' ? (int8_t)(c - 'A' + 10) : -1;
}

/* The last three characters are `*` and two hexadecimal digits, and there are more. */
static bool has_checksum(const char *text, uint8_t size)
{
    return size > 3 && text[size - 3] == '*' && hex_value(text[size - 2]) >= 0 && hex_value(text[size - 1]) >= 0;
}

static bool sum_is_right(const char *text, uint8_t size)
{
    uint8_t sum = 0;
    for (uint8_t i = 0; i < size - 3; i++)
        sum = _crc8_ccitt_update(sum, (uint8_t)text[i]);
    return sum == (uint8_t)(hex_value(text[size - 2]) << 4 | hex_value(text[size - 1]));
}

static bool printable(const char *text, uint8_t size)
{
    for (uint8_t i = 0; i < size; i++)
        if (text[i] < 0x20 || text[i] > 0x7E)
            return false;
    return true;
}

static void reply(uint8_t error, bool checksum)
{
    if (error == NO_ERROR) {
        answer_begin(checksum);
        answer_text(PSTR("OK"));
        answer_end();
    } else if (error == ANSWERED) {
        answer_end();
    } else if (error != SENT_BLOCK) {
        refuse(error, checksum);
    }
}

static void execute_line(void)
{
    if (length && shared.line[length - 1] == '\r')
        length--;
    uint8_t end = end_of_text(length);
    shared.line[end] = 0;
    length = 0;
    char *text = shared.line;
    while (*text == ' ')
        text++;
    uint8_t size = (uint8_t)(shared.line + end - text);
    if (size == 0)
        return;
    watchdog_glance();
    bool checksum = has_checksum(text, size);
    if (!printable(text, size)) {
        refuse(INVALID_CHARACTER, checksum);
    } else if (checksum && !sum_is_right(text, size)) {
        refuse(COMMUNICATION_ERROR, checksum);
    } else {
        if (checksum)
            shared.line[end_of_text(end - 3)] = 0;
        status_collect();
        answer_begin(checksum);
        reply(command_execute(text), checksum);
    }
}

/* What has come is `SOUR`, a digit, `:WAV:DATA` and spaces: a `#` now begins a block. */
static bool block_may_begin(void)
{
    static const char HEADER[] PROGMEM = "SOUR0:WAV:DATA";
    uint8_t end = end_of_text(length);
    if (end == length)
        return false;
    const char *text = shared.line;
    while (*text == ' ' && text < shared.line + end)
        text++;
    if (shared.line + end - text != sizeof HEADER - 1)
        return false;
    for (uint8_t i = 0; i < sizeof HEADER - 1; i++, text++) {
        char wanted = (char)pgm_read_byte(&HEADER[i]);
        if (wanted == '0' ? !isdigit((uint8_t)*text) : toupper((uint8_t)*text) != wanted)
            return false;
        if (wanted == '0')
            block.suffix = (uint8_t)(*text - '0');
    }
    return true;
}

static void begin_block(void)
{
    length = 0;
    block.length = 0;
    block.crc = 0xFFFF;
    block.kept = run_state == IDLE && !stream_on();
    remaining = 0;
    receiving = DIGITS;
}

/* The CRC runs two bytes behind: the last two are its own. */
static void take_payload(uint8_t byte)
{
    if (block.length >= 2) {
        uint16_t place = block.length - 2;
        uint8_t data = (uint8_t)block.sent_crc;
        block.crc = _crc_xmodem_update(block.crc, data);
        if (block.kept && place < sizeof shared.block)
            shared.block[place] = data;
    }
    block.length++;
    block.sent_crc = block.sent_crc >> 8 | (uint16_t)byte << 8;
    if (--remaining == 0)
        receiving = PAYLOAD_END;
}

static void take_length(uint8_t byte)
{
    if (!isdigit(byte)) {
        receiving = BLOCK_BROKEN;
        return;
    }
    remaining = remaining * 10 + (byte - '0');
    if (--digits == 0)
        receiving = remaining ? PAYLOAD : PAYLOAD_END;
}

static void take_line_end(void)
{
    uint8_t was = receiving;
    receiving = TEXT;
    if (was == TEXT) {
        execute_line();
    } else if (was == TOO_LONG) {
        status_latch(INPUT_LOST);
        refuse(INPUT_BUFFER_OVERRUN, false);
    } else if (was == BLOCK_BROKEN || was == DIGITS || was == LENGTH) {
        refuse(INVALID_BLOCK_DATA, false);
    } else {
        status_collect();
        reply(command_execute_block(&block), false);
    }
    length = 0;
}

static void take_text(uint8_t byte)
{
    if (byte == '#' && block_may_begin()) {
        begin_block();
    } else if (length == LINE) {
        receiving = TOO_LONG;
    } else {
        shared.line[length++] = (char)byte;
    }
}

static void take(uint8_t byte)
{
    if (receiving == BYTES_MISSING) {
        line_ended = line_ended || byte == '\n';
        return;
    }
    if (byte == '\n' && receiving != PAYLOAD) {
        take_line_end();
        return;
    }
    switch (receiving) {
    case TEXT:
        take_text(byte);
        break;
    case DIGITS:
        digits = byte - '0';
        receiving = digits >= 1 && digits <= 3 ? LENGTH : BLOCK_BROKEN;
        break;
    case LENGTH:
        take_length(byte);
        break;
    case PAYLOAD:
        take_payload(byte);
        break;
    case PAYLOAD_END:
        receiving = byte == '\r' ? PAYLOAD_CR : BLOCK_BROKEN;
        break;
    case PAYLOAD_CR:
        receiving = BLOCK_BROKEN;
        break;
    default: /* dropped */
        break;
    }
}

static uint16_t coarse_now(void)
{
    return (uint16_t)(clock_now() >> 8);
}

/* The host waits for its answer: an answer to what ended by a pause, if a line or block was sent at all. */
static void give_up(void)
{
    bool lost = receiving == BYTES_MISSING;
    receiving = TEXT;
    length = 0;
    status_latch(INPUT_LOST);
    if (!lost || line_ended)
        refuse(lost ? INPUT_BUFFER_OVERRUN : TIME_OUT_ERROR, false);
}

void line_poll(void)
{
    uint8_t byte, most = AT_ONCE;
    if (!uart_empty())
        last_byte = coarse_now();
    while (most--) {
        if (FLAG_TAKEN(FLAG_BYTES_LOST)) {
            /* Nothing of what lies here is done: the line or block that lacks bytes may have begun anywhere in it. */
            line_ended = line_ended && receiving == BYTES_MISSING;
            receiving = BYTES_MISSING;
        }
        if (!uart_take(&byte))
            break;
        take(byte);
    }
    if (receiving >= DIGITS && (uint16_t)(coarse_now() - last_byte) > BLOCK_PAUSE)
        give_up();
}
