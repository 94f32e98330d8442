/* The answer to a line, sent as it is made, with its CRC-8 if the line had one (section 2). */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <stdint.h>

void answer_begin(bool with_checksum);
void answer_char(char c);
void answer_text(const char *text_in_flash);
void answer_number(uint32_t number);
void answer_signed(int32_t number);
void answer_hex(uint16_t number); /* 4 capital digits */
void answer_end(void);

/* A block (section 5): its head for a number of payload bytes, CRC included, then the bytes, then CRC-16 and LF. */
void answer_block(uint16_t length);
void answer_block_byte(uint8_t byte);
void answer_block_u16(uint16_t word);
void answer_block_u32(uint32_t word);
void answer_block_end(void);

#endif
