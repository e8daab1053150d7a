/* SPDX-License-Identifier: MIT
 * probe: what machines ask about the server: health and metrics. */
#ifndef JETON_SERVER_PROBE_H
#define JETON_SERVER_PROBE_H
#include "endpoint/call.h"
call_handler probe_live_get;    /* the process answers */
call_handler probe_ready_get;   /* the store takes a write (AV-06) */
call_handler probe_metrics_get; /* Prometheus text; whom it answers is a setting */
#endif
