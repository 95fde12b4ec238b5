/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What the programs of cost.bpf.c and the program that runs them agree on. */
#ifndef COST_H
#define COST_H

/* Events of one run: whole turns of 2, 250 and 4,000 cgroups. */
#define COST_EVENTS 4000

/* Ids of cgroups that don't exist: far above kernfs ids, in the root hierarchy's range. */
#define COST_FEW_IDS (2ull << 40)
#define COST_MANY_IDS (3ull << 40)
#define COST_NR_FEW 250
#define COST_NR_MANY 4000

/* Each way of counting has a word of its own, so that its counts can be checked. */
enum cost_word {
	COST_TAB, /* DS_DENTRIES_ALLOCATED, which is what a tab is for */
	COST_COUNT,
	COST_COUNT_LIVE,
	COST_COLLIDING,
	COST_FEW,
	COST_MANY,
};

#endif
