/* The interpreter of programs, section 6: gives a channel's code tick by tick, from the program in memory. */
#ifndef PLAYER_H
#define PLAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "inline.h"
#include "program.h"

struct player {
    const uint8_t *next; /* segment to be read next */
    const uint8_t *end;
    struct loop *outside; /* the innermost loop is the one before */
    int16_t code;         /* of the tick last asked for */
    int16_t from;         /* where the next RAMP begins */
    __uint24 left;        /* ticks still to come at this code */

    /* The RAMP being played. Level k is from + sign * ((D (2k + 1) + n) div 2n), with D the distance and n the count: from
       level to level the numerator grows by 2D, so the quotient by `whole`, the remainder by `part`. */
    __uint24 levels; /* still to come */
    uint16_t step;
    int16_t whole;
    int8_t sign;
    __uint24 part;
    __uint24 rest;
    __uint24 twice_count;
};

extern struct player players[CHANNELS];

/* Set when a MARK was read, for the tick that then comes. */
extern bool player_marked;

void player_begin(uint8_t channel, int16_t set_code);

/* The next level of a RAMP that has one, or what comes after the last level; false when the program is over. */
void player_go_on_ramp(struct player *player);
bool player_read_on(uint8_t channel);

INLINE void player_hold(struct player *player, const uint8_t *segment)
{
    player->code = player->from = segment_code(segment);
    player->left = segment_count(segment) - 1;
    player->next = segment + SEGMENT_BYTES;
}

/* Goes on to the next tick (the first time: to tick 0). False when the program is over; the code stays what it was. */
INLINE bool player_advance(uint8_t channel)
{
    struct player *player = &players[channel];
    if (player->left) {
        player->left--;
        return true;
    }
    if (player->levels) {
        player_go_on_ramp(player);
        return true;
    }
    /* Most often a HOLD: without a call, for ticks of 50 us. */
    const uint8_t *segment = player->next;
    if (segment != player->end && segment_is_hold(segment)) {
        player_hold(player, segment);
        return true;
    }
    return player_read_on(channel);
}

#endif
