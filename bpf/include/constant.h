/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A number that the loader knows and that stands in the instruction itself:
 * BpfObject::set_constant() puts it in place of the mark, before the verifier sees the program. A
 * global would be a load, and where the kernel has used the caches since the last event, mostly one
 * that misses.
 */
#ifndef CONSTANT_H
#define CONSTANT_H

#include "dentryscope.h"

#define ds_constant(mark)                                                                          \
	({                                                                                         \
		__u64 __value;                                                                     \
		asm("%0 = %1 ll" : "=r"(__value) : "i"(mark));                                     \
		__value;                                                                           \
	})

/* The same of 32 bits, signed, which takes no instruction of its own: jump_if_word() has another.
 */
#define ds_xor_constant(number, mark) asm("%0 ^= %1" : "+r"(number) : "i"(mark))

#endif
