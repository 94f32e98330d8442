/* The interpreter of programs, section 6: gives what a channel plays tick by tick, from the program in memory. */
#ifndef PLAYER_H
#define PLAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "calibration.h"
#include "segment.h"

#define LOOPS 4

/* Of a channel in a tick: its level changes, its sink leg drives, its program is not over, a MARK stands before. */
enum { CHANGES = 1, SINKS = 4, PLAYS = 16, MARKED = 64 };

/* Beside SINKS and PLAYS what a player is: the level stays for some ticks; a RAMP gives the next one, whose levels last more than
   a tick; the converter's word is not 0, and is that of output B. */
enum { STAYS = 1, ON_RAMP = 2, DRIVES = 8, PAUSES = 32, ON_B = 128 };

struct loop {
    uint8_t start; /* of the LOOP: segments from there to the end of the program */
    uint16_t left; /* times still to come after this one */
};

struct player {
    const uint8_t *next; /* segment to be read next */
    const uint8_t *end;
    struct loop *innermost; /* those around it lie behind */
    const struct correction *corrections;
    int16_t code;           /* the level */
    int16_t from;           /* where the next RAMP begins */
    uint8_t is;
    __uint24 left;          /* ticks still to come at a level that stays */

    /* The RAMP being played. Level k is from + sign * ((D (2k + 1) + n) div 2n), with D the distance and n the count: from
       level to level the numerator grows by 2D, so the quotient by `whole`, the remainder by `part`;
       `rest` is the remainder less 2n, below 0. */
    __uint24 levels; /* still to come */
    uint16_t pause; /* ticks after the first of each */
    int16_t whole;
    int8_t sign;
    __int24 part;
    __int24 rest;
    __int24 twice_count;

    struct loop loops[LOOPS];
};

/* From the set level on; without a program that plays it is over from the beginning. */
void player_begin(uint8_t channel, int16_t set_code, bool plays);

/* Goes on by a tick. Not for C: the player is expected in Z, and a place for its converter's word at Y + 1. In r24 SINKS; PLAYS
   until the program is over; CHANGES with another word, which has CROSSES when the other leg is to be put at 0; MARKED. */
void player_next(void);

#endif
