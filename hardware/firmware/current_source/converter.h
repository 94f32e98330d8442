/* The two MCP4922: code words shifted in by SPI, and latched together by LDAC. */
#ifndef CONVERTER_H
#define CONVERTER_H

#include <avr/io.h>
#include <stdint.h>

#include "calibration.h"
#include "inline.h"
#include "pins.h"

/* MCP4922 (Microchip DS22250A, register 5-1): bit 15 output B, 13 gain 1, 12 not shut down, 11-0 the code. */
#define OUTPUT_A 0x3000
#define OUTPUT_B 0xB000
#define BYTE_CYCLES 17 /* 16, and one until the next may be written: shorter than to ask whether it is out */

extern uint16_t converter_holds[CHANNELS][2]; /* what the source and sink legs' input latches hold */

void converter_start(void);

INLINE void converter_shift(uint8_t channel, uint16_t word)
{
    if (channel == 0)
        PORTB &= (uint8_t)~_BV(PIN_CS1);
    else
        PORTC &= (uint8_t)~_BV(PIN_CS2);
    SPDR = (uint8_t)(word >> 8);
    __builtin_avr_delay_cycles(BYTE_CYCLES);
    SPDR = (uint8_t)word;
    __builtin_avr_delay_cycles(BYTE_CYCLES);
    if (channel == 0)
        PORTB |= _BV(PIN_CS1);
    else
        PORTC |= _BV(PIN_CS2);
}

/* Shifts in what a channel shall play next, only what changes. */
INLINE void converter_legs(uint8_t channel, uint16_t source, uint16_t sink)
{
    if (converter_holds[channel][SOURCE_LEG] != source) {
        converter_holds[channel][SOURCE_LEG] = source;
        converter_shift(channel, OUTPUT_A | source);
    }
    if (converter_holds[channel][SINK_LEG] != sink) {
        converter_holds[channel][SINK_LEG] = sink;
        converter_shift(channel, OUTPUT_B | sink);
    }
}

/* The same for another code than the last, corrected as calibration_correct() does it. By hand, since two channels have 50 us:
   while the leg that becomes 0 is shifted in, the other one's code is corrected. A byte takes 17 cycles, as above. */
INLINE void converter_play(uint8_t channel, int16_t code)
{
    register int16_t magnitude __asm__("r20") = code;
    __asm__ volatile(
        "ldi r30, lo8(%[holds])\n\t"
        "ldi r31, hi8(%[holds])\n\t"
        "tst r21\n\t"
        "brmi 1f\n\t" /* below 0: the sink leg */
        "mov r18, r20\n\t"
        "or r18, r21\n\t"
        "breq 2f\n\t" /* 0: whichever leg drives */
        "ldi r24, %[a]\n\t"
        "ldi r25, %[b]\n\t"
        "ldi r26, lo8(%[source])\n\t"
        "ldi r27, hi8(%[source])\n\t"
        "ldd r18, Z+2\n\t"
        "ldd r19, Z+3\n\t"
        "std Z+2, r1\n\t"
        "std Z+3, r1\n\t"
        "rjmp 3f\n"
        "1:\tldi r24, %[b]\n\t"
        "ldi r25, %[a]\n\t"
        "neg r21\n\t"
        "neg r20\n\t"
        "sbci r21, 0\n\t"
        "ldi r26, lo8(%[sink])\n\t"
        "ldi r27, hi8(%[sink])\n\t"
        "ld r18, Z\n\t"
        "ldd r19, Z+1\n\t"
        "st Z, r1\n\t"
        "std Z+1, r1\n\t"
        "rjmp 3f\n"
        "2:\tldi r24, %[a]\n\t"
        "ld r18, Z\n\t"
        "ldd r19, Z+1\n\t"
        "or r18, r19\n\t"
        "brne 6f\n\t"
        "ldi r24, %[b]\n\t"
        "rjmp 6f\n"
        "3:\tor r18, r19\n\t"
        "breq 4f\n\t"
        "cbi %[port], %[pin]\n\t"
        "out %[spdr], r25\n" /* the other leg becomes 0: meanwhile */
        "4:\tld r22, X+\n\t" /* the correction, as calibration_correct() has it */
        "ld r23, X+\n\t"
        "ld r18, X+\n\t"
        "ld r19, X\n\t"
        "subi r18, 0x80\n\t"
        "sbci r19, 0xFF\n\t"
        "mul r20, r22\n\t"
        "mov r0, r1\n\t"
        "clr r1\n\t"
        "add r18, r0\n\t"
        "adc r19, r1\n\t"
        "mulsu r23, r20\n\t"
        "add r18, r0\n\t"
        "adc r19, r1\n\t"
        "mul r21, r22\n\t"
        "add r18, r0\n\t"
        "adc r19, r1\n\t"
        "mulsu r23, r21\n\t"
        "add r20, r0\n\t"
        "adc r21, r1\n\t"
        "clr r1\n\t"
        "add r20, r19\n\t"
        "adc r21, r1\n\t"
        "sbrc r19, 7\n\t"
        "dec r21\n\t"
        "sbrs r21, 7\n\t"
        "rjmp 5f\n\t"
        "clr r20\n\t"
        "clr r21\n"
        "5:\tsbic %[port], %[pin]\n\t"
        "rjmp 6f\n\t"
        "out %[spdr], r1\n\t"
        "ldi r18, 5\n"
        "7:\tdec r18\n\t"
        "brne 7b\n\t"
        "rjmp .\n\t"
        "sbi %[port], %[pin]\n"
        "6:\tor r24, r21\n\t"
        "cbi %[port], %[pin]\n\t"
        "out %[spdr], r24\n\t"
        "sbrs r24, 7\n\t"
        "rjmp 7f\n\t"
        "std Z+2, r20\n\t"
        "std Z+3, r21\n\t"
        "rjmp 8f\n"
        "7:\tst Z, r20\n\t"
        "std Z+1, r21\n"
        "8:\tldi r18, 3\n"
        "7:\tdec r18\n\t"
        "brne 7b\n\t"
        "nop\n\t"
        "out %[spdr], r20\n\t"
        "ldi r18, 5\n"
        "7:\tdec r18\n\t"
        "brne 7b\n\t"
        "rjmp .\n\t"
        "sbi %[port], %[pin]"
        : "+r"(magnitude)
        : [holds] "i"(converter_holds[channel]), [source] "i"(&corrections[channel][SOURCE_LEG]),
          [sink] "i"(&corrections[channel][SINK_LEG]), [a] "M"(OUTPUT_A >> 8), [b] "M"(OUTPUT_B >> 8),
          [spdr] "I"(_SFR_IO_ADDR(SPDR)), [port] "I"(channel == 0 ? _SFR_IO_ADDR(PORTB) : _SFR_IO_ADDR(PORTC)),
          [pin] "I"(channel == 0 ? PIN_CS1 : PIN_CS2)
        : "r0", "r18", "r19", "r22", "r23", "r24", "r25", "r26", "r27", "r30", "r31", "memory");
}

/* Latch now, by software: outside of programs. */
void converter_latch(void);

/* LDAC follows timer 1: low at the next match with OCR1A (armed), high at once (ready to be shifted into). Interrupts off. */
void converter_arm(void);
void converter_disarm(void);

#endif
