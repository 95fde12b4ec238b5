// SPDX-License-Identifier: Apache-2.0
/*
 * live_hash: of dentries as slabs lay them, how many are sampled under each of SEEDS seeds. Prints
 * a line for each layout and shift: by ds_is_sampled() and by a single multiplication, the variance
 * against a random sample's (1 is equal), and per mille of the seeds beyond 3 of its standard
 * errors. The seeds are always the same.
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

/* A dentry is 192 bytes, a page of 4 KiB has 21; a kernel that debugs has larger ones. */
static const struct layout layouts[] = {
    {"all of a range", 1, 2400, 21, 192},	   {"of every other page", 2, 2400, 21, 192},
    {"of every eighth page", 8, 2400, 21, 192},	   {"one of each page", 1, 50000, 1, 192},
    {"one of every other page", 2, 50000, 1, 192}, {"one of 64 KiB", 16, 50000, 1, 192},
    {"one of 2 MiB", 512, 50000, 1, 192},	   {"every third", 1, 7000, 7, 576},
    {"of every fifth page", 5, 2400, 21, 192},	   {"of slabs of two pages", 2, 1200, 42, 192},
    {"216 bytes each", 1, 2700, 18, 216},	   {"one of seven pages", 7, 50000, 1, 216},
};

static const int shifts[] = {1, 2, 4, 6, 7, 8, 9, 10, 12};
#define SHIFTS (sizeof(shifts) / sizeof(*shifts))

struct spread {
	double squares;
	int beyond;
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

static inline int ours(uint64_t address, uint64_t seed, int shift)
{
	return ds_is_sampled(address, seed, ds_gate_bits(shift), (1ull << shift) - 1);
}

/* The golden ratio's, the usual choice; its upper bits are the good ones. */
static inline int product_alone(uint64_t address, uint64_t seed, int shift)
{
	return !((address ^ seed) * 0x9e3779b97f4a7c15ull >> (64 - shift));
}

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014. */
static uint64_t next_seed(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* How far one seed's sample is off, in the standard errors of a random one. */
static void add(struct spread *spread, size_t sampled, size_t n, int shift)
{
	double p = ldexp(1, -shift), off = (sampled - n * p) / sqrt(n * p * (1 - p));

	spread->squares += off * off;
	spread->beyond += fabs(off) > 3;
}

static inline void measure(int (*is_sampled)(uint64_t, uint64_t, int), size_t n,
			   struct spread spreads[SHIFTS])
{
	uint64_t state = 1;

	for (int i = 0; i < SEEDS; i++) {
		uint64_t seed = next_seed(&state);
		size_t sampled[SHIFTS] = {};

		for (size_t k = 0; k < n; k++)
			for (size_t s = 0; s < SHIFTS; s++)
				sampled[s] += is_sampled(addresses[k], seed, shifts[s]);
		for (size_t s = 0; s < SHIFTS; s++)
			add(&spreads[s], sampled[s], n, shifts[s]);
	}
}

static void print(const char *name, struct spread spread)
{
	printf(",\"%s\":{\"variance\":%.3f,\"beyondPerMille\":%.1f}", name, spread.squares / SEEDS,
	       spread.beyond * 1000.0 / SEEDS);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++) {
		struct spread whole[SHIFTS] = {}, product[SHIFTS] = {};
		size_t n = lay(&layouts[i]);

		measure(ours, n, whole);
		measure(product_alone, n, product);
		for (size_t s = 0; s < SHIFTS; s++) {
			printf("{\"layout\":\"%s\",\"shift\":%d", layouts[i].name, shifts[s]);
			print("sample", whole[s]);
			print("productAlone", product[s]);
			printf("}\n");
		}
	}
	return 0;
}
