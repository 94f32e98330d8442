#include "segment.h"

void segment_order(uint8_t *segment)
{
    uint8_t low = segment[0], b1 = segment[1], b2 = segment[2], b3 = segment[3];
    segment[0] = (uint8_t)(b2 << 3) | b1 >> 5;
    segment[1] = (uint8_t)(b3 << 3) | b2 >> 5;
    segment[2] = low;
    segment[3] = (uint8_t)((b3 & 0xC0) | (b3 & 0x20) | (b1 & 0x1F));
}

NOT_INLINE uint8_t kind_of(const uint8_t *segment)
{
    return segment_kind(segment);
}

bool segment_has_more(const uint8_t *segment)
{
    uint8_t kind = kind_of(segment);
    if (kind == END || kind == MARK)
        return segment[0] | (segment[1] & 0x7F) | segment[2] | (segment[3] & 0x1F);
    return kind == LOOP && ((segment[0] & 0xF8) | (segment[1] & 0x7F));
}

NOT_INLINE int16_t code_of(const uint8_t *segment)
{
    return segment_code(segment);
}

NOT_INLINE __uint24 number_of(const uint8_t *segment)
{
    return segment_number(segment);
}
