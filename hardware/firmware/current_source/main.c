/* The current source: hardware/firmware/PROTOCOL.md, on an Arduino Uno (ATmega328P, 16 MHz) with the shield. */
#include <avr/interrupt.h>
#include <avr/pgmspace.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

#include "answer.h"
#include "calibration.h"
#include "cause.h"
#include "clock.h"
#include "converter.h"
#include "handlers.h"
#include "line.h"
#include "output.h"
#include "run.h"
#include "stamps.h"
#include "status.h"
#include "stream.h"
#include "sync.h"
#include "uart.h"
#include "watchdog.h"

/* The only line that is no answer, section 2. */
static void hello(void)
{
    answer_begin(false);
    answer_text(PSTR("HELLO "));
    answer_identity();
    answer_char(',');
    answer_cause();
    answer_end();
}

/* Sleeps until an interrupt, unless there is something to do: the slots of 125 us end it at the latest. */
static void rest(void)
{
    cli();
    if (uart_empty()) {
        sleep_enable();
        sei();
        sleep_cpu();
        sleep_disable();
    }
    sei();
}

int main(void)
{
    cause_watch();
    cause_find();
    converter_start();
    clock_start();
    sync_start();
    run_init();
    stream_init();
    output_init();
    uart_start();
    calibration_load();
    reset_settings();
    status_latch(RESTARTED);
    sei();
    hello();
    for (;;) {
        wdt_reset();
        line_poll();
        watchdog_check();
        run_meanwhile();
        rest();
    }
}
