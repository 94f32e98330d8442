#include "player.h"

#include <stddef.h>
#include <string.h>

#include "calibration.h"
#include "converter.h"
#include "program.h"

NOT_INLINE void player_begin(uint8_t channel, int16_t set_code, bool plays)
{
    const struct program *program = &programs[channel];
    struct player *player = &shared.players[channel];
    memset(player, 0, sizeof *player);
    player->end = program->segments + SEGMENT_BYTES * program->count;
    player->next = plays ? program->segments : player->end;
    player->innermost = player->loops + LOOPS;
    player->corrections = corrections[channel];
    player->code = player->from = set_code;
    player->is = PLAYS;
    if (set_code < 0)
        player->is |= SINKS | ON_B;
    if (calibration_corrected(set_code, player->corrections))
        player->is |= DRIVES;
}

/* A RAMP, or a FROM and the RAMP after it: gives level 0, and notes by what the others differ. With D = q n + r:
   (D + n) div 2n = (q + 1) div 2. */
int16_t player_begin_ramp(struct player *player, const uint8_t *segment) __attribute__((used));
int16_t player_begin_ramp(struct player *player, const uint8_t *segment)
{
    if (kind_of(segment) == FROM) {
        player->from = code_of(segment);
        player->pause = segment_step(segment);
        segment += SEGMENT_BYTES;
    } else {
        player->pause = 0;
    }
    player->next = segment + SEGMENT_BYTES;
    int16_t from = player->from, to = code_of(segment);
    player->from = to;
    __uint24 less_one = number_of(segment), count = less_one + 1;
    player->levels = less_one;
    player->left = player->pause;
    player->is &= (uint8_t)~(STAYS | ON_RAMP | PAUSES);
    player->is |= (player->pause ? STAYS | PAUSES : 0) | (less_one ? ON_RAMP : 0);
    bool down = to < from;
    uint16_t distance = down ? (uint16_t)(from - to) : (uint16_t)(to - from);
    uint16_t quotient = 0, rest = distance;
    if (count <= distance) {
        quotient = distance / (uint16_t)count;
        rest = distance % (uint16_t)count;
    }
    player->twice_count = (__int24)(count * 2);
    player->rest = (__int24)((quotient & 1) ? rest : rest + count) - player->twice_count;
    player->part = (__int24)rest * 2;
    player->whole = down ? -(int16_t)quotient : (int16_t)quotient;
    player->sign = down ? -1 : 1;
    int16_t first = (int16_t)((quotient + 1) / 2);
    return down ? from - first : from + first;
}

/* By hand, in a third of the compiler's time: two channels have 50 us. r25 is what the player is and MARKED, X runs through the
   segments. */
__attribute__((naked, noinline, used)) void player_next(void)
{
    __asm__ volatile(
        "ldd r25, Z+%[is]\n\t"
        "mov r24, r25\n\t"
        "andi r24, %[stays]+%[ramp]\n\t"
        "breq 2f\n\t"
        "sbrs r25, 0\n\t"
        "rjmp 1f\n\t"
        "ldd r18, Z+%[left]\n\t" /* the level stays */
        "ldd r19, Z+%[left]+1\n\t"
        "ldd r20, Z+%[left]+2\n\t"
        "subi r18, 1\n\t"
        "sbci r19, 0\n\t"
        "sbci r20, 0\n\t"
        "std Z+%[left], r18\n\t"
        "std Z+%[left]+1, r19\n\t"
        "std Z+%[left]+2, r20\n\t"
        "brne 0f\n\t"
        "andi r25, 0xFF-%[stays]\n\t"
        "std Z+%[is], r25\n"
        "0:\tmov r24, r25\n\t"
        "andi r24, %[sinks]+%[plays]+%[marked]\n\t"
        "ret\n"
        "9:\tsbiw r26, %[bytes]\n\t" /* over */
        "st Z, r26\n\t"
        "std Z+1, r27\n\t"
        "andi r25, 0xFF-%[plays]-%[marked]\n\t"
        "std Z+%[is], r25\n\t"
        "rjmp 0b\n"

        "2:\tld r26, Z\n\t"
        "ldd r27, Z+1\n"
        "3:\t" /* the segment at X */
        "ld r20, X+\n\t"
        "ld r21, X+\n\t"
        "ld r22, X+\n\t"
        "ld r23, X+\n\t"
        "mov r24, r23\n\t"
        "andi r24, 0xC0\n\t"
        "cpi r24, %[hold]\n\t"
        "breq 4f\n\t"
        "rjmp 6f\n"
        "4:\tmov r24, r23\n\t" /* a HOLD */
        "andi r24, 0x20\n\t"
        "or r24, r20\n\t"
        "or r24, r21\n\t"
        "breq 4f\n\t" /* of one tick */
        "std Z+%[left], r20\n\t"
        "std Z+%[left]+1, r21\n\t"
        "bst r23, 5\n\t"
        "clr r24\n\t"
        "bld r24, 0\n\t"
        "std Z+%[left]+2, r24\n\t"
        "ori r25, %[stays]\n\t"
        "mov r24, r25\n\t"
        "andi r24, 0xFF-%[marked]\n\t"
        "std Z+%[is], r24\n"
        "4:\tandi r23, 0x1F\n\t"
        "sbrc r23, 4\n\t"
        "ori r23, 0xE0\n\t"
        "std Z+%[from], r22\n\t"
        "std Z+%[from]+1, r23\n\t"
        "st Z, r26\n\t"
        "std Z+1, r27\n"

        "5:\tldd r18, Z+%[code]\n\t" /* the level in r22 and r23 */
        "ldd r19, Z+%[code]+1\n\t"
        "cp r22, r18\n\t"
        "cpc r23, r19\n\t"
        "brne 7f\n\t"
        "rjmp 0b\n"
        "7:\t"
        "std Z+%[code], r22\n\t"
        "std Z+%[code]+1, r23\n\t"
        "movw r20, r22\n\t"
        "mov r26, r20\n\t"
        "or r26, r21\n\t"
        "breq 4f\n\t"
        "ldd r26, Z+%[corrections]\n\t"
        "ldd r27, Z+%[corrections]+1\n\t"
        "bst r21, 7\n\t"
        "brtc 7f\n\t"
        "adiw r26, %[leg]\n\t"
        "neg r21\n\t"
        "neg r20\n\t"
        "sbci r21, 0\n"
        "7:\tld r22, X+\n\t"
        "ld r23, X+\n\t"
        "ld r18, X+\n\t"
        "ld r19, X\n\t"
        "mov r27, r25\n\t"
        CALIBRATION_CORRECT
        "mov r18, r24\n\t"
        "or r18, r25\n\t"
        "ori r25, %[output]\n\t"
        "bld r25, 7\n\t"
        "mov r19, r25\n\t"
        "eor r19, r27\n\t"
        "brpl 7f\n\t" /* the same leg */
        "sbrc r27, 3\n\t"
        "ori r25, %[crosses]\n"
        "7:\tbld r27, 7\n\t" /* ON_B, SINKS, DRIVES */
        "bld r27, 2\n\t"
        "andi r27, 0xFF-%[drives]\n\t"
        "cpse r18, r1\n\t"
        "ori r27, %[drives]\n"
        "7:\tstd Y+1, r24\n\t"
        "std Y+2, r25\n\t"
        "mov r24, r27\n\t"
        "andi r24, 0xFF-%[marked]\n\t"
        "std Z+%[is], r24\n\t"
        "mov r24, r27\n\t"
        "andi r24, %[sinks]+%[plays]+%[marked]\n\t"
        "ori r24, %[changes]\n\t"
        "ret\n"
        "4:\tmov r27, r25\n\t" /* 0, by the leg of before */
        "andi r27, 0xFF-%[sinks]-%[drives]\n\t"
        "andi r25, %[onb]\n\t"
        "ori r25, %[output]\n\t"
        "ldi r24, 0\n\t"
        "rjmp 7b\n"

        "6:\tldd r18, Z+%[end]\n\t"
        "ldd r19, Z+%[end]+1\n\t"
        "cpi r24, %[ramp_kind]\n\t"
        "breq 8f\n\t"
        "brlo 4f\n\t"
        "rjmp 9b\n"
        "4:\t"
        "sbrc r23, 5\n\t"
        "rjmp 7f\n\t"
        "sbrc r21, 7\n\t"
        "rjmp 6f\n\t"
        "ldd r20, Z+%[innermost]\n\t" /* an END */
        "ldd r21, Z+%[innermost]+1\n\t"
        "movw r22, r30\n\t"
        "movw r30, r20\n\t"
        "ldd r20, Z+1\n\t"
        "ldd r21, Z+2\n\t"
        "subi r20, 1\n\t"
        "sbci r21, 0\n\t"
        "brcs 4f\n\t" /* was the last turn */
        "std Z+1, r20\n\t"
        "std Z+2, r21\n\t"
        "ld r20, Z\n\t"
        "ldi r21, %[bytes]\n\t"
        "mul r20, r21\n\t"
        "movw r26, r18\n\t"
        "sub r26, r0\n\t"
        "sbc r27, r1\n\t"
        "clr r1\n\t"
        "movw r30, r22\n\t"
        "rjmp 3b\n"
        "4:\tadiw r30, %[loop]\n\t"
        "movw r20, r30\n\t"
        "movw r30, r22\n\t"
        "std Z+%[innermost], r20\n\t"
        "std Z+%[innermost]+1, r21\n\t"
        "rjmp 3b\n"

        "6:\tsub r18, r26\n\t" /* a LOOP: where it begins, from the end, and its turns */
        "sbc r19, r27\n\t"
        "lsr r19\n\t"
        "ror r18\n\t"
        "lsr r19\n\t"
        "ror r18\n\t"
        "mov r24, r18\n\t"
        "swap r20\n\t"
        "lsl r20\n\t"
        "andi r23, 0x1F\n\t"
        "or r23, r20\n\t"
        "subi r22, 1\n\t"
        "sbci r23, 0\n\t"
        "ldd r20, Z+%[innermost]\n\t"
        "ldd r21, Z+%[innermost]+1\n\t"
        "subi r20, %[loop]\n\t"
        "sbci r21, 0\n\t"
        "std Z+%[innermost], r20\n\t"
        "std Z+%[innermost]+1, r21\n\t"
        "movw r18, r30\n\t"
        "movw r30, r20\n\t"
        "st Z, r24\n\t"
        "std Z+1, r22\n\t"
        "std Z+2, r23\n\t"
        "movw r30, r18\n\t"
        "rjmp 3b\n"

        "7:\tsbrs r21, 7\n\t"
        "rjmp 8f\n\t" /* a FROM */
        "ori r25, %[marked]\n\t"
        "rjmp 3b\n"
        "8:\tpush r25\n\t"
        "push r30\n\t"
        "push r31\n\t"
        "movw r24, r30\n\t"
        "sbiw r26, %[bytes]\n\t"
        "movw r22, r26\n\t"
        "%~call player_begin_ramp\n\t"
        "movw r22, r24\n\t"
        "pop r31\n\t"
        "pop r30\n\t"
        "pop r25\n\t"
        "ldd r24, Z+%[is]\n\t"
        "andi r25, %[marked]\n\t"
        "or r25, r24\n\t"
        "rjmp 5b\n"

        "1:\tldd r18, Z+%[levels]\n\t" /* the next of a RAMP */
        "ldd r19, Z+%[levels]+1\n\t"
        "ldd r20, Z+%[levels]+2\n\t"
        "subi r18, 1\n\t"
        "sbci r19, 0\n\t"
        "sbci r20, 0\n\t"
        "std Z+%[levels], r18\n\t"
        "std Z+%[levels]+1, r19\n\t"
        "std Z+%[levels]+2, r20\n\t"
        "brne 4f\n\t"
        "andi r25, 0xFF-%[ramp]\n\t"
        "std Z+%[is], r25\n"
        "4:\tsbrs r25, 5\n\t"
        "rjmp 4f\n\t"
        "ldd r18, Z+%[pause]\n\t"
        "ldd r19, Z+%[pause]+1\n\t"
        "std Z+%[left], r18\n\t"
        "std Z+%[left]+1, r19\n\t"
        "ori r25, %[stays]\n\t"
        "std Z+%[is], r25\n"
        "4:\t"
        "ldd r22, Z+%[code]\n\t"
        "ldd r23, Z+%[code]+1\n\t"
        "ldd r18, Z+%[whole]\n\t"
        "ldd r19, Z+%[whole]+1\n\t"
        "add r22, r18\n\t"
        "adc r23, r19\n\t"
        "ldd r18, Z+%[rest]\n\t"
        "ldd r19, Z+%[rest]+1\n\t"
        "ldd r20, Z+%[rest]+2\n\t"
        "ldd r24, Z+%[part]\n\t"
        "add r18, r24\n\t"
        "ldd r24, Z+%[part]+1\n\t"
        "adc r19, r24\n\t"
        "ldd r24, Z+%[part]+2\n\t"
        "adc r20, r24\n\t"
        "brmi 4f\n\t"
        "ldd r24, Z+%[twice]\n\t"
        "sub r18, r24\n\t"
        "ldd r24, Z+%[twice]+1\n\t"
        "sbc r19, r24\n\t"
        "ldd r24, Z+%[twice]+2\n\t"
        "sbc r20, r24\n\t"
        "ldd r24, Z+%[sign]\n\t"
        "ldi r21, 0\n\t"
        "sbrc r24, 7\n\t"
        "com r21\n\t"
        "add r22, r24\n\t"
        "adc r23, r21\n"
        "4:\tstd Z+%[rest], r18\n\t"
        "std Z+%[rest]+1, r19\n\t"
        "std Z+%[rest]+2, r20\n\t"
        "rjmp 5b"
        :
        : [plays] "M"(PLAYS), [sinks] "M"(SINKS), [changes] "M"(CHANGES), [marked] "M"(MARKED), [stays] "M"(STAYS),
          [ramp] "M"(ON_RAMP), [drives] "M"(DRIVES), [onb] "M"(ON_B), [crosses] "M"(CROSSES >> 8),
          [output] "M"(OUTPUT_A >> 8), [hold] "M"(HOLD), [ramp_kind] "M"(RAMP), [bytes] "I"(SEGMENT_BYTES),
          [loop] "I"(sizeof(struct loop)), [leg] "I"(sizeof(struct correction)), [end] "I"(offsetof(struct player, end)),
          [innermost] "I"(offsetof(struct player, innermost)), [corrections] "I"(offsetof(struct player, corrections)),
          [code] "I"(offsetof(struct player, code)), [from] "I"(offsetof(struct player, from)),
          [is] "I"(offsetof(struct player, is)), [left] "I"(offsetof(struct player, left)),
          [levels] "I"(offsetof(struct player, levels)), [pause] "I"(offsetof(struct player, pause)),
          [whole] "I"(offsetof(struct player, whole)), [sign] "I"(offsetof(struct player, sign)),
          [part] "I"(offsetof(struct player, part)), [rest] "I"(offsetof(struct player, rest)),
          [twice] "I"(offsetof(struct player, twice_count)));
}
