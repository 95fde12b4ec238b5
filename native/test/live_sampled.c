// SPDX-License-Identifier: Apache-2.0
/*
 * live_sampled SHIFT SEED...: of the addresses on standard input (64 bits each), which a sample of
 * 1 in 2^SHIFT has. Prints for each seed a line of JSON, their indices.
 */
#include <dentryscope.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST (1 << 19)

static __u64 addresses[MOST];

int main(int argc, char **argv)
{
	size_t n = fread(addresses, sizeof(*addresses), MOST, stdin);
	__u32 gate_bits;
	__u64 mask;

	if (argc < 3 || !n || !feof(stdin)) {
		fprintf(stderr, "usage: live_sampled SHIFT SEED... < at most %d addresses\n",
			MOST - 1);
		return 2;
	}
	gate_bits = ds_gate_bits(atoi(argv[1]));
	mask = (1ull << atoi(argv[1])) - 1;
	for (int i = 2; i < argc; i++) {
		__u64 seed = strtoull(argv[i], NULL, 10);
		const char *separator = "";

		printf("[");
		for (size_t k = 0; k < n; k++)
			if (ds_is_sampled(addresses[k], seed, gate_bits, mask)) {
				printf("%s%zu", separator, k);
				separator = ",";
			}
		printf("]\n");
	}
	return 0;
}
