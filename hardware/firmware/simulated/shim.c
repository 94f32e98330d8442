/* The ATmega328P of the current source on libsimavr 1.6, with the shield around it: converters, latch, enables, lines.

The core, the timers, interrupts and watchdog are libsimavr's. What it gets wrong for this program is done here: the time of
an SPI byte (it takes 100 us), the serial port (no depth of two, no overrun, eleven bits a byte), the converter (computed
when it is read), what compare matches do to their pins and when, captures, the timers' common start, what becomes of the
interrupts' flags and how long it takes to enter one, the time of an EEPROM write, and the inputs and causes after a restart.
Sources: ATmega328P data sheet DS40002061B, MCP4922 data sheet DS22250A.
*/
#include "board.h"

/* One unit: these files have nothing to hand out but to this one. */
#include "shield.c"
#include "interrupts.c"
#include "timers.c"
#include "serial.c"
#include "analog.c"

static void no_sleep(avr_t *avr, avr_cycle_count_t cycles) {}
static void no_log(avr_t *avr, const int level, const char *format, va_list arguments) {}

static void on_reset(avr_t *avr)
{
    board_t *b = avr->custom.data;
    b->restarted = 1;
    if (b->reset)
        b->reset(avr);
}

/* A watchdog interrupt that nobody hears until it falls due again is a reset (10.8.1); libsimavr would wait for ever. */
static avr_cycle_count_t watchdog_unheard(avr_t *avr, avr_cycle_count_t when, void *param)
{
    if (avr->data[WDTCSR] & 0x80)
        avr->data[WDTCSR] &= ~0x40;
    return 0;
}

static void watchdog_due(struct avr_irq_t *irq, uint32_t pending, void *param)
{
    board_t *b = param;
    if (pending)
        avr_cycle_timer_register(b->avr, b->watchdog->cycle_count - 100, watchdog_unheard, b);
}

/* After a restart: every pin floats, nothing is under way, the levels on the inputs are there. */
static void begin(board_t *b)
{
    avr_t *avr = b->avr;
    b->restarted = 0;
    avr->run_cycle_limit = BURST;
    b->receiving = b->waiting = b->sending = b->buffered = 0;
    b->converting = b->first = b->result.fresh = 0;
    b->spi_done = b->rises_to_come = 0;
    b->captured_high = b->high = 0;
    b->outside[PORT_B] &= ~1;
    b->outside[PORT_D] &= ~0x30;
    avr->data[UCSRA] = 0x20;
    avr->data[UCSRB] = 0;
    avr->data[UCSRC] = 6;
    for (int i = 0; i < 2; i++)
        avr_extint_set_strict_lvl_trig(avr, i, 0); /* it would look at a low pin at every cycle */
    record(b, RESTARTED, 0, 0);
    for (int port = 0; port < PORTS; port++) {
        b->driven[port] = b->direction[port] = 0;
        avr->data[PIN[port]] = b->outside[port];
        pins_changed(b, port);
    }
    stop(b);
    start_receiving(b);
}

static void hook(board_t *b, avr_io_addr_t addr, avr_io_read_t read, avr_io_write_t write)
{
    int i = AVR_DATA_TO_IO(addr);
    if (read)
        b->avr->io[i].r.c = read, b->avr->io[i].r.param = b;
    if (write)
        b->avr->io[i].w.c = write, b->avr->io[i].w.param = b;
}

static void hook_timer(board_t *b, avr_io_addr_t addr)
{
    int i = AVR_DATA_TO_IO(addr);
    b->own_write[addr].c = b->avr->io[i].w.c;
    b->own_write[addr].param = b->avr->io[i].w.param;
    hook(b, addr, NULL, timer_write);
}

static avr_io_t *module(avr_t *avr, const char *kind)
{
    for (avr_io_t *io = avr->io_port; io; io = io->next)
        if (!strcmp(io->kind, kind))
            return io;
    return NULL;
}

static avr_timer_t *timer(avr_t *avr, char name)
{
    for (avr_io_t *io = avr->io_port; io; io = io->next)
        if (!strcmp(io->kind, "timer") && ((avr_timer_t *)io)->name == name)
            return (avr_timer_t *)io;
    return NULL;
}

static avr_irq_t *watch(board_t *b, uint32_t which, int index, avr_irq_notify_t notify)
{
    avr_irq_t *irq = avr_io_getirq(b->avr, which, index);
    avr_irq_set_flags(irq, avr_irq_get_flags(irq) & ~IRQ_FLAG_FILTERED);
    avr_irq_register_notify(irq, notify, b);
    return irq;
}

void shim_restart(board_t *b, int flags, uint64_t boot)
{
    uint64_t before = now(b);
    avr_reset(b->avr);
    b->base = before - b->avr->cycle;
    b->avr->data[MCUSR] = flags;
    if (flags & 1) /* power: the converters forget */
        for (int i = 0; i < 2; i++) {
            converter_t *c = &b->converters[i];
            memset(c, 0, sizeof *c);
            for (int leg = 0; leg < 2; leg++)
                record(b, LATCHED, 2 * i + leg, 0);
        }
    begin(b);
    b->start = before + boot;
}

board_t *shim_new(const uint8_t *code, uint32_t size, int flags)
{
    avr_global_logger_set(no_log);
    board_t *b = calloc(1, sizeof *b);
    avr_t *avr = b->avr = avr_make_mcu_by_name("atmega328p");
    avr_init(avr);
    avr->custom.data = b;
    avr->frequency = 16000000;
    avr->sleep = no_sleep;
    avr->vcc = avr->avcc = 5000;
    avr->aref = 2500;
    b->aref = 2.5;
    avr_loadcode(avr, (uint8_t *)code, size, 0);
    avr->codeend = avr->flashend;
    b->uart = (avr_uart_t *)module(avr, "uart");
    b->uart->flags = 0;
    b->adc = (avr_adc_t *)module(avr, "adc");
    b->eeprom = (avr_eeprom_t *)module(avr, "eeprom");
    b->spi = (avr_spi_t *)module(avr, "spi");
    b->watchdog = (avr_watchdog_t *)module(avr, "watchdog");
    b->reset = avr->reset;
    avr->reset = on_reset;
    for (int port = 0; port < PORTS; port++) {
        b->written[port] = watch(b, AVR_IOCTL_IOPORT_GETIRQ('B' + port), IOPORT_IRQ_REG_PORT, port_written);
        b->turned[port] = watch(b, AVR_IOCTL_IOPORT_GETIRQ('B' + port), IOPORT_IRQ_DIRECTION_ALL, port_written);
    }
    avr_irq_register_notify(avr_get_interrupt_irq(avr, TIMER0_COMPA) + AVR_INT_IRQ_PENDING, timer0_matched, b);
    avr_irq_register_notify(avr_get_interrupt_irq(avr, WDT) + AVR_INT_IRQ_PENDING, watchdog_due, b);
    watch(b, AVR_IOCTL_TIMER_GETIRQ('1'), TIMER_IRQ_OUT_COMP + AVR_TIMER_COMPA, match_1a);
    watch(b, AVR_IOCTL_TIMER_GETIRQ('2'), TIMER_IRQ_OUT_COMP + AVR_TIMER_COMPB, match_2b);
    static const avr_io_addr_t flagged[] = {TIFR0, TIFR0 + 1, TIFR0 + 2, PCIFR, EIFR};
    for (size_t i = 0; i < sizeof flagged / sizeof *flagged; i++)
        hook(b, flagged[i], NULL, flags_write);
    static const avr_io_addr_t enables[] = {TIMSK0, TIMSK0 + 1, TIMSK0 + 2, PCICR, EIMSK};
    for (size_t i = 0; i < sizeof enables / sizeof *enables; i++)
        hook(b, enables[i], NULL, enables_write);
    b->timer1 = timer(avr, '1');
    b->timer2 = timer(avr, '2');
    static const avr_io_addr_t stored[] = {TCCR1A, TCCR1C, OCR1A, TCCR2A, TCCR2B, OCR2B};
    for (size_t i = 0; i < sizeof stored / sizeof *stored; i++)
        hook_timer(b, stored[i]);
    hook(b, SPDR, NULL, spdr_write);
    hook(b, ICR1, icr1_read, NULL);
    hook(b, ICR1 + 1, icr1_high_read, NULL);
    hook(b, GTCCR, NULL, gtccr_write);
    hook(b, UDR, udr_read, udr_write);
    hook(b, UCSRA, plain_read, ucsra_write);
    hook(b, UCSRB, NULL, ucsrb_write);
    hook(b, UCSRC, NULL, plain_write);
    hook(b, UBRRL, NULL, plain_write);
    hook(b, UBRRH, NULL, plain_write);
    hook(b, ADCL, adc_read, NULL);
    hook(b, ADCH, adc_read, NULL);
    hook(b, ADCSRA, NULL, adcsra_write);
    hook(b, ADCSRB, NULL, plain_write);
    hook(b, EECR, NULL, eecr_write);
    shim_restart(b, flags, 0);
    return b;
}

void shim_free(board_t *b)
{
    avr_terminate(b->avr);
    free(b->avr);
    free(b->events);
    free(b->to_program.bytes);
    free(b->from_program.bytes);
    free(b);
}

static avr_cycle_count_t far_enough(avr_t *avr, avr_cycle_count_t when, void *param) { return 0; }

/* Run until this cycle; with `watch`, not beyond a change of an output or the end of a line. */
int shim_run(board_t *b, uint64_t until, int watch)
{
    avr_t *avr = b->avr;
    b->stop = 0;
    start_receiving(b);
    if (now(b) < until)
        avr_cycle_timer_register(avr, until - now(b), far_enough, b);
    while (now(b) < until && !(b->stop && watch)) {
        if (now(b) < b->start) { /* in the bootloader: what comes is lost */
            avr->cycle += (until < b->start ? until : b->start) - now(b);
            avr_cycle_timer_process(avr);
            continue;
        }
        uint64_t before = now(b);
        int state = run(avr);
        if (b->restarted) {
            b->base = before - avr->cycle;
            begin(b);
            if (now(b) < until)
                avr_cycle_timer_register(avr, until - now(b), far_enough, b);
        }
        if (state == cpu_Done || state == cpu_Crashed || state == cpu_Stopped)
            return HALTED;
    }
    avr_cycle_timer_cancel(avr, far_enough, b);
    return b->stop ? CHANGED : REACHED;
}

uint64_t shim_cycle(board_t *b) { return now(b); }
void shim_look(board_t *b, look_t look) { b->look = look; }
uint32_t shim_pc(board_t *b) { return b->avr->pc; }
void shim_send(board_t *b, const uint8_t *data, size_t n) { put(&b->to_program, data, n); }
size_t shim_unread(board_t *b) { return b->to_program.count; }
size_t shim_pending(board_t *b) { return b->from_program.count; }
size_t shim_events(board_t *b) { return b->count; }
void shim_analog(board_t *b, int channel, double volts) { b->volts[channel & 7] = volts; }
void shim_aref(board_t *b, double volts) { b->aref = volts; }
int shim_level(board_t *b, int port, int pin) { return b->level[port] >> pin & 1; }
uint8_t *shim_memory(board_t *b) { return b->avr->data; }
uint8_t *shim_eeprom(board_t *b) { return b->eeprom->eeprom; }

void shim_take_received(board_t *b, uint8_t *into)
{
    memcpy(into, b->from_program.bytes + b->from_program.first, b->from_program.count);
    b->from_program.first = b->from_program.count = 0;
}

void shim_take_events(board_t *b, event_t *into)
{
    memcpy(into, b->events, b->count * sizeof(event_t));
    b->count = 0;
}

void shim_pin(board_t *b, int port, int pin, int level) { put_on(b, port, pin, level); }
