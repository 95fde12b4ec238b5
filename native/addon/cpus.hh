// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace dentryscope
{

/*
 * The CPUs of a list as the kernel writes them, "0-3,8-11" (Documentation/core-api/cputopology).
 * Throws BpfError for anything else.
 */
std::vector<unsigned> cpus_in(const std::string &list);

/*
 * The CPUs that there may ever be. Their numbers may have holes, so what a CPU's number is an index
 * of needs one place more than the highest. Throws BpfError when /sys can't be read.
 */
const std::vector<unsigned> &possible_cpus();

inline unsigned nr_cpu_ids()
{
	return possible_cpus().back() + 1;
}

} // namespace dentryscope
