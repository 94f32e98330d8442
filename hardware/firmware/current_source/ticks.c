#include "ticks.h"

#include "flags.h"
#include "memory.h"
#include "sync.h"
#include "watchdog.h"

struct tick ticks_queue[QUEUE];
struct tick *volatile ticks_in, *volatile ticks_out;
static uint8_t over __attribute__((used));

void ticks_begin(void)
{
    ticks_in = ticks_out = ticks_queue;
    over = 0;
    sync_begin();
}

/* By hand, for two channels have 50 us. Y is the place in the queue, r17 what happens in the tick. */
__attribute__((naked, noinline)) void ticks_fill(void)
{
    __asm__ volatile(
        "push r17\n\t"
        "push r28\n\t"
        "push r29\n\t"
        "lds r28, %[in]\n\t"
        "lds r29, %[in]+1\n\t"
        "cbi %[flags], %[hungry]\n"
        "1:\tsbic %[flags], %[hungry]\n\t"
        "rjmp 9f\n\t"
        "lds r24, %[over]\n\t"
        "tst r24\n\t"
        "brne 9f\n\t"
        "in r24, %[slots]\n\t" /* the host must be heard */
        "lds r25, %[seen]\n\t"
        "sub r24, r25\n\t"
        "cpi r24, %[unseen]\n\t"
        "brsh 8f\n\t"
        "mov r24, r28\n\t" /* if it is full */
        "subi r24, -%[one]\n\t"
        "cpi r24, lo8(%[queue]+%[size])\n\t"
        "brne 2f\n\t"
        "ldi r24, lo8(%[queue])\n"
        "2:\tlds r25, %[out]\n\t"
        "cp r24, r25\n\t"
        "breq 9f\n\t"
        "ldi r30, lo8(%[player])\n\t"
        "ldi r31, hi8(%[player])\n\t"
        "%~call player_next\n\t"
        "mov r17, r24\n\t"
        "adiw r28, 2\n\t"
        "ldi r30, lo8(%[player]+%[other])\n\t"
        "ldi r31, hi8(%[player]+%[other])\n\t"
        "%~call player_next\n\t"
        "sbiw r28, 2\n\t"
        "lsl r24\n\t"
        "or r24, r17\n\t"
        "mov r17, r24\n\t"
        "andi r17, %[what]\n\t"
        "mov r25, r17\n\t"
        "andi r25, %[playing]\n\t"
        "breq 5f\n\t"
        "lds r25, %[mode]\n\t"
        "tst r25\n\t"
        "breq 3f\n\t" /* SYNC_START */
        "andi r24, %[marked]\n\t"
        "%~call sync_next\n\t"
        "tst r24\n\t"
        "breq 4f\n"
        "3:\tori r17, %[high]\n"
        "4:\tst Y, r17\n\t"
        "adiw r28, %[one]\n\t"
        "cpi r28, lo8(%[queue]+%[size])\n\t"
        "brne 2f\n\t"
        "ldi r28, lo8(%[queue])\n\t"
        "ldi r29, hi8(%[queue])\n"
        "2:\tsts %[in]+1, r29\n\t"
        "sts %[in], r28\n\t"
        "rjmp 1b\n"
        "5:\tldi r25, 1\n\t"
        "sts %[over], r25\n\t"
        "rjmp 4b\n"
        "8:\tsbi %[flags], %[hungry]\n"
        "9:\tpop r29\n\t"
        "pop r28\n\t"
        "pop r17\n\t"
        "ret"
        :
        : [in] "i"(&ticks_in), [out] "i"(&ticks_out), [over] "i"(&over), [queue] "i"(ticks_queue),
          [size] "n"(sizeof ticks_queue), [one] "n"(sizeof *ticks_queue), [flags] "I"(_SFR_IO_ADDR(FLAGS)),
          [hungry] "I"(HUNGRY), [slots] "I"(_SFR_IO_ADDR(SLOTS)), [seen] "i"(&watchdog_seen),
          [unseen] "M"(WATCHDOG_UNSEEN), [player] "i"(shared.players), [other] "n"(sizeof(struct player)),
          [what] "M"((CHANGES | SINKS | PLAYS) * 3), [playing] "M"(PLAYS * 3), [marked] "M"(MARKED * 3),
          [high] "M"(TICK_SYNC), [mode] "i"(&sync_mode));
}
