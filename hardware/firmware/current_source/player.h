/* The interpreter of programs, section 6: gives a channel's levels one by one, from the program in memory. */
#ifndef PLAYER_H
#define PLAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "program.h"

enum { A_LEVEL = 1, A_MARK = 2, THE_END = 4 };
enum way { NOT_SIMPLE, AT_SEGMENT, ON_RAMP /* a level in every tick */ };

/* `code` is the level being prepared, or already the next one: reading a program takes its time, so it is done a level ahead
   while there are ticks in which nothing changes. */
struct player {
    const uint8_t *next; /* segment to be read next */
    const uint8_t *end;
    struct loop *innermost; /* those around it lie behind */
    int16_t code;
    int16_t from;         /* where the next RAMP begins */
    __uint24 left;        /* ticks still to come at the level of now */
    __uint24 next_left;   /* at the one read ahead */
    uint8_t ahead;        /* what was read ahead, 0: nothing yet */
    uint8_t way;          /* what gives the next tick, when that is simple */

    /* The RAMP being played. Level k is from + sign * ((D (2k + 1) + n) div 2n), with D the distance and n the count: from
       level to level the numerator grows by 2D, so the quotient by `whole`, the remainder by `part`;
       `rest` is the remainder less 2n, below 0. */
    __uint24 levels; /* still to come */
    uint16_t step;
    int16_t whole;
    int8_t sign;
    __int24 part;
    __int24 rest;
    __int24 twice_count;
};

extern struct player players[CHANNELS];

void player_begin(uint8_t channel, int16_t set_code);

/* Reads the next level, a MARK before it, or that the program is over. */
void player_look_ahead(struct player *player);

/* A tick later: A_LEVEL if with it begins one, or a MARK and a level; THE_END; or 0, the level stays. */
uint8_t player_next(struct player *player);

/* The same where `way` is AT_SEGMENT: false if no HOLD comes next, be it from the start of a loop. */
bool player_hold_next(struct player *player);

/* The same where `way` is ON_RAMP. */
void player_ramp_next(struct player *player);

#endif
