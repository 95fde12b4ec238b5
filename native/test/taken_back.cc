// SPDX-License-Identifier: Apache-2.0
/*
 * taken_back: a table of one cgroup on real maps, with what a program wrote there: prints what a
 * reader that knows of counts taken back tells of the cgroup and of the overflow, line by line.
 */
#include <bpf/bpf.h>
#include <cstdio>
#include <cstdlib>
#include <dentry_counts.hh>
#include <map>
#include <string>

using namespace dentryscope;

static int array(const char *name, unsigned bytes, unsigned entries)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, 4, bytes, entries, &options);

	if (fd < 0) {
		perror(name);
		exit(1);
	}
	return fd;
}

static void write_allocated(int entries, uint32_t place, int64_t allocated)
{
	int64_t entry[1 + DS_NR_COUNTERS] = {7, allocated};

	bpf_map_update_elem(entries, &place, entry, 0);
}

int main()
{
	const uint32_t places = 1 + DS_NR_RESERVED_PLACES, own = DS_NR_RESERVED_PLACES;
	uint64_t id = 7;
	std::map<std::string, int> fds = {
	    {"entries", array("entries", (1 + DS_NR_COUNTERS) * 8, places * 1024)},
	    {"owners", array("owners", 8, places)},
	};
	DentryCounts counts([&](const char *name) { return fds.count(name) ? fds[name] : -1; }, 1,
			    true);

	bpf_map_update_elem(fds["owners"], &own, &id, 0);
	for (int64_t allocated : {-1, 0, 3, 2, 4}) {
		write_allocated(fds["entries"], own, allocated);
		write_allocated(fds["entries"], DS_PLACE_OVERFLOW, allocated);
		Drained drained = counts.drain();
		printf("%lu %lu\n", drained.rows.at(0)[ALLOCATED], drained.overflow[ALLOCATED]);
	}
	return 0;
}
