/* at_log: what the code under test logs is not shown; with AT_LOG in the environment it is. */
#ifndef OTPGATE_AT_LOG_H
#define OTPGATE_AT_LOG_H

void at_log_hide(void);

#endif
