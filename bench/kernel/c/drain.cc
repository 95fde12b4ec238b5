// SPDX-License-Identifier: Apache-2.0
/*
 * drain CPU MAX_CGROUPS MAP_ID...: reads the counters of a running probe, whose maps these are, as
 * the addon does; beside it the same ids and counts in a per-CPU hash, entry by entry and in
 * batches. For each line on standard input one round, in another order each: prints the ns of each
 * way, how many entries it gave and the sum of what they had allocated.
 */
#include "bench.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <counter_table.hh>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <vector>

using dentryscope::CounterTable;
using dentryscope::Words;

struct Row {
	uint64_t id;
	Words words;
};

using Rows = std::vector<Row>;

static std::map<std::string, int> open_maps(int count, char **ids)
{
	std::map<std::string, int> fds;

	for (int i = 0; i < count; i++) {
		bpf_map_info info = {};
		__u32 size = sizeof(info);
		int fd = bpf_map_get_fd_by_id(atoi(ids[i]));

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
			die("map");
		fds[info.name] = fd;
	}
	return fds;
}

/* libbpf calls a section's map by the object's name and the section's. */
static int fd_of(const std::map<std::string, int> &fds, const std::string &wanted)
{
	for (auto &[name, fd] : fds)
		if (name == wanted || (wanted[0] == '.' && name.ends_with(wanted)))
			return fd;
	return -1;
}

static Rows read_table(const CounterTable &table)
{
	Rows rows;

	table.each([&](uint64_t id, const Words &words) { rows.push_back({id, words}); });
	return rows;
}

/* The same counters the usual way: all on one CPU's share, the others 0. */
class PerCpuHash
{
      public:
	explicit PerCpuHash(const Rows &rows)
	    : cpus(libbpf_num_possible_cpus()), size(rows.size()), value(cpus * DS_NR_COUNTERS)
	{
		fd = bpf_map_create(BPF_MAP_TYPE_PERCPU_HASH, "beside", sizeof(uint64_t),
				    DS_NR_COUNTERS * sizeof(uint64_t), size, nullptr);
		if (fd < 0)
			die("bpf_map_create");
		for (const Row &row : rows) {
			std::copy(row.words.begin(), row.words.end(), value.begin());
			if (bpf_map_update_elem(fd, &row.id, value.data(), 0))
				die("bpf_map_update_elem");
		}
	}

	Rows one_by_one()
	{
		Rows rows;
		uint64_t key, *from = nullptr;

		while (!bpf_map_get_next_key(fd, from, &key)) {
			if (bpf_map_lookup_elem(fd, &key, value.data()))
				die("bpf_map_lookup_elem");
			rows.push_back({key, sum(value.data())});
			from = &key;
		}
		return rows;
	}

	/* All in one call: the cheapest that batches can be. */
	Rows batch()
	{
		std::vector<uint64_t> keys(size), values(size * value.size());
		uint32_t position, count = size;
		Rows rows;

		if (bpf_map_lookup_batch(fd, nullptr, &position, keys.data(), values.data(), &count,
					 nullptr) &&
		    errno != ENOENT)
			die("bpf_map_lookup_batch");
		for (uint32_t i = 0; i < count; i++)
			rows.push_back({keys[i], sum(&values[i * value.size()])});
		return rows;
	}

      private:
	Words sum(const uint64_t *shares) const
	{
		Words words(DS_NR_COUNTERS);

		for (unsigned cpu = 0; cpu < cpus; cpu++)
			for (int i = 0; i < DS_NR_COUNTERS; i++)
				words[i] += shares[cpu * DS_NR_COUNTERS + i];
		return words;
	}

	const unsigned cpus;
	const size_t size;
	std::vector<uint64_t> value;
	int fd;
};

struct Way {
	const char *name;
	std::function<Rows()> read;
};

static void measure(const Way &way, const char *before)
{
	uint64_t started = clock_ns(CLOCK_MONOTONIC);
	Rows rows = way.read();
	uint64_t ns = clock_ns(CLOCK_MONOTONIC) - started;
	uint64_t allocated = std::accumulate(
	    rows.begin(), rows.end(), uint64_t(0),
	    [](uint64_t sum, const Row &row) { return sum + row.words[DS_DENTRIES_ALLOCATED]; });

	printf("%s\"%s\":{\"ns\":%lu,\"entries\":%zu,\"allocated\":%lu}", before, way.name, ns,
	       rows.size(), allocated);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	pin(atoi(argv[1]));
	auto fds = open_maps(argc - 3, argv + 3);
	CounterTable table([&](const char *name) { return fd_of(fds, name); }, DS_NR_COUNTERS,
			   atoi(argv[2]));
	PerCpuHash hash(read_table(table));
	const std::vector<Way> ways = {
	    {"table", [&] { return read_table(table); }},
	    {"nextKeyLookup", [&] { return hash.one_by_one(); }},
	    {"lookupBatch", [&] { return hash.batch(); }},
	};
	size_t first = 0;

	while (getchar() != EOF) {
		for (size_t i = 0; i < ways.size(); i++)
			measure(ways[(first + i) % ways.size()], i ? "," : "{");
		puts("}");
		fflush(stdout);
		first++;
	}
	return 0;
}
