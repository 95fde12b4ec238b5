// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mapped.hh"

#include <dentryscope.h>
#include <vector>

namespace dentryscope
{

struct LiveOptions {
	uint32_t max_samples;
	unsigned shift; /* at the start one dentry in 2^shift is sampled */
	uint64_t seed;
};

struct Sampled {
	uint64_t address;
	ds_live born;
};

/* The map of living sampled dentries: see bpf/include/live.h. */
class LiveSample
{
      public:
	static void prepare(BpfObject &object, const LiveOptions &options);

	/* Descriptors stay the caller's. */
	LiveSample(int live_fd, int control_fd, const LiveOptions &options);

	/* Those that count under the mask of the end of the call, and that mask's shift. Removes
	 * the others. */
	std::vector<Sampled> read(unsigned &shift);
	uint64_t lost() const;

      private:
	bool read_batch(uint32_t *from, uint32_t *next, uint32_t *count);
	std::vector<Sampled> read_all();
	void make_room(size_t entries);
	void remove(uint64_t address);

	const int live_fd;
	const uint64_t seed;
	const uint32_t gate_bits;
	const uint32_t max_samples;
	Mapped<ds_live_control> control;
	std::vector<uint64_t> keys; /* room for one batch */
	std::vector<ds_live> values;
};

} // namespace dentryscope
