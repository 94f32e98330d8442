#include "player.h"

struct player players[CHANNELS];

void player_begin(uint8_t channel, int16_t set_code)
{
    const struct program *program = &programs[channel];
    players[channel] = (struct player){
        .next = program->segments,
        .end = program->segments + SEGMENT_BYTES * program->count,
        .outside = shared.loops[channel],
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

static NOT_INLINE void read_on(struct player *player)
{
    const uint8_t *segments = programs[player == &players[0] ? 0 : 1].segments;
    uint16_t step = 1;
    const uint8_t *segment = player->next;
    for (; segment != player->end; segment += SEGMENT_BYTES) {
        switch (segment_kind(segment)) {
        case HOLD:
            player->code = player->from = code_of(segment);
            player->next_left = count_of(segment) - 1;
            player->next = segment + SEGMENT_BYTES;
            return;
        case RAMP:
            begin_ramp(player, code_of(segment), count_of(segment), step);
            player->next = segment + SEGMENT_BYTES;
            return;
        case FROM:
            player->from = code_of(segment);
            step = segment_step(segment);
            break;
        case MARK:
            player->ahead |= A_MARK;
            break;
        case LOOP:
            player->outside->start = (uint8_t)((uint16_t)(segment - segments) / SEGMENT_BYTES);
            player->outside->left = segment_times(segment) - 1;
            player->outside++;
            break;
        default: { /* END */
            struct loop *loop = player->outside - 1;
            if (loop->left) {
                loop->left--;
                segment = segments + SEGMENT_BYTES * loop->start; /* the LOOP itself: what is inside comes next */
            } else {
                player->outside = loop;
            }
        }
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
