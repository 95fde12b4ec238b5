// SPDX-License-Identifier: Apache-2.0
#include "cgroup_files.hh"

#include "guarded.hh"
#include "libbpf_log.hh"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace dentryscope
{

static constexpr size_t max_open = 1024;
/* Five minutes of windows of 10 s. */
static constexpr unsigned mute_reads = 30;

const char *const CgroupFiles::names[NR_FILES] = {"cpu.stat", "cpu.pressure", "memory.pressure",
						  "io.pressure"};

Napi::Function CgroupFiles::define(Napi::Env env)
{
	return DefineClass(env, "CgroupFiles",
			   {InstanceMethod<&CgroupFiles::js_read>("read"),
			    InstanceMethod<&CgroupFiles::js_forget>("forget"),
			    InstanceMethod<&CgroupFiles::js_close>("close")});
}

CgroupFiles::CgroupFiles(const Napi::CallbackInfo &info) : Napi::ObjectWrap<CgroupFiles>(info) {}

CgroupFiles::~CgroupFiles()
{
	close_all();
}

/* ENOENT: no such controller, no PSI, or no such cgroup any more; ENODEV: it went meanwhile;
 * EOPNOTSUPP: PSI is off. */
static bool is_absent(int err)
{
	return err == ENOENT || err == ENODEV || err == EOPNOTSUPP;
}

static std::optional<uint64_t> number_after(const std::string &text, const char *words)
{
	size_t at = text.find(words);

	if (at == std::string::npos)
		return std::nullopt;
	return strtoull(text.c_str() + at + strlen(words), nullptr, 10);
}

/* The total of a line of PSI, in us; ns is what all of ours is in. */
static std::optional<uint64_t> pressure_ns(const std::string &text, const char *line)
{
	size_t at = text.find(line);
	auto us = at == std::string::npos ? std::nullopt : number_after(text.substr(at), "total=");

	return us ? std::optional(*us * 1000) : std::nullopt;
}

/* v2 says throttled_usec, v1 throttled_time in ns. */
static std::optional<uint64_t> throttled_ns(const std::string &text)
{
	auto us = number_after(text, "throttled_usec ");

	return us ? std::optional(*us * 1000) : number_after(text, "throttled_time ");
}

void CgroupFiles::parse(File file, const std::string &text, Totals &totals)
{
	switch (file) {
	case CPU_STAT:
		totals[THROTTLED] = throttled_ns(text);
		break;
	case CPU_PRESSURE:
		totals[CPU_SOME] = pressure_ns(text, "some ");
		break;
	case MEMORY_PRESSURE:
		totals[MEMORY_SOME] = pressure_ns(text, "some ");
		totals[MEMORY_FULL] = pressure_ns(text, "full ");
		break;
	default:
		totals[IO_SOME] = pressure_ns(text, "some ");
		totals[IO_FULL] = pressure_ns(text, "full ");
	}
}

void CgroupFiles::drop(int &fd)
{
	if (fd < 0)
		return;
	::close(fd);
	fd = -1;
	nr_open--;
}

void CgroupFiles::drop_all(Kept &kept)
{
	for (int &fd : kept.fds)
		drop(fd);
}

/* One read is a whole file: seq_file gives what fits, and a page is more than any of these has. */
std::optional<std::string> CgroupFiles::text_of(const std::string &path, int &fd)
{
	char text[4096];
	bool was_open = fd >= 0;
	ssize_t size = -1;

	if (!was_open && (fd = open(path.c_str(), O_RDONLY | O_CLOEXEC)) >= 0)
		nr_open++;
	if (fd >= 0)
		size = pread(fd, text, sizeof(text), 0);
	int err = errno;
	/* Another cgroup may have the path of one that is gone. */
	if (size < 0 && was_open) {
		drop(fd);
		return text_of(path, fd);
	}
	if (size < 0 || nr_open > max_open)
		drop(fd);
	if (size >= 0)
		return std::string(text, size);
	if (!is_absent(err))
		throw BpfError("read " + path + ": " + errno_text(err));
	return std::nullopt;
}

void CgroupFiles::read_file(const std::string &directory, Kept &kept, File file, Totals &totals)
{
	if (kept.mute[file] && kept.reads % mute_reads)
		return;
	auto text = text_of(directory + "/" + names[file], kept.fds[file]);
	Totals said;

	if (text)
		parse(file, *text, said);
	kept.mute[file] = true;
	for (size_t i = 0; i < NR_TOTALS; i++)
		if (said[i]) {
			totals[i] = said[i];
			kept.mute[file] = false;
		}
	if (kept.mute[file])
		drop(kept.fds[file]);
}

CgroupFiles::Totals CgroupFiles::read(const std::string &directory, bool psi)
{
	auto [found, is_new] = directories.try_emplace(directory);
	Kept &kept = found->second;
	Totals totals;

	if (is_new)
		kept.fds.fill(-1);
	for (int file = 0; file < (psi ? NR_FILES : CPU_PRESSURE); file++)
		read_file(directory, kept, File(file), totals);
	kept.reads++;
	return totals;
}

Napi::Value CgroupFiles::js_read(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	std::string directory = info[0].As<Napi::String>();
	bool psi = info[1].As<Napi::Boolean>();

	return guarded(env, [&]() -> Napi::Value {
		auto out = Napi::Array::New(env, NR_TOTALS);
		auto totals = read(directory, psi);

		for (uint32_t i = 0; i < totals.size(); i++)
			out.Set(i, totals[i] ? Napi::Value(Napi::BigInt::New(env, *totals[i]))
					     : env.Null());
		return out;
	});
}

void CgroupFiles::js_forget(const Napi::CallbackInfo &info)
{
	auto found = directories.find(info[0].As<Napi::String>());

	if (found == directories.end())
		return;
	drop_all(found->second);
	directories.erase(found);
}

void CgroupFiles::close_all()
{
	for (auto &[directory, kept] : directories)
		drop_all(kept);
	directories.clear();
}

void CgroupFiles::js_close(const Napi::CallbackInfo &)
{
	close_all();
}

} // namespace dentryscope
