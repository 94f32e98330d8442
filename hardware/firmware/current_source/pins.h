/* The pins of the shield, hardware/kicad/current_source_shield. */
#ifndef PINS_H
#define PINS_H

#include <avr/io.h>

#define CHANNELS 2

/* Port D: D2 TRIG IN (INT0), D3 SYNC OUT (OC2B), D4 and D5 comparators (PCINT20, 21), D6 and D7 OE. */
#define PIN_TRIG PD2
#define PIN_SYNC PD3
#define PIN_SPIKE1 PD4
#define PIN_SPIKE2 PD5
#define PIN_OE1 PD6
#define PIN_OE2 PD7

/* Port B: D8 capture of the comparators' edges (ICP1), D9 LDAC (OC1A), D10 chip select 1, D11 MOSI, D12 range jumper 1,
   D13 SCK. */
#define PIN_ICP PB0
#define PIN_LDAC PB1
#define PIN_CS1 PB2
#define PIN_MOSI PB3
#define PIN_RANGE1 PB4
#define PIN_SCK PB5

/* Port C: A0 and A1 terminal voltages, A2 and A3 currents (converter inputs), A4 chip select 2, A5 range jumper 2. */
#define PIN_CS2 PC4
#define PIN_RANGE2 PC5

#endif
