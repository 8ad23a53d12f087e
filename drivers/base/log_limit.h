/* log_limit: how much one object may say, so that a modem that floods fills no disk. Part of log.
 *
 * An object is a room and an id up to a slash: "at viettel-1", or "session 33/207", where all
 * sessions of uid 33 are one object: whoever comes and goes without an end says no more than one
 * who stays. Its notices and infos share a bucket of 200 lines that fills again by one a second;
 * its debug lines one of their own, 2000 and 20 a second. Of its warnings and errors each event has
 * one, 50 lines and one in ten seconds: a flood of one kind hides no other. "-", the program
 * itself, has ten times the first lines. What is left out is counted and told once a minute: `at
 * viettel-1 left_out lines=812`. */
#ifndef OTPGATE_LOG_LIMIT_H
#define OTPGATE_LOG_LIMIT_H

#include "log.h"
#include "loop.h"

/* The loop whose time counts; it has to outlive the next call. NULL: no limit (the state at the
 * start), and what was left out so far is told. */
void log_limit_set(struct loop *loop);
/* For log.c: false: this line is left out. */
bool log_limit_take(enum log_level level, const char *room, const char *id, const char *event);

#endif
