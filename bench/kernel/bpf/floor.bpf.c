// SPDX-License-Identifier: GPL-2.0
/* The least that a program on the slab tracepoints can cost: it does nothing. */
#include "program.h"

SEC("raw_tp/kmem_cache_alloc")
int empty_alloc(void *ctx)
{
	return 0;
}

SEC("raw_tp/kmem_cache_free")
int empty_free(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
