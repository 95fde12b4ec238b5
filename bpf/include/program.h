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

/*
 * The CPU's number, without losing the arguments. A helper clobbers r1 to r5, so the compiler would
 * keep them in a register that the program must save first and restore last, also at events that
 * never come here. Spilled and filled right beside a helper that is inlined it costs nothing: since
 * 6.12 the verifier takes such pairs away (bpf_fastcall); an older kernel stores and loads.
 */
static __always_inline __u64 cpu_beside(__u64 **ctx)
{
	register __u64 *r1 asm("r1") = *ctx;
	register __u64 r0 asm("r0");
	__u64 slot;

	asm volatile("*(u64 *)%[slot] = %[r1]\n\t"
		     "call %[helper]\n\t"
		     "%[r1] = *(u64 *)%[slot]"
		     : [r1] "+r"(r1), "=r"(r0), [slot] "=m"(slot)
		     : [helper] "i"(BPF_FUNC_get_smp_processor_id)
		     : "r2", "r3", "r4", "r5");
	*ctx = r1;
	return r0;
}

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

/* What follows is not merged with another place that does the same. */
#define APART() asm volatile("")

#endif
