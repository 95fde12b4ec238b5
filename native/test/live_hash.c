// SPDX-License-Identifier: Apache-2.0
/*
 * live_hash: of dentries as slabs lay them, how many are sampled under each of SEEDS seeds. Prints
 * a line for each layout and shift: by ds_live_hash() and by its first multiplication alone, the
 * variance against a random sample's (1 is equal), and per mille of the seeds beyond 3 of its
 * standard errors. The seeds are always the same.
 */
#include <dentryscope.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#define SEEDS 1500
#define MOST 65536

struct layout {
	const char *name;
	uint64_t page_step, pages, per_page, object_step;
};

/* A dentry is 192 bytes, a page of 4 KiB has 21. */
static const struct layout layouts[] = {
    {"all of a range", 1, 2400, 21, 192},	   {"of every other page", 2, 2400, 21, 192},
    {"of every eighth page", 8, 2400, 21, 192},	   {"one of each page", 1, 50000, 1, 192},
    {"one of every other page", 2, 50000, 1, 192}, {"one of 64 KiB", 16, 50000, 1, 192},
    {"one of 2 MiB", 512, 50000, 1, 192},	   {"every third", 1, 7000, 7, 576},
};

static uint64_t addresses[MOST];

static size_t lay(const struct layout *l)
{
	size_t n = 0;

	for (uint64_t page = 0; page < l->pages; page++)
		for (uint64_t i = 0; i < l->per_page; i++)
			addresses[n++] =
			    0xffff888100000000 + page * l->page_step * 4096 + i * l->object_step;
	return n;
}

/* Its upper bits are the good ones. */
static __u64 product_alone(__u64 address, __u64 seed)
{
	__u64 product = ds_live_product(address, seed), reversed = 0;

	for (int bit = 0; bit < 16; bit++)
		reversed |= (product >> (63 - bit) & 1) << bit;
	return reversed;
}

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014. */
static uint64_t next_seed(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void spread(__u64 (*hash)(__u64, __u64), size_t n, int shift, const char *name)
{
	double p = ldexp(1, -shift), squares = 0;
	uint64_t state = 1;
	int beyond = 0;

	for (int i = 0; i < SEEDS; i++) {
		uint64_t seed = next_seed(&state);
		size_t sampled = 0;

		for (size_t k = 0; k < n; k++)
			sampled += !(hash(addresses[k], seed) & ((1ull << shift) - 1));
		double off = (sampled - n * p) / sqrt(n * p * (1 - p));
		squares += off * off;
		beyond += fabs(off) > 3;
	}
	printf(",\"%s\":{\"variance\":%.3f,\"beyondPerMille\":%.1f}", name, squares / SEEDS,
	       beyond * 1000.0 / SEEDS);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++)
		for (int shift = 4; shift <= 8; shift += 4) {
			size_t n = lay(&layouts[i]);

			printf("{\"layout\":\"%s\",\"shift\":%d", layouts[i].name, shift);
			spread(ds_live_hash, n, shift, "hash");
			spread(product_alone, n, shift, "productAlone");
			printf("}\n");
		}
	return 0;
}
