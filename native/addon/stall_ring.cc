// SPDX-License-Identifier: Apache-2.0
#include "stall_ring.hh"

#include "bpf_object.hh"
#include "libbpf_log.hh"

#include <cerrno>
#include <utility>

namespace dentryscope
{

static int collect(void *context, void *data, size_t size)
{
	auto *stalls = static_cast<std::vector<ds_stall> *>(context);

	if (size >= sizeof(ds_stall))
		stalls->push_back(*static_cast<ds_stall *>(data));
	return 0;
}

StallRing::StallRing(int ring_fd) : ring(ring_buffer__new(ring_fd, collect, &stalls, nullptr))
{
	if (!ring)
		throw BpfError("map the ring of stalls: " + errno_text(errno));
}

StallRing::~StallRing()
{
	ring_buffer__free(ring);
}

std::vector<ds_stall> StallRing::poll()
{
	int err = ring_buffer__consume(ring);

	if (err < 0)
		throw BpfError("read the ring of stalls: " + errno_text(err));
	return std::exchange(stalls, {});
}

} // namespace dentryscope
