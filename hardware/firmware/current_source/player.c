#include "player.h"

#include <stddef.h>

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
        .way = AT_SEGMENT,
    };
}

INLINE void go_on_ramp(struct player *player)
{
    if (--player->levels == 0)
        player->way = AT_SEGMENT;
    player->code += player->whole;
    player->rest += player->part;
    if (player->rest >= 0) {
        player->rest -= player->twice_count;
        player->code += player->sign;
    }
}

static uint8_t way_on(const struct player *player)
{
    if (player->ahead || player->left)
        return NOT_SIMPLE;
    if (player->levels == 0)
        return AT_SEGMENT;
    return player->step == 1 ? ON_RAMP : NOT_SIMPLE;
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
    player->twice_count = (__int24)(count * 2);
    player->rest = (__int24)((quotient & 1) ? rest : rest + count) - player->twice_count;
    player->part = (__int24)rest * 2;
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
    if (!player->levels) {
        read_on(player);
        return;
    }
    go_on_ramp(player);
    player->next_left = player->step - 1;
}

uint8_t player_next(struct player *player)
{
    uint8_t next = 0;
    if (player->left) {
        player->left--;
    } else {
        if (!player->ahead)
            player_look_ahead(player);
        next = player->ahead;
        player->ahead = 0;
        player->left = player->next_left;
    }
    player->way = way_on(player);
    return next;
}

NOT_INLINE void player_ramp_next(struct player *player)
{
    go_on_ramp(player);
}

/* By hand, in half of the compiler's time. X runs through the segment, Z is the player, or the loop that ends. */
__attribute__((naked, noinline)) bool player_hold_next(struct player *player __attribute__((unused)))
{
    __asm__ volatile(
        "movw r30, r24\n\t"
        "ld r26, Z\n\t"
        "ldd r27, Z+1\n"
        "1:\tldd r18, Z+%[end]\n\t"
        "ldd r19, Z+%[end]+1\n\t"
        "cp r26, r18\n\t"
        "cpc r27, r19\n\t"
        "breq 4f\n\t"
        "ld r20, X+\n\t"
        "ld r21, X+\n\t"
        "ld r22, X+\n\t"
        "ld r23, X+\n\t"
        "mov r24, r23\n\t"
        "andi r24, 0xC0\n\t"
        "cpi r24, %[hold]\n\t"
        "brne 2f\n\t"
        "mov r24, r23\n\t"
        "andi r24, 0x20\n\t"
        "or r24, r20\n\t"
        "or r24, r21\n\t"
        "breq 6f\n\t" /* one tick */
        "std Z+%[left], r20\n\t"
        "std Z+%[left]+1, r21\n\t"
        "bst r23, 5\n\t"
        "clr r24\n\t"
        "bld r24, 0\n\t"
        "std Z+%[left]+2, r24\n\t"
        "std Z+%[way], r1\n"
        "6:\tandi r23, 0x1F\n\t"
        "sbrc r23, 4\n\t"
        "ori r23, 0xE0\n\t"
        "std Z+%[code], r22\n\t"
        "std Z+%[code]+1, r23\n\t"
        "std Z+%[from], r22\n\t"
        "std Z+%[from]+1, r23\n\t"
        "st Z, r26\n\t"
        "std Z+1, r27\n\t"
        "ldi r24, 1\n\t"
        "ret\n"
        "3:\tsbiw r26, %[bytes]\n" /* something else */
        "4:\tst Z, r26\n\t"
        "std Z+1, r27\n\t"
        "ldi r24, 0\n\t"
        "ret\n"
        "2:\ttst r24\n\t" /* an END: end_loop() */
        "brne 3b\n\t"
        "sbrc r23, 5\n\t"
        "rjmp 3b\n\t"
        "sbrc r21, 7\n\t"
        "rjmp 3b\n\t"
        "ldd r20, Z+%[innermost]\n\t"
        "ldd r21, Z+%[innermost]+1\n\t"
        "movw r22, r30\n\t"
        "movw r30, r20\n\t"
        "ldd r20, Z+1\n\t"
        "ldd r21, Z+2\n\t"
        "subi r20, 1\n\t"
        "sbci r21, 0\n\t"
        "brcs 5f\n\t" /* was the last turn */
        "std Z+1, r20\n\t"
        "std Z+2, r21\n\t"
        "ld r20, Z\n\t"
        "ldi r21, %[bytes]\n\t"
        "mul r20, r21\n\t"
        "movw r26, r18\n\t"
        "sub r26, r0\n\t"
        "sbc r27, r1\n\t"
        "clr r1\n\t"
        "adiw r26, %[bytes]\n\t"
        "movw r30, r22\n\t"
        "rjmp 1b\n"
        "5:\tadiw r30, %[loop]\n\t"
        "movw r20, r30\n\t"
        "movw r30, r22\n\t"
        "std Z+%[innermost], r20\n\t"
        "std Z+%[innermost]+1, r21\n\t"
        "rjmp 1b"
        :
        : [end] "n"(offsetof(struct player, end)), [innermost] "n"(offsetof(struct player, innermost)),
          [code] "n"(offsetof(struct player, code)), [from] "n"(offsetof(struct player, from)),
          [left] "n"(offsetof(struct player, left)), [way] "n"(offsetof(struct player, way)), [hold] "n"(HOLD),
          [bytes] "n"(SEGMENT_BYTES), [loop] "n"(sizeof(struct loop)));
}
