#include "player.h"

struct player players[CHANNELS];

void player_begin(uint8_t channel, int16_t set_code)
{
    const struct program *program = &programs[channel];
    players[channel] = (struct player){
        .next = program->segments,
        .end = program->segments + SEGMENT_BYTES * program->count,
        .innermost = shared.loops[channel] + LOOPS,
        .code = set_code,
        .from = set_code,
    };
}

static void go_on_ramp(struct player *player)
{
    player->levels--;
    player->next_left = player->step - 1;
    int16_t code = player->code + player->whole;
    __uint24 rest = player->rest + player->part;
    if (rest >= player->twice_count) {
        rest -= player->twice_count;
        code += player->sign;
    }
    player->code = code;
    player->rest = rest;
}

/* Level 0, and by what the others differ. With D = q n + r: (D + n) div 2n = (q + 1) div 2. */
static inline void begin_ramp(struct player *player, int16_t to, __uint24 count, uint16_t step)
{
    int16_t from = player->from;
    bool down = to < from;
    uint16_t distance = down ? (uint16_t)(from - to) : (uint16_t)(to - from);
    uint16_t quotient = 0, rest = distance;
    if (count <= distance) {
        quotient = distance / (uint16_t)count;
        rest = distance % (uint16_t)count;
    }
    int16_t first = (int16_t)((quotient + 1) / 2);
    player->code = down ? from - first : from + first;
    player->whole = down ? -(int16_t)quotient : (int16_t)quotient;
    player->sign = down ? -1 : 1;
    player->rest = (quotient & 1) ? rest : rest + count;
    player->part = (__uint24)rest * 2;
    player->twice_count = count * 2;
    player->from = to;
    player->step = step;
    player->next_left = step - 1;
    player->levels = count - 1;
}

static inline void begin_loop(struct player *player, const uint8_t *segment)
{
    struct loop *loop = --player->innermost;
    loop->start = (uint8_t)((uint16_t)(player->end - segment) / SEGMENT_BYTES);
    loop->left = segment_times(segment) - 1;
}

/* Where it goes on after an END: behind the segment that this gives. */
static inline const uint8_t *end_loop(struct player *player, const uint8_t *segment)
{
    struct loop *loop = player->innermost;
    uint16_t left = loop->left;
    if (left == 0) {
        player->innermost = loop + 1;
        return segment;
    }
    loop->left = left - 1;
    return player->end - (uint16_t)loop->start * SEGMENT_BYTES;
}

/* A RAMP, or a FROM and the RAMP after it. */
static NOT_INLINE void read_ramp(struct player *player, const uint8_t *segment)
{
    uint16_t step = 1;
    if (kind_of(segment) == FROM) {
        player->from = code_of(segment);
        step = segment_step(segment) + 1;
        segment += SEGMENT_BYTES;
    }
    player->next = segment + SEGMENT_BYTES;
    begin_ramp(player, code_of(segment), number_of(segment) + 1, step);
}

static inline void read_on(struct player *player)
{
    const uint8_t *segment = player->next;
    for (; segment != player->end; segment += SEGMENT_BYTES) {
        uint8_t kind = segment_kind(segment);
        if (kind == HOLD) {
            player->code = player->from = segment_code(segment);
            player->next_left = segment_number(segment);
            player->next = segment + SEGMENT_BYTES;
            return;
        }
        if (kind == END) {
            segment = end_loop(player, segment);
        } else if (kind == LOOP) {
            begin_loop(player, segment);
        } else if (kind == MARK) {
            player->ahead |= A_MARK;
        } else {
            read_ramp(player, segment);
            return;
        }
    }
    player->next = segment;
    player->ahead = THE_END;
}

void player_look_ahead(struct player *player)
{
    player->ahead = A_LEVEL;
    if (player->levels)
        go_on_ramp(player);
    else
        read_on(player);
}
