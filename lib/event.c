/* event - see event.h. */
#include "lib/event.h"

#include <syslog.h>

/* clang-format off */
static const struct {
	const char *word;
	int priority;
	const char *id;
} events[MM_NEVENTS] = {
	[MM_EVENT_NOTICE] =         { "notice",               LOG_NOTICE,  "" },
	[MM_EVENT_ACCEPT] =         { "accept",               LOG_INFO,    "65edb3e7df3f4138ad3d6c630b9728d9" },
	[MM_EVENT_REJECT] =         { "reject",               LOG_INFO,    "ead0240d27004013b01ad2bd07a569f9" },
	[MM_EVENT_DEFER] =          { "defer",                LOG_INFO,    "9baa5c63c0cf4988926052b6eef5629e" },
	[MM_EVENT_GREYLIST] =       { "greylist",             LOG_INFO,    "4ff895669f674c9db729f5697d769ed4" },
	[MM_EVENT_WARN] =           { "warn",                 LOG_INFO,    "ccc17149fdd24994afe46cbf60475ba5" },
	[MM_EVENT_INFO] =           { "info",                 LOG_INFO,    "eaa2105e208c413bb4eb55167e5d2a66" },
	[MM_EVENT_DISCARD] =        { "discard",              LOG_INFO,    "fee5b91f26e24a17b693f80f5438342e" },
	[MM_EVENT_QUARANTINE] =     { "quarantine",           LOG_INFO,    "799912465d9b4ad789601cff609cfd02" },
	[MM_EVENT_READY] =          { "ready",                LOG_NOTICE,  "d0f2bcfbf2f0485c96ec6653d4603eb5" },
	[MM_EVENT_STOPPING] =       { "stopping",             LOG_NOTICE,  "6d1032b852424e9db30c2486c402b268" },
	[MM_EVENT_ENDED] =          { "ended",                LOG_ERR,     "ee7ac1b20c634e5d93f9efa691abcc24" },
	[MM_EVENT_RELOADED] =       { "reloaded",             LOG_NOTICE,  "93d3fc9b9e084ea1971330278a068fed" },
	[MM_EVENT_NOT_RELOADED] =   { "not-reloaded",         LOG_ERR,     "4b3f7f878fa3456ead4461017c1cdb92" },
	[MM_EVENT_MISTAKE] =        { "mistake",              LOG_ERR,     "52ec318a2580421bad794204674f54d0" },
	[MM_EVENT_NO_RESTRICTION] = { "no-restriction",       LOG_WARNING, "e6d69eb1342e4f819059d044ea068e78" },
	[MM_EVENT_NO_EXCEPTIONS] =  { "no-exceptions",        LOG_WARNING, "6d558171fac94a9595c5af6cf5f3a757" },
	[MM_EVENT_OPERATOR] =       { "operator",             LOG_NOTICE,  "3d36a5bfa4db4bf6882d6e999c56ce6e" },
	[MM_EVENT_LIST_DEAD] =      { "list-dead",            LOG_WARNING, "6ee617d3f326429c9e19929e52554cac" },
	[MM_EVENT_LIST_ERRORS] =    { "list-errors",          LOG_WARNING, "f73896bc09c24bfa8e826abd32e77c72" },
	[MM_EVENT_LIST_PARKED] =    { "list-parked",          LOG_WARNING, "da402ba60f144ed186a0a8aafad927f9" },
	[MM_EVENT_LIST_FINE] =      { "list-fine",            LOG_NOTICE,  "f72e810f510944b2aa3aca061d367a98" },
	[MM_EVENT_STORE] =          { "store",                LOG_ERR,     "872da9c9cc2b41b5a6c39ca1f33d3c00" },
	[MM_EVENT_SHARED] =         { "shared",               LOG_WARNING, "0a9233b40fbb4b4e87b8533c271332f2" },
	[MM_EVENT_SESSIONS] =       { "sessions",             LOG_WARNING, "b04fa04303b744709f3cce9cecefc55d" },
	[MM_EVENT_WAITERS] =        { "waiters",              LOG_WARNING, "383c45b0b0cd4e088cd4d16143d418f8" },
	[MM_EVENT_CHANGES] =        { "changes",              LOG_WARNING, "8bfb5e625b614ff7a344e18ef6cf4ec4" },
	[MM_EVENT_TABLES] =         { "tables",               LOG_ERR,     "7c5f22a407c54e31bd37dac6b20f0389" },
	[MM_EVENT_MEMORY] =         { "memory",               LOG_ERR,     "39840c60ae4d41d89af4afaac744320c" },
	[MM_EVENT_OVER] =           { "over",                 LOG_NOTICE,  "20471cbca39e4cec9cd9c775d020dc1d" },
	[MM_EVENT_POLICYD] =        { "policy-service",       LOG_WARNING, "a4b6ef953d5b435580f869ba9adeadd0" },
	[MM_EVENT_POLICYD_FINE] =   { "policy-service-fine",  LOG_NOTICE,  "e030e337adb741c9ad99bce7ddcd4cfa" },
	[MM_EVENT_LOG_LOST] =       { "log-lost",             LOG_WARNING, "d8444b2d3876441a9480cde04090ac15" },
	[MM_EVENT_STORE_DAMAGED] =  { "store-damaged",        LOG_ERR,     "09882673c5a6436fb4be7755d8a17d15" },
	[MM_EVENT_STORE_REBUILT] =  { "store-rebuilt",        LOG_NOTICE,  "36e037e11378451ead12e471b4457f48" },
};
/* clang-format on */

enum mm_event
mm_event_of(enum mm_verdict verdict)
{
	return MM_EVENT_ACCEPT + (enum mm_event)verdict;
}

const char *
mm_event_word(enum mm_event event)
{
	return events[event].word;
}

const char *
mm_event_id(enum mm_event event)
{
	return events[event].id;
}

int
mm_event_priority(enum mm_event event)
{
	return events[event].priority;
}
