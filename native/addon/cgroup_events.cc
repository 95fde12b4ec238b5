// SPDX-License-Identifier: Apache-2.0
#include "cgroup_events.hh"

#include "bpf_object.hh"
#include "libbpf_log.hh"

#include <cerrno>
#include <utility>

namespace dentryscope
{

static int collect(void *context, void *data, size_t size)
{
	auto *events = static_cast<std::vector<ds_cgroup_event> *>(context);

	if (size >= sizeof(ds_cgroup_event))
		events->push_back(*static_cast<ds_cgroup_event *>(data));
	return 0;
}

CgroupEvents::CgroupEvents(int ring_fd) : ring(ring_buffer__new(ring_fd, collect, &events, nullptr))
{
	if (!ring)
		throw BpfError("map the ring of cgroup events: " + errno_text(errno));
}

CgroupEvents::~CgroupEvents()
{
	ring_buffer__free(ring);
}

std::vector<ds_cgroup_event> CgroupEvents::poll()
{
	int err = ring_buffer__consume(ring);

	if (err < 0)
		throw BpfError("read the ring of cgroup events: " + errno_text(err));
	return std::exchange(events, {});
}

} // namespace dentryscope
