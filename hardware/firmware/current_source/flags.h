/* What interrupts tell the main loop: bits of a register, set and cleared by one instruction. */
#ifndef FLAGS_H
#define FLAGS_H

#include <avr/io.h>
#include <stdbool.h>

#define FLAGS GPIOR0
#define SLOTS GPIOR1 /* slots of 125 us that have passed, modulo 256 */

#define OVERRUN_BIT 0           /* a tick came late */
#define FLAG_OVERRUN _BV(OVERRUN_BIT)
#define FLAG_STAMPS_LOST _BV(1)
#define FLAG_SCANS_LOST _BV(2)
#define BYTES_LOST 3            /* on the serial line */
#define FLAG_BYTES_LOST _BV(BYTES_LOST)
#define HUNGRY 4 /* the queue is to be filled with the next tick, not before: the main loop has its turn */

/* True once after a flag was set. */
#define FLAG_TAKEN(flag) ((FLAGS & (flag)) ? (FLAGS &= (uint8_t)~(flag), true) : false)

#endif
