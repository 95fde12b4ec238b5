// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <napi.h>
#include <optional>
#include <string>
#include <unordered_map>

namespace dentryscope
{

/*
 * What a cgroup's own files say (Documentation/admin-guide/cgroup-v2.rst): throttling of cpu.stat
 * in ns, the totals of cpu.pressure, memory.pressure and io.pressure in ns. In JavaScript:
 *
 *   read(directory, psi): (bigint | null)[]   in the order of `CgroupTotal`; null: this kernel or
 *                                             controller does not say, or the cgroup is gone
 *   forget(directory), close()
 *
 * A file once found stays open: on a node that holds many dentries it is finding it that costs. The
 * kernel keeps a page for each, so there is a bound; what is beyond it is opened each time.
 */
class CgroupFiles : public Napi::ObjectWrap<CgroupFiles>
{
      public:
	static Napi::Function define(Napi::Env env);
	explicit CgroupFiles(const Napi::CallbackInfo &info);
	~CgroupFiles() override;

      private:
	enum File { CPU_STAT, CPU_PRESSURE, MEMORY_PRESSURE, IO_PRESSURE, NR_FILES };
	enum CgroupTotal {
		THROTTLED,
		CPU_SOME,
		MEMORY_SOME,
		MEMORY_FULL,
		IO_SOME,
		IO_FULL,
		NR_TOTALS
	};
	using Totals = std::array<std::optional<uint64_t>, NR_TOTALS>;
	struct Kept {
		std::array<int, NR_FILES> fds;
		/* What said nothing is asked now and then only: a controller may come. */
		std::array<bool, NR_FILES> mute{};
		unsigned reads = 0;
	};

	Napi::Value js_read(const Napi::CallbackInfo &info);
	void js_forget(const Napi::CallbackInfo &info);
	void js_close(const Napi::CallbackInfo &info);
	Totals read(const std::string &directory, bool psi);
	void read_file(const std::string &directory, Kept &kept, File file, Totals &totals);
	std::optional<std::string> text_of(const std::string &path, int &fd);
	void drop(int &fd);
	void drop_all(Kept &kept);
	void close_all();

	static const char *const names[NR_FILES];
	static void parse(File file, const std::string &text, Totals &totals);

	std::unordered_map<std::string, Kept> directories;
	size_t nr_open = 0;
};

} // namespace dentryscope
