/* at_trace: what the flight recorder (recorder.h) may see of an AT dialogue. Owned by the link; the
 * dialogue engine writes into it.
 *
 * Nothing personal is in it, by construction: what is written down is not the line with something
 * taken out, but what a row of a const table says may be seen of it. A field that no row knows, and
 * a line that nothing is known of, leave their kind and their length: <text:12>, <digits:15>,
 * <pdu:48>. Codes, texts, numbers, PINs, IMEI, IMSI, ICCID and bodies never get so far.
 *
 *   12.345678901 > AT+CMGS=23        what the host wrote
 *   12.349120003 < >                 the prompt
 *   12.349200117 > <pdu:48>^Z        a body; ^[ is ESC
 *   13.000000000 < <deliver:62>      a message from the air; digits of hex
 *   13.000000000 < <report:54:7:0>   a report: its reference and its status
 *   14.120000456 < +CMGS: 7          what the modem said
 *   14.120001000 = ready: free       what became of the link
 *
 * The simulated modem plays such lines (otpgate-modemsim --replay). */
#ifndef OTPGATE_AT_TRACE_H
#define OTPGATE_AT_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorder.h"

struct at_trace {
    struct recorder recorder;
    /* What the command on the wire lets be seen of bare lines. */
    const struct at_trace_row *asked;
    unsigned bodies; /* so many bare lines belong to a message from the air */
};

void at_trace_command(struct at_trace *trace, int64_t now_ns, const char *text);
void at_trace_body(struct at_trace *trace, int64_t now_ns, size_t len);
void at_trace_escape(struct at_trace *trace, int64_t now_ns);
void at_trace_heard(struct at_trace *trace, int64_t now_ns, const char *text);
void at_trace_prompt(struct at_trace *trace, int64_t now_ns);

/* What may be seen of a command, as it would be written down. Pure; `out` holds RECORDER_TEXT. */
void at_trace_mask_command(const char *text, char *out);

#endif
