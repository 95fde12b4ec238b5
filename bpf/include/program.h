/* SPDX-License-Identifier: GPL-2.0 */
/* What every program file starts with. Order matters: bpf_tracing.h needs the kernel's UAPI types.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

/* What is rare is put behind what is not. */
#define unlikely(condition) __builtin_expect(!!(condition), 0)

/*
 * `if (left operator right) goto label`, with the jump taken just then: the compiler turns
 * conditions round as it sees fit. Where the kernel has used the branch predictor since the last
 * event, a jump that is taken is mostly one that it didn't see coming: what happens nearly always
 * is to fall through.
 */
#define jump_if(left, operator, right, label)                                                      \
	asm goto("if %0 " operator" %1 goto %l2" : : "r"((__u64)(left)), "ri"(right) : : label)

/* Of 32 bits, against a number that stands in the instruction. */
#define jump_if_word(word, operator, number, label)                                                \
	asm goto("if %0 " operator" %1 goto %l2" : : "w"((__u32)(word)), "i"(number) : : label)

/* The program's end right here, instead of a jump to the one that the compiler puts last. */
#define LEAVE()                                                                                    \
	do {                                                                                       \
		asm volatile("r0 = 0\n\texit");                                                    \
		__builtin_unreachable();                                                           \
	} while (0)

#endif
