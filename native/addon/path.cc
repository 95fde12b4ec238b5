// SPDX-License-Identifier: Apache-2.0
#include "path.hh"

#include "libbpf_log.hh"

#include <cerrno>
#include <sys/stat.h>
#include <sys/vfs.h>

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

} // namespace dentryscope
