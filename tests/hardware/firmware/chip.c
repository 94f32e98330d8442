/* What of the chip the simulation does itself, seen by a program: each letter is answered by the cycles that something took. */
#include <avr/eeprom.h>
#include <avr/io.h>
#include <avr/interrupt.h>
#include <avr/cpufunc.h>
#include <avr/sleep.h>
#include <avr/wdt.h>
#include <stdbool.h>

static uint8_t cause __attribute__((section(".noinit")));

void __attribute__((naked, used, section(".init3"))) early(void)
{
    cause = MCUSR;
    MCUSR = 0;
    wdt_disable();
}

static void put(uint8_t byte)
{
    while (!(UCSR0A & _BV(UDRE0)))
        ;
    UDR0 = byte;
}

static uint8_t get(void)
{
    while (!(UCSR0A & _BV(RXC0)))
        ;
    return UDR0;
}

static void put_word(uint16_t word)
{
    put(word & 0xFF);
    put(word >> 8);
}

/* Instructions of one to four cycles, until a flag of timer 1 is there. */
static void dawdle_until(uint8_t flag)
{
    do
        __asm__ volatile("push r0\n\tpop r0\n\tnop\n\trcall 1f\n\trjmp 2f\n1:\tret\n2:\tlds r0, 0x0100" ::: "r0");
    while (!(TIFR1 & flag));
    TIFR1 = flag;
}

/* Timers 1 and 2 count eighths of the clock, in step, from 0. */
static void count_in_step(void)
{
    GTCCR = _BV(TSM) | _BV(PSRASY) | _BV(PSRSYNC);
    TCCR1B = _BV(ICES1) | _BV(CS11);
    TCCR2B = _BV(CS21);
    TCNT1 = 0;
    TCNT2 = 0;
    GTCCR = 0;
}

static void stop_counting_in_step(void)
{
    TCCR1A = TCCR2A = TCCR2B = 0;
    TCCR1B = _BV(CS10);
}

static void send_level(uint16_t word)
{
    PORTB &= (uint8_t)~_BV(PB2);
    SPDR = word >> 8;
    while (!(SPSR & _BV(SPIF)))
        ;
    SPDR = word & 0xFF;
    while (!(SPSR & _BV(SPIF)))
        ;
    PORTB |= _BV(PB2);
}

/* LDAC falls and SYNC changes 40 times by matches with OC1A and OC2B, whose counts are told. */
static void matches(void)
{
    DDRD |= _BV(PD3);
    TCCR1A = _BV(COM1A1) | _BV(COM1A0);
    TCCR1C = _BV(FOC1A);
    count_in_step();
    for (uint8_t k = 0; k < 40; k++) {
        send_level(0x3001 + k);
        OCR1A = TCNT1 + 80 + k;
        OCR2B = OCR1A & 0xFF;
        TCCR2A = _BV(COM2B1) | (k & 1 ? 0 : _BV(COM2B0));
        TIFR1 = _BV(OCF1A);
        TCCR1A = _BV(COM1A1);
        dawdle_until(_BV(OCF1A));
        TCCR1A = _BV(COM1A1) | _BV(COM1A0);
        TCCR1C = _BV(FOC1A);
        put_word(OCR1A);
    }
    stop_counting_in_step();
}

/* SYNC rises by a match at a count that comes one later each time, while a store makes that match a fall. OE1 rises with the
   end of that store. */
static void match_while_its_mode_is_changed(void)
{
    DDRD |= _BV(PD3) | _BV(PD6);
    TCCR2B = _BV(CS20);
    for (uint8_t count = 20; count < 40; count++) {
        PORTD &= (uint8_t)~_BV(PD6);
        TCCR2A = _BV(COM2B1);
        TCCR2B |= _BV(FOC2B);
        TCCR2A = _BV(COM2B1) | _BV(COM2B0);
        OCR2B = count;
        __asm__ volatile(
            "sts %[counter], r1\n\t"
            "ldi r24, 9\n"
            "1:\tdec r24\n\t"
            "brne 1b\n\t"
            "sts %[control], %[fall]\n\t"
            "sbi %[port], 6" ::[counter] "n"(_SFR_MEM_ADDR(TCNT2)), [control] "n"(_SFR_MEM_ADDR(TCCR2A)),
            [fall] "r"((uint8_t)_BV(COM2B1)), [port] "I"(_SFR_IO_ADDR(PORTD))
            : "r24");
        __builtin_avr_delay_cycles(600);
    }
    stop_counting_in_step();
}

/* Counts that 40 rises at ICP1 found, and first a match with OC2B in step with them, at count 100. */
static void captures(void)
{
    DDRD |= _BV(PD3);
    TCCR2A = _BV(COM2B1);
    OCR2B = 100;
    count_in_step();
    TCCR2B |= _BV(FOC2B);
    TCCR2A = _BV(COM2B1) | _BV(COM2B0);
    TIFR1 = _BV(ICF1);
    for (uint8_t k = 0; k < 40; k++) {
        dawdle_until(_BV(ICF1));
        put_word(ICR1);
    }
    stop_counting_in_step();
}

static volatile uint8_t overflows, edges;

ISR(TIMER1_OVF_vect)
{
    overflows++;
}

ISR(INT0_vect)
{
    edges++;
}

/* The flag of an overflow is there before its interrupt is enabled: it comes at once, unless it is cleared. */
static uint8_t late_overflows(uint8_t cleared)
{
    TIMSK1 = 0;
    sei();
    for (TIFR1 = _BV(TOV1); !(TIFR1 & _BV(TOV1));)
        ;
    TIFR1 = cleared;
    overflows = 0;
    TIMSK1 = _BV(TOIE1);
    _NOP();
    _NOP();
    TIMSK1 = 0;
    cli();
    return overflows;
}

/* The same of a rising edge at D2. */
static uint8_t late_edges(uint8_t cleared)
{
    EICRA = _BV(ISC01) | _BV(ISC00);
    sei();
    while (!(EIFR & _BV(INTF0)))
        ;
    EIFR = cleared;
    edges = 0;
    EIMSK = _BV(INT0);
    _NOP();
    _NOP();
    EIMSK = 0;
    cli();
    return edges;
}

/* OE1 rises with the first instruction of the interrupt of a match at which SYNC rises. */
ISR(TIMER2_COMPB_vect, ISR_NAKED)
{
    __asm__ volatile("sbi %[port], 6\n\treti" ::[port] "I"(_SFR_IO_ADDR(PORTD)));
}

static void enter_an_interrupt(bool asleep)
{
    DDRD |= _BV(PD3) | _BV(PD6);
    TCCR2B = _BV(CS20);
    OCR2B = TCNT2 + 60;
    TCCR2A = _BV(COM2B1) | _BV(COM2B0);
    TIFR2 = _BV(OCF2B);
    TIMSK2 = _BV(OCIE2B);
    sei();
    if (asleep) {
        sleep_enable();
        sleep_cpu();
    }
    __asm__ volatile(".rept 80\n\tnop\n\t.endr");
    cli();
    TIMSK2 = 0;
    TCCR2A = _BV(COM2B1);
    TCCR2B = _BV(FOC2B);
    PORTD &= (uint8_t)~_BV(PD6);
    stop_counting_in_step();
}

/* Flags of timer 1 that stay when those of `cleared` are cleared: all of them were there. */
static uint8_t flags_left(uint8_t cleared)
{
    TIMSK1 = _BV(TOIE1) | _BV(OCIE1A) | _BV(OCIE1B); /* but interrupts are off */
    OCR1A = OCR1B = 0x8000;
    TCNT1 = 0;
    for (TIFR1 = 0xFF; !(TIFR1 & _BV(TOV1));)
        ;
    TIFR1 = cleared;
    uint8_t left = TIFR1;
    TIMSK1 = 0;
    TIFR1 = 0xFF;
    return left << 4 | TIFR1;
}

static uint16_t time_of(uint8_t what)
{
    uint16_t result = 0;
    switch (what) {
    case 's': /* a byte over SPI */
        TCNT1 = 0;
        SPDR = 0x55;
        while (!(SPSR & _BV(SPIF)))
            ;
        break;
    case 'a': /* a conversion */
        TCNT1 = 0;
        ADCSRA |= _BV(ADSC);
        while (ADCSRA & _BV(ADSC))
            ;
        break;
    case 'v': /* its result */
        return ADC;
    case 'u': /* three bytes over the serial line: one goes to the shift register, one waits */
        TCNT1 = 0;
        put('.');
        put('.');
        put('.');
        break;
    case 'e': /* a byte into the EEPROM, in steps of 1024 cycles */
        TCCR1B = _BV(CS12) | _BV(CS10);
        TCNT1 = 0;
        eeprom_write_byte((uint8_t *)5, 0x42);
        eeprom_busy_wait();
        result = TCNT1;
        TCCR1B = _BV(CS10);
        return result;
    case 'o': /* too many bytes while nobody reads: overrun */
        TCNT1 = 0;
        while (TCNT1 < 60000)
            ;
        result = UCSR0A & _BV(DOR0);
        while (UCSR0A & _BV(RXC0))
            UDR0;
        return result;
    case 'c':
        return cause;
    case 'm':
        matches();
        return 0;
    case 'w':
        match_while_its_mode_is_changed();
        return 0;
    case 'i':
        captures();
        return 0;
    case 't':
        return late_overflows(0);
    case 'T':
        return late_overflows(_BV(TOV1));
    case 'd':
        return late_edges(0);
    case 'D':
        return late_edges(_BV(INTF0));
    case 'n':
        enter_an_interrupt(false);
        return 0;
    case 'z':
        enter_an_interrupt(true);
        return 0;
    case 'f':
        return flags_left(_BV(OCF1B));
    case 'g':
        return flags_left(_BV(TOV1) | _BV(OCF1A));
    case 'h': /* hangs */
        wdt_enable(WDTO_15MS);
        for (;;)
            ;
    case 'l': /* lasts: a level on the first converter's output, not one bit too early */
        send_level(0x3123);
        PORTB &= (uint8_t)~_BV(PB1);
        PORTB |= _BV(PB1);
        break;
    case 'x': /* the same, but the chip select rises while the last byte is on its way */
        PORTB &= (uint8_t)~_BV(PB2);
        SPDR = 0x3F;
        while (!(SPSR & _BV(SPIF)))
            ;
        SPDR = 0xFF;
        PORTB |= _BV(PB2);
        PORTB &= (uint8_t)~_BV(PB1);
        PORTB |= _BV(PB1);
    }
    return TCNT1;
}

int main(void)
{
    PORTB = _BV(PB1) | _BV(PB2);
    DDRB = _BV(PB1) | _BV(PB2) | _BV(PB3) | _BV(PB5);
    SPCR = _BV(SPE) | _BV(MSTR);
    SPSR = _BV(SPI2X);
    UBRR0 = 1;
    UCSR0B = _BV(RXEN0) | _BV(TXEN0);
    ADCSRA = _BV(ADEN) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
    TCCR1B = _BV(CS10);
    for (;;) {
        put_word(time_of(get()));
    }
}
