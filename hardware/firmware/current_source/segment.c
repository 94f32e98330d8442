#include "segment.h"

NOT_INLINE uint8_t kind_of(const uint8_t *segment)
{
    return segment_kind(segment);
}

NOT_INLINE int16_t code_of(const uint8_t *segment)
{
    return segment_code(segment);
}

NOT_INLINE __uint24 count_of(const uint8_t *segment)
{
    return segment_count(segment);
}
