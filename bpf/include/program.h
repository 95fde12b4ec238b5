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

#endif
