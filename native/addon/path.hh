// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace dentryscope
{

/* cgroupInode(path): bigint. The kernfs id, which on 64-bit kernels is the inode number. */
Napi::Value cgroup_inode(const Napi::CallbackInfo &info);
/* filesystemMagic(path): number. f_type of statfs(2). */
Napi::Value filesystem_magic(const Napi::CallbackInfo &info);
/*
 * readFiles(directory, names): (string | null)[]. What small files of a pseudo file system say,
 * null for those that are not there (ENOENT), went meanwhile (ENODEV) or are switched off
 * (EOPNOTSUPP).
 */
Napi::Value read_files(const Napi::CallbackInfo &info);

} // namespace dentryscope
