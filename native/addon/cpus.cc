// SPDX-License-Identifier: Apache-2.0
#include "cpus.hh"

#include "bpf_object.hh"

#include <fstream>
#include <sstream>

namespace dentryscope
{

static unsigned number(const std::string &text)
{
	if (text.empty() || text.size() > 6 ||
	    text.find_first_not_of("0123456789") != std::string::npos)
		throw BpfError("the number of a CPU is not \"" + text + "\"");
	return std::stoul(text);
}

std::vector<unsigned> cpus_in(const std::string &list)
{
	std::istringstream ranges(list);
	std::vector<unsigned> cpus;

	for (std::string range; std::getline(ranges, range, ',');) {
		size_t dash = range.find('-');
		unsigned last = number(range.substr(dash == std::string::npos ? 0 : dash + 1));

		for (unsigned cpu = number(range.substr(0, dash)); cpu <= last; cpu++)
			cpus.push_back(cpu);
	}
	if (cpus.empty())
		throw BpfError("no CPU in \"" + list + "\"");
	return cpus;
}

static std::vector<unsigned> read_possible()
{
	const char *path = "/sys/devices/system/cpu/possible";
	std::ifstream file(path);
	std::string list;

	if (!std::getline(file, list))
		throw BpfError(std::string(path) + " can't be read");
	return cpus_in(list);
}

const std::vector<unsigned> &possible_cpus()
{
	static const std::vector<unsigned> cpus = read_possible();

	return cpus;
}

} // namespace dentryscope
