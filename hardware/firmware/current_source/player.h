/* The interpreter of programs, section 6: gives a channel's code tick by tick, from the program in memory. */
#ifndef PLAYER_H
#define PLAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "program.h"

struct player {
    const struct program *program;
    uint8_t next;  /* segment to be read next */
    uint8_t depth; /* of loops */
    struct {
        uint8_t start; /* first segment inside */
        uint16_t left; /* times still to come after this one */
    } loops[LOOPS];
    int16_t code;  /* of the tick last asked for */
    int16_t from;  /* where the next RAMP begins */
    bool mark;     /* that tick carries a MARK */
    __uint24 left; /* ticks still to come at this code */

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

void player_begin(struct player *player, const struct program *program, int16_t set_code);

/* Goes on to the next tick (the first time: to tick 0). False when the program is over; the code stays what it was. */
bool player_advance(struct player *player);

#endif
