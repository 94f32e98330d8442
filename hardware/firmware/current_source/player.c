#include "player.h"

void player_begin(struct player *player, const struct program *program, int16_t set_code)
{
    *player = (struct player){.program = program, .code = set_code, .from = set_code};
}

static void next_level(struct player *player)
{
    player->levels--;
    player->left = player->step - 1;
    player->code += player->whole;
    player->rest += player->part;
    if (player->rest >= player->twice_count) {
        player->rest -= player->twice_count;
        player->code += player->sign;
    }
}

/* Level 0, and by what the others differ. With D = q n + r: (D + n) div 2n = (q + 1) div 2. */
static void begin_ramp(struct player *player, int16_t to, __uint24 count, uint16_t step)
{
    int16_t from = player->from;
    uint16_t distance = to < from ? (uint16_t)(from - to) : (uint16_t)(to - from);
    uint16_t quotient = 0, rest = distance;
    if (count <= distance) {
        quotient = distance / (uint16_t)count;
        rest = distance % (uint16_t)count;
    }
    player->sign = to < from ? -1 : 1;
    player->twice_count = count * 2;
    player->part = (__uint24)rest * 2;
    player->rest = (quotient & 1) ? rest : rest + count;
    int16_t first = (int16_t)((quotient + 1) / 2);
    player->whole = to < from ? -(int16_t)quotient : (int16_t)quotient;
    player->code = to < from ? from - first : from + first;
    player->from = to;
    player->step = step;
    player->left = step - 1;
    player->levels = count - 1;
}

bool player_advance(struct player *player)
{
    player->mark = false;
    if (player->left) {
        player->left--;
        return true;
    }
    if (player->levels) {
        next_level(player);
        return true;
    }
    uint16_t step = 1;
    const uint8_t *segment = player->program->segments + SEGMENT_BYTES * player->next;
    while (player->next < player->program->count) {
        player->next++;
        switch (segment_kind(segment)) {
        case HOLD:
            player->code = player->from = segment_code(segment);
            player->left = segment_count(segment) - 1;
            return true;
        case RAMP:
            begin_ramp(player, segment_code(segment), segment_count(segment), step);
            return true;
        case FROM:
            player->from = segment_code(segment);
            step = segment_step(segment);
            break;
        case MARK:
            player->mark = true;
            break;
        case LOOP:
            player->loops[player->depth].start = player->next;
            player->loops[player->depth].left = segment_times(segment) - 1;
            player->depth++;
            break;
        default: /* END */
            if (player->loops[player->depth - 1].left) {
                player->loops[player->depth - 1].left--;
                player->next = player->loops[player->depth - 1].start;
                segment = player->program->segments + SEGMENT_BYTES * player->next;
                continue;
            }
            player->depth--;
        }
        segment += SEGMENT_BYTES;
    }
    return false;
}
