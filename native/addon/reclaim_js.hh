// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reclaim_counts.hh"

#include <napi.h>

/* The structs of reclaim as JavaScript values. */
namespace dentryscope::js
{

Napi::Object reclaimed(Napi::Env env, const std::vector<Reclaimed> &rows);
Napi::Array shrinkers(Napi::Env env, const std::vector<Shrunk> &rows);
Napi::Array reclaim_events(Napi::Env env, const std::vector<ds_reclaim_event> &events);

} // namespace dentryscope::js
