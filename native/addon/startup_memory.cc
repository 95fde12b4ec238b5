// SPDX-License-Identifier: Apache-2.0
#include "startup_memory.hh"

#include "libbpf_log.hh"
#include "memory.hh"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <string>
#include <sys/mman.h>
#include <vector>

namespace dentryscope
{

struct Code {
	uintptr_t from, to;
	unsigned long resident_kb;
};

/* "55d0-55e0 r-xp 00000000 fe:00 1234  /usr/bin/node": of a file, since its inode is not 0. */
static bool is_head_of_code(const std::string &line, Code &code)
{
	unsigned long from, to, inode;
	char permissions[5];

	if (sscanf(line.c_str(), "%lx-%lx %4s %*x %*s %lu", &from, &to, permissions, &inode) != 4)
		return false;
	code = {from, to, 0};
	return inode != 0 && std::string(permissions) == "r-xp";
}

static bool is_head(const std::string &line)
{
	unsigned long from, to;

	return sscanf(line.c_str(), "%lx-%lx ", &from, &to) == 2;
}

/*
 * Those with a page of their own (a uprobe's breakpoint, a relocated text, node's large pages) are
 * left out: dropped, it would come back as the file has it.
 */
static std::vector<Code> unchanged_code(std::istream &smaps)
{
	std::vector<Code> found;
	bool inside = false;

	for (std::string line; std::getline(smaps, line);) {
		unsigned long kb;
		Code code;

		if (is_head(line)) {
			inside = is_head_of_code(line, code);
			if (inside)
				found.push_back(code);
		} else if (inside && sscanf(line.c_str(), "Rss: %lu", &kb) == 1) {
			found.back().resident_kb = kb;
		} else if (inside && sscanf(line.c_str(), "Anonymous: %lu", &kb) == 1 && kb > 0) {
			found.pop_back();
			inside = false;
		}
	}
	return found;
}

Napi::Value release_startup_memory(const Napi::CallbackInfo &info)
{
	std::ifstream smaps("/proc/self/smaps");
	unsigned long kb = 0;

	if (!smaps)
		throw Napi::Error::New(info.Env(), "/proc/self/smaps: " + errno_text(errno));
	for (const Code &code : unchanged_code(smaps)) {
		if (madvise(reinterpret_cast<void *>(code.from), code.to - code.from,
			    MADV_DONTNEED))
			throw Napi::Error::New(info.Env(), "madvise: " + errno_text(errno));
		kb += code.resident_kb;
	}
	give_memory_back();
	return Napi::Number::New(info.Env(), double(kb) * 1024);
}

} // namespace dentryscope
