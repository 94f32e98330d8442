/* Functions that the compiler shall not make calls of, though it is told to save memory: those that every tick runs through. */
#ifndef INLINE_H
#define INLINE_H

#define INLINE static inline __attribute__((always_inline))
#define NOT_INLINE __attribute__((noinline))

#endif
