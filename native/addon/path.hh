// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace dentryscope
{

/* cgroupInode(path): bigint. The kernfs id, which on 64-bit kernels is the inode number. */
Napi::Value cgroup_inode(const Napi::CallbackInfo &info);
/* filesystemMagic(path): number. f_type of statfs(2). */
Napi::Value filesystem_magic(const Napi::CallbackInfo &info);

} // namespace dentryscope
