// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bpf_object.hh"

#include <napi.h>

namespace dentryscope
{

/* C++ errors become JavaScript's. */
template <typename Action> auto guarded(Napi::Env env, Action action)
{
	try {
		return action();
	} catch (const BpfError &error) {
		throw Napi::Error::New(env, error.what());
	}
}

} // namespace dentryscope
