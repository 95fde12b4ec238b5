// SPDX-License-Identifier: Apache-2.0
#include "path.hh"

#include "libbpf_log.hh"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace dentryscope
{

[[noreturn]] static void fail(Napi::Env env, const char *call, const std::string &path)
{
	const char *code = strerrorname_np(errno);
	auto error =
	    Napi::Error::New(env, std::string(call) + " " + path + ": " + errno_text(errno));

	error.Set("code", Napi::String::New(env, code ? code : "EIO"));
	throw error;
}

Napi::Value cgroup_inode(const Napi::CallbackInfo &info)
{
	std::string path = info[0].As<Napi::String>();
	struct stat found;

	if (stat(path.c_str(), &found))
		fail(info.Env(), "stat", path);
	return Napi::BigInt::New(info.Env(), uint64_t(found.st_ino));
}

Napi::Value filesystem_magic(const Napi::CallbackInfo &info)
{
	std::string path = info[0].As<Napi::String>();
	struct statfs found;

	if (statfs(path.c_str(), &found))
		fail(info.Env(), "statfs", path);
	return Napi::Number::New(info.Env(), double(uint32_t(found.f_type)));
}

static bool is_absent(int err)
{
	return err == ENOENT || err == ENODEV || err == EOPNOTSUPP;
}

/* One read is a whole file: seq_file gives what fits, and a page is more than any of these has. */
static ssize_t read_file(int directory, const char *name, char *text, size_t room)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	ssize_t size = read(fd, text, room);
	int err = errno;
	close(fd);
	errno = err;
	return size;
}

Napi::Value read_files(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	std::string path = info[0].As<Napi::String>();
	auto names = info[1].As<Napi::Array>();
	auto out = Napi::Array::New(env, names.Length());
	int directory = open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
	char text[4096];

	if (directory < 0 && !is_absent(errno))
		fail(env, "open", path);
	for (uint32_t i = 0; i < names.Length(); i++) {
		std::string name = names.Get(i).As<Napi::String>();
		ssize_t size =
		    directory < 0 ? -1 : read_file(directory, name.c_str(), text, sizeof(text));

		if (size >= 0) {
			out.Set(i, Napi::String::New(env, text, size));
			continue;
		}
		int err = errno;
		if (directory >= 0 && !is_absent(err)) {
			close(directory);
			errno = err;
			fail(env, "read", path + "/" + name);
		}
		out.Set(i, env.Null());
	}
	if (directory >= 0)
		close(directory);
	return out;
}

} // namespace dentryscope
