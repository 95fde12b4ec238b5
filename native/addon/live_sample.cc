// SPDX-License-Identifier: Apache-2.0
#include "live_sample.hh"

#include <bit>
#include <bpf/bpf.h>

namespace dentryscope
{

void LiveSample::prepare(BpfObject &object, const LiveOptions &options)
{
	uint32_t gate_bits = ds_gate_bits(options.shift);

	object.set_max_entries("live", options.max_samples);
	object.set_global("live_seed", &options.seed, sizeof(options.seed));
	object.set_global("live_gate_bits", &gate_bits, sizeof(gate_bits));
	object.set_word(DS_LIVE_SEED, ds_gate_seed(options.seed));
	object.set_word(DS_LIVE_GATE, ds_most_gate(gate_bits));
}

LiveSample::LiveSample(int live_fd, int control_fd, const LiveOptions &options)

    : live_fd(live_fd), seed(options.seed), gate_bits(ds_gate_bits(options.shift)),
      max_samples(options.max_samples), control(control_fd, 1, "live_control")
{
	make_room(4096);
	control[0].mask = (uint64_t(1) << options.shift) - 1;
	/* Halved before the map is full, and again as often as it takes. From here on the programs
	 * sample. */
	control[0].raise_by = max_samples / 32 + 1;
	__atomic_store_n(&control[0].raise_at, max_samples - max_samples / 4, __ATOMIC_RELEASE);
}

void LiveSample::make_room(size_t entries)
{
	keys.resize(entries);
	values.resize(entries);
}

/*
 * One bpf(BPF_MAP_LOOKUP_BATCH) (057996380a42, 5.6): a tenth of the price of next_key and lookup.
 * ENOENT says it was the last one, ENOSPC that a single hash bucket holds more than there is room
 * for. Returns whether there is more.
 */
bool LiveSample::read_batch(uint32_t *from, uint32_t *next, uint32_t *count)
{
	for (;;) {
		*count = keys.size();
		if (!bpf_map_lookup_batch(live_fd, from, next, keys.data(), values.data(), count,
					  nullptr))
			return true;
		if (errno == ENOENT)
			return false;
		if (errno != ENOSPC)
			throw BpfError("read map live: " + errno_text(errno));
		make_room(keys.size() * 2);
	}
}

std::vector<Sampled> LiveSample::read_all()
{
	std::vector<Sampled> found;
	uint32_t position = 0, count = 0;
	bool more = read_batch(nullptr, &position, &count);

	for (;;) {
		for (uint32_t i = 0; i < count; i++)
			found.push_back({keys[i], values[i]});
		if (!more)
			return found;
		uint32_t from = position;
		more = read_batch(&from, &position, &count);
	}
}

/* The kernel counts its own removals; this one is ours. */
void LiveSample::remove(uint64_t address)
{
	if (!bpf_map_delete_elem(live_fd, &address))
		__atomic_fetch_sub(&control[0].count, 1, __ATOMIC_RELAXED);
}

std::vector<Sampled> LiveSample::read(unsigned &shift)
{
	auto found = read_all();
	std::vector<Sampled> kept;
	uint64_t mask = read_word(control[0].mask);

	for (const Sampled &one : found) {
		if (ds_is_sampled(one.address, seed, gate_bits, mask))
			kept.push_back(one);
		else
			remove(one.address);
	}
	/* There is room again: the next halving waits for three quarters. */
	if (kept.size() < found.size())
		__atomic_store_n(&control[0].raise_at, max_samples - max_samples / 4,
				 __ATOMIC_RELAXED);
	shift = std::popcount(mask);
	return kept;
}

uint64_t LiveSample::lost() const
{
	return read_word(control[0].lost);
}

} // namespace dentryscope
