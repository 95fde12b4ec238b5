// SPDX-License-Identifier: Apache-2.0
#include "reclaim_counts.hh"

#include "bpf_object.hh"
#include "libbpf_log.hh"

#include <bpf/bpf.h>
#include <cerrno>
#include <utility>

namespace dentryscope
{

/* An entry that goes away meanwhile is left out. */
template <typename Row> static std::vector<Row> read_all(int fd, const char *name)
{
	std::vector<Row> rows;
	Row row = {};
	void *before = nullptr;

	while (!bpf_map_get_next_key(fd, before, &row.key)) {
		before = &row.key;
		if (!bpf_map_lookup_elem(fd, &row.key, &row.sum))
			rows.push_back(row);
	}
	if (errno != ENOENT)
		throw BpfError(std::string("read map ") + name + ": " + errno_text(errno));
	return rows;
}

std::vector<Reclaimed> read_reclaimed(int fd)
{
	return read_all<Reclaimed>(fd, "reclaimed");
}

std::vector<Shrunk> read_shrinkers(int fd)
{
	return read_all<Shrunk>(fd, "shrinkers");
}

ds_reclaim_control read_reclaim_control(int fd)
{
	ds_reclaim_control control = {};
	uint32_t first = 0;

	if (bpf_map_lookup_elem(fd, &first, &control))
		throw BpfError("read map reclaim_control: " + errno_text(errno));
	return control;
}

void forget_reclaimed(int fd, const uint64_t *ids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (uint32_t kind = 0; ids[i] && kind < DS_NR_RECLAIM_KINDS; kind++) {
			ds_reclaim_key key = {ids[i], kind, 0};
			bpf_map_delete_elem(fd, &key);
		}
}

static int collect(void *context, void *data, size_t size)
{
	auto *events = static_cast<std::vector<ds_reclaim_event> *>(context);

	if (size >= sizeof(ds_reclaim_event))
		events->push_back(*static_cast<ds_reclaim_event *>(data));
	return 0;
}

ReclaimEvents::ReclaimEvents(int ring_fd)
    : ring(ring_buffer__new(ring_fd, collect, &events, nullptr))
{
	if (!ring)
		throw BpfError("map the ring of reclaim events: " + errno_text(errno));
}

ReclaimEvents::~ReclaimEvents()
{
	ring_buffer__free(ring);
}

std::vector<ds_reclaim_event> ReclaimEvents::poll()
{
	int err = ring_buffer__consume(ring);

	if (err < 0)
		throw BpfError("read the ring of reclaim events: " + errno_text(err));
	return std::exchange(events, {});
}

} // namespace dentryscope
