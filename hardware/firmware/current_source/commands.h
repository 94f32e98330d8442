/* The commands, section 4. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

struct block {
    uint8_t suffix;    /* of SOUR, as sent */
    uint16_t length;   /* bytes of the payload, its CRC included */
    bool kept;         /* the payload lies in shared.block: there was room when it began */
    uint16_t crc;      /* of the payload before its CRC */
    uint16_t sent_crc;
};

/* Execute a line without its checksum, and a block; what they give: handlers.h. */
uint8_t command_execute(char *text);
uint8_t command_execute_block(const struct block *block);

#endif
