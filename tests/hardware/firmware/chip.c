/* What of the chip the simulation does itself, seen by a program: each letter is answered by the cycles that something took. */
#include <avr/eeprom.h>
#include <avr/io.h>
#include <avr/interrupt.h>
#include <avr/wdt.h>

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
    case 'h': /* hangs */
        wdt_enable(WDTO_15MS);
        for (;;)
            ;
    case 'l': /* lasts: a level on the first converter's output, not one bit too early */
        PORTB &= (uint8_t)~_BV(PB2);
        SPDR = 0x31;
        while (!(SPSR & _BV(SPIF)))
            ;
        SPDR = 0x23;
        while (!(SPSR & _BV(SPIF)))
            ;
        PORTB |= _BV(PB2);
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
        uint16_t answer = time_of(get());
        put(answer & 0xFF);
        put(answer >> 8);
    }
}
